# Français. L’usage de chaque message est expliqué dans en.ftl. Les espaces devant les deux-points et dans les
# guillemets sont insécables.

subject = { $title }, { $start }
subject-late = Rappel tardif : { $title }, { $start }
no-title = (sans titre)
is-late = Ce rappel arrive en retard.
recurring = Cet événement se répète.

label-line = { $label } : { $value }
when = Quand
when-there = Dans le fuseau horaire de l’événement
where = Où
calendar = Agenda
organiser = Organisation

attendees = Participants
attendee-unnamed = Quelqu’un sans nom
attendee-line = { $who } ({ $status })
attendees-more =
    { $count ->
        [one] et { $number } autre personne
       *[other] et { $number } autres personnes
    }
status-accepted = a accepté
status-declined = a refusé
status-tentative = peut-être
status-delegated = a délégué
status-needs-action = pas encore de réponse

all-day = { $days }, toute la journée
days = { $first } – { $last }
point = { $day }, { $from }
same-day = { $day }, { $from } – { $to }
other-day = { $day }, { $from } – { $last }, { $to }
time-with-offset = { $time } { $offset }
in-zone = { $time } ({ $zone })
zone = { $city }, { $offset }
zone-floating = votre heure locale
zone-unknown = Le fuseau horaire de l’événement, « { $zone } », n’est pas connu ici. Les heures sont indiquées telles qu’elles sont écrites.
time-unknown = à un moment que l’agenda n’indique pas
time-unreadable = L’heure de l’événement est illisible. Elle est indiquée telle qu’elle est écrite.

reason = Vous recevez ce message parce qu’un rappel est défini pour cet événement dans votre agenda.
how-to-stop = Pour ne plus le recevoir, retirez le rappel de l’événement.
mute-event = Ne plus recevoir de messages pour cet événement
mute-all = Ne plus recevoir aucun rappel par e-mail

unscheduled-subject =
    { $count ->
        [one] Un message programmé n’a pas été envoyé
       *[other] { $number } messages programmés n’ont pas été envoyés
    }
unscheduled-text =
    { $count ->
        [one] Un message dont vous aviez programmé l’envoi n’a pas pu être envoyé. Il se trouve de nouveau dans vos brouillons.
       *[other] { $number } messages dont vous aviez programmé l’envoi n’ont pas pu être envoyés. Ils se trouvent de nouveau dans vos brouillons.
    }
unscheduled-advice =
    { $count ->
        [one] Veuillez le vérifier et l’envoyer à nouveau.
       *[other] Veuillez les vérifier et les envoyer à nouveau.
    }
unscheduled-reason = Vous recevez ce message parce que l’envoi a été tenté plusieurs fois sans succès.

mute-title = Rappels de l’agenda par e-mail
muted-nothing = Vous recevez des messages pour cet événement.
muted-event = Vous ne recevez aucun message pour cet événement.
muted-all = Vous ne recevez aucun rappel par e-mail.
unmute-event = Recevoir à nouveau des messages pour cet événement
unmute-all = Recevoir à nouveau des rappels par e-mail
mute-unknown = Ce lien est incomplet ou ne vient pas de nous.
mute-unclear = Cette demande n’a pas été comprise.
mute-away = Ce n’est pas possible pour le moment. Veuillez réessayer dans quelques minutes.

## Notifications of filter rules

sieve-from = De
sieve-subject = Objet
sieve-reason = Vous recevez ce message parce qu’une règle de filtrage de { $owner } le demande.
more =
    { $count ->
        [one] Encore un message
       *[other] { $number } autres messages
    }
more-reason = Il y a eu plus de notifications qu’il n’en est envoyé une par une ; ce message les remplace.
credit-subject = Plus de notifications par SMS
credit-text = Votre crédit pour les SMS est épuisé. Il n’y aura plus de notifications par SMS tant qu’il n’aura pas été rechargé.
