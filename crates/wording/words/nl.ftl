# Nederlands. Waar elk bericht voor dient, staat in en.ftl.

subject = { $title }, { $start }
subject-late = Late herinnering: { $title }, { $start }
no-title = (zonder titel)
is-late = Deze herinnering komt te laat.
recurring = Deze afspraak wordt herhaald.

label-line = { $label }: { $value }
when = Wanneer
when-there = In de tijdzone van de afspraak
where = Waar
calendar = Agenda
organiser = Organisator

attendees = Deelnemers
attendee-unnamed = Iemand zonder naam
attendee-line = { $who } ({ $status })
attendees-more =
    { $count ->
        [one] en nog { $number } persoon
       *[other] en nog { $number } personen
    }
status-accepted = geaccepteerd
status-declined = afgewezen
status-tentative = onder voorbehoud
status-delegated = gedelegeerd
status-needs-action = nog niet beantwoord

all-day = { $days }, hele dag
days = { $first } – { $last }
point = { $day }, { $from }
same-day = { $day }, { $from } – { $to }
other-day = { $day }, { $from } – { $last }, { $to }
time-with-offset = { $time } { $offset }
in-zone = { $time } ({ $zone })
zone = { $city }, { $offset }
zone-floating = uw plaatselijke tijd
zone-unknown = De tijdzone van de afspraak, ‘{ $zone }’, is hier niet bekend. De tijden staan er zoals ze geschreven zijn.
time-unknown = op een tijdstip dat de agenda niet noemt
time-unreadable = De tijd van de afspraak is niet te lezen. Hij staat er zoals hij geschreven is.

reason = U ontvangt deze e-mail omdat er voor deze afspraak in uw agenda een herinnering is ingesteld.
how-to-stop = Verwijder de herinnering uit de afspraak om deze e-mail niet meer te ontvangen.
mute-event = Geen e-mail meer over deze afspraak
mute-all = Helemaal geen herinneringen meer per e-mail

unscheduled-subject =
    { $count ->
        [one] Een gepland bericht is niet verzonden
       *[other] { $number } geplande berichten zijn niet verzonden
    }
unscheduled-text =
    { $count ->
        [one] Een bericht dat u had gepland, kon niet worden verzonden. Het staat weer bij uw concepten.
       *[other] { $number } berichten die u had gepland, konden niet worden verzonden. Ze staan weer bij uw concepten.
    }
unscheduled-advice =
    { $count ->
        [one] Controleer het en verzend het opnieuw.
       *[other] Controleer ze en verzend ze opnieuw.
    }
unscheduled-reason = U ontvangt deze e-mail omdat het verzenden meermaals zonder succes is geprobeerd.

mute-title = Agendaherinneringen per e-mail
muted-nothing = U ontvangt e-mail over deze afspraak.
muted-event = U ontvangt geen e-mail over deze afspraak.
muted-all = U ontvangt geen herinneringen per e-mail.
unmute-event = Weer e-mail over deze afspraak sturen
unmute-all = Weer herinneringen per e-mail sturen
mute-unknown = Deze link is niet volledig of is niet van ons.
mute-unclear = Dit is niet begrepen.
mute-away = Dit lukt op dit moment niet. Probeer het over een paar minuten opnieuw.

## Notifications of filter rules

sieve-from = Van
sieve-subject = Onderwerp
sieve-reason = U ontvangt deze e-mail omdat een filterregel van { $owner } daarom vraagt.
more =
    { $count ->
        [one] Nog één bericht
       *[other] Nog { $number } berichten
    }
more-reason = Er waren meer meldingen dan er één voor één worden verstuurd; deze e-mail staat daarvoor.
credit-subject = Geen meldingen per sms meer
credit-text = Uw tegoed voor sms is op. Er komen geen meldingen per sms meer tot het is aangevuld.
