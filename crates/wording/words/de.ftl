# Deutsch. Was wozu dient, steht in en.ftl.

subject = { $title }, { $start }
subject-late = Verspätete Erinnerung: { $title }, { $start }
no-title = (ohne Titel)
is-late = Diese Erinnerung kommt verspätet.
recurring = Dieser Termin wiederholt sich.

label-line = { $label }: { $value }
when = Wann
when-there = In der Zeitzone des Termins
where = Wo
calendar = Kalender
organiser = Organisation

attendees = Teilnehmende
attendee-unnamed = Jemand ohne Namen
attendee-line = { $who } ({ $status })
attendees-more =
    { $count ->
        [one] und { $number } weitere Person
       *[other] und { $number } weitere Personen
    }
status-accepted = zugesagt
status-declined = abgesagt
status-tentative = mit Vorbehalt
status-delegated = delegiert
status-needs-action = noch keine Antwort

all-day = { $days }, ganztägig
days = { $first } – { $last }
point = { $day }, { $from }
same-day = { $day }, { $from } – { $to }
other-day = { $day }, { $from } – { $last }, { $to }
time-with-offset = { $time } { $offset }
in-zone = { $time } ({ $zone })
zone = { $city }, { $offset }
zone-floating = Ihre Ortszeit
zone-unknown = Die Zeitzone des Termins, „{ $zone }“, ist hier nicht bekannt. Die Zeiten sind so angegeben, wie sie im Termin stehen.
time-unknown = zu einer Zeit, die der Kalender nicht nennt
time-unreadable = Die Zeit des Termins ist nicht lesbar. Sie ist so angegeben, wie sie im Termin steht.

reason = Sie erhalten diese E-Mail, weil für diesen Termin in Ihrem Kalender eine Erinnerung eingestellt ist.
how-to-stop = Um sie abzustellen, entfernen Sie die Erinnerung aus dem Termin.
mute-event = Keine E-Mails mehr zu diesem Termin
mute-all = Gar keine Erinnerungen mehr per E-Mail

unscheduled-subject =
    { $count ->
        [one] Eine geplante Nachricht wurde nicht gesendet
       *[other] { $number } geplante Nachrichten wurden nicht gesendet
    }
unscheduled-text =
    { $count ->
        [one] Eine Nachricht, deren Versand Sie geplant hatten, konnte nicht gesendet werden. Sie liegt wieder bei Ihren Entwürfen.
       *[other] { $number } Nachrichten, deren Versand Sie geplant hatten, konnten nicht gesendet werden. Sie liegen wieder bei Ihren Entwürfen.
    }
unscheduled-advice =
    { $count ->
        [one] Bitte prüfen Sie die Nachricht und senden Sie sie noch einmal.
       *[other] Bitte prüfen Sie die Nachrichten und senden Sie sie noch einmal.
    }
unscheduled-reason = Sie erhalten diese E-Mail, weil das Senden mehrmals ohne Erfolg versucht wurde.

mute-title = Kalendererinnerungen per E-Mail
muted-nothing = Sie erhalten E-Mails zu diesem Termin.
muted-event = Sie erhalten keine E-Mails zu diesem Termin.
muted-all = Sie erhalten keine Erinnerungen per E-Mail.
unmute-event = Wieder E-Mails zu diesem Termin senden
unmute-all = Wieder Erinnerungen per E-Mail senden
mute-unknown = Dieser Link ist unvollständig oder stammt nicht von uns.
mute-unclear = Das wurde nicht verstanden.
mute-away = Das ist im Moment nicht möglich. Bitte versuchen Sie es in einigen Minuten noch einmal.

## Notifications of filter rules

sieve-from = Von
sieve-subject = Betreff
sieve-reason = Sie erhalten diese E-Mail, weil eine Filterregel von { $owner } es so vorsieht.
more =
    { $count ->
        [one] Noch eine Nachricht
       *[other] { $number } weitere Nachrichten
    }
more-reason = Es gab mehr Benachrichtigungen, als einzeln gesendet werden; diese E-Mail steht für sie.
credit-subject = Keine Benachrichtigungen per SMS mehr
credit-text = Ihr Guthaben für SMS ist aufgebraucht. Bis es aufgeladen ist, gibt es keine Benachrichtigungen per SMS mehr.
