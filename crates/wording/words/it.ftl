# Italiano. A che cosa serve ogni messaggio è spiegato in en.ftl.

subject = { $title }, { $start }
subject-late = Promemoria in ritardo: { $title }, { $start }
no-title = (senza titolo)
is-late = Questo promemoria arriva in ritardo.
recurring = Questo evento si ripete.

label-line = { $label }: { $value }
when = Quando
when-there = Nel fuso orario dell’evento
where = Dove
calendar = Calendario
organiser = Organizza

attendees = Partecipanti
attendee-unnamed = Qualcuno senza nome
attendee-line = { $who } ({ $status })
attendees-more =
    { $count ->
        [one] e { $number } altra persona
       *[other] e altre { $number } persone
    }
status-accepted = ha accettato
status-declined = ha rifiutato
status-tentative = forse
status-delegated = ha delegato
status-needs-action = non ha ancora risposto

all-day = { $days }, tutto il giorno
days = { $first } – { $last }
point = { $day }, { $from }
same-day = { $day }, { $from } – { $to }
other-day = { $day }, { $from } – { $last }, { $to }
time-with-offset = { $time } { $offset }
in-zone = { $time } ({ $zone })
zone = { $city }, { $offset }
zone-floating = la sua ora locale
zone-unknown = Il fuso orario dell’evento, “{ $zone }”, qui non è noto. Gli orari sono riportati così come sono scritti.
time-unknown = in un momento che il calendario non indica
time-unreadable = L’orario dell’evento non è leggibile. È riportato così come è scritto.

reason = Riceve questa e-mail perché nel suo calendario è impostato un promemoria per questo evento.
how-to-stop = Per non riceverla più, rimuova il promemoria dall’evento.
mute-event = Non ricevere più e-mail su questo evento
mute-all = Non ricevere più alcun promemoria via e-mail

unscheduled-subject =
    { $count ->
        [one] Un messaggio programmato non è stato inviato
       *[other] { $number } messaggi programmati non sono stati inviati
    }
unscheduled-text =
    { $count ->
        [one] Non è stato possibile inviare un messaggio che aveva programmato. È di nuovo tra le sue bozze.
       *[other] Non è stato possibile inviare { $number } messaggi che aveva programmato. Sono di nuovo tra le sue bozze.
    }
unscheduled-advice =
    { $count ->
        [one] Lo controlli e lo invii di nuovo.
       *[other] Li controlli e li invii di nuovo.
    }
unscheduled-reason = Riceve questa e-mail perché l’invio è stato tentato più volte senza successo.

mute-title = Promemoria del calendario via e-mail
muted-nothing = Riceve e-mail su questo evento.
muted-event = Non riceve e-mail su questo evento.
muted-all = Non riceve promemoria via e-mail.
unmute-event = Ricevere di nuovo e-mail su questo evento
unmute-all = Ricevere di nuovo promemoria via e-mail
mute-unknown = Questo link è incompleto oppure non è nostro.
mute-unclear = La richiesta non è stata compresa.
mute-away = Al momento non è possibile. Riprovi tra qualche minuto.

## Notifications of filter rules

sieve-from = Da
sieve-subject = Oggetto
sieve-reason = Ricevi questa email perché lo chiede una regola di filtro di { $owner }.
more =
    { $count ->
        [one] Un altro messaggio
       *[other] Altri { $number } messaggi
    }
more-reason = Le notifiche erano più di quante se ne inviano una per una; questa email le riassume.
credit-subject = Niente più notifiche via SMS
credit-text = Il tuo credito per gli SMS è esaurito. Non ci saranno altre notifiche via SMS finché non viene ricaricato.
