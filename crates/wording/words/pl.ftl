# Polski. Do czego służy każdy komunikat, wyjaśnia en.ftl.

subject = { $title }, { $start }
subject-late = Spóźnione przypomnienie: { $title }, { $start }
no-title = (bez tytułu)
is-late = To przypomnienie przychodzi z opóźnieniem.
recurring = To wydarzenie się powtarza.

label-line = { $label }: { $value }
when = Kiedy
when-there = W strefie czasowej wydarzenia
where = Gdzie
calendar = Kalendarz
organiser = Organizator

attendees = Uczestnicy
attendee-unnamed = Osoba bez nazwiska
attendee-line = { $who } ({ $status })
attendees-more =
    { $count ->
        [one] i jeszcze { $number } osoba
        [few] i jeszcze { $number } osoby
        [many] i jeszcze { $number } osób
       *[other] i jeszcze { $number } osoby
    }
status-accepted = zaakceptowano
status-declined = odrzucono
status-tentative = wstępnie
status-delegated = przekazano
status-needs-action = brak odpowiedzi

all-day = { $days }, cały dzień
days = { $first } – { $last }
point = { $day }, { $from }
same-day = { $day }, { $from } – { $to }
other-day = { $day }, { $from } – { $last }, { $to }
time-with-offset = { $time } { $offset }
in-zone = { $time } ({ $zone })
zone = { $city }, { $offset }
zone-floating = Twój czas lokalny
zone-unknown = Strefa czasowa wydarzenia, „{ $zone }”, nie jest tu znana. Godziny podano tak, jak je zapisano.
time-unknown = w czasie, którego kalendarz nie podaje
time-unreadable = Nie można odczytać czasu wydarzenia. Podano go tak, jak został zapisany.

reason = Otrzymujesz tę wiadomość, ponieważ w Twoim kalendarzu ustawiono przypomnienie o tym wydarzeniu.
how-to-stop = Aby jej więcej nie otrzymywać, usuń przypomnienie z wydarzenia.
mute-event = Nie wysyłaj więcej wiadomości o tym wydarzeniu
mute-all = Nie wysyłaj więcej żadnych przypomnień e-mailem

unscheduled-subject =
    { $count ->
        [one] { $number } zaplanowana wiadomość nie została wysłana
        [few] { $number } zaplanowane wiadomości nie zostały wysłane
        [many] { $number } zaplanowanych wiadomości nie zostało wysłanych
       *[other] { $number } zaplanowanej wiadomości nie wysłano
    }
unscheduled-text =
    { $count ->
        [one] Nie udało się wysłać { $number } zaplanowanej wiadomości. Jest ona znów w wersjach roboczych.
       *[other] Nie udało się wysłać { $number } zaplanowanych wiadomości. Są one znów w wersjach roboczych.
    }
unscheduled-advice =
    { $count ->
        [one] Sprawdź ją i wyślij ponownie.
       *[other] Sprawdź je i wyślij ponownie.
    }
unscheduled-reason = Otrzymujesz tę wiadomość, ponieważ kilka prób wysłania się nie powiodło.

mute-title = Przypomnienia z kalendarza e-mailem
muted-nothing = Otrzymujesz wiadomości o tym wydarzeniu.
muted-event = Nie otrzymujesz wiadomości o tym wydarzeniu.
muted-all = Nie otrzymujesz przypomnień e-mailem.
unmute-event = Wysyłaj ponownie wiadomości o tym wydarzeniu
unmute-all = Wysyłaj ponownie przypomnienia e-mailem
mute-unknown = Ten link jest niepełny albo nie pochodzi od nas.
mute-unclear = Nie udało się zrozumieć tej prośby.
mute-away = W tej chwili nie jest to możliwe. Spróbuj ponownie za kilka minut.

## Notifications of filter rules

sieve-from = Od
sieve-subject = Temat
sieve-reason = Otrzymujesz tę wiadomość, ponieważ wymaga tego reguła filtrowania użytkownika { $owner }.
more =
    { $count ->
        [one] Jeszcze { $number } wiadomość
        [few] Jeszcze { $number } wiadomości
       *[other] Jeszcze { $number } wiadomości
    }
more-reason = Powiadomień było więcej, niż wysyła się pojedynczo; ta wiadomość je zastępuje.
credit-subject = Koniec powiadomień SMS
credit-text = Twoje środki na SMS-y się wyczerpały. Do czasu doładowania nie będzie powiadomień SMS.
