# Español. Para qué sirve cada mensaje se explica en en.ftl.

subject = { $title }, { $start }
subject-late = Recordatorio con retraso: { $title }, { $start }
no-title = (sin título)
is-late = Este recordatorio llega con retraso.
recurring = Este evento se repite.

label-line = { $label }: { $value }
when = Cuándo
when-there = En la zona horaria del evento
where = Dónde
calendar = Calendario
organiser = Organiza

attendees = Asistentes
attendee-unnamed = Alguien sin nombre
attendee-line = { $who } ({ $status })
attendees-more =
    { $count ->
        [one] y { $number } persona más
       *[other] y { $number } personas más
    }
status-accepted = aceptó
status-declined = rechazó
status-tentative = quizás
status-delegated = delegó
status-needs-action = sin respuesta

all-day = { $days }, todo el día
days = { $first } – { $last }
point = { $day }, { $from }
same-day = { $day }, { $from } – { $to }
other-day = { $day }, { $from } – { $last }, { $to }
time-with-offset = { $time } { $offset }
in-zone = { $time } ({ $zone })
zone = { $city }, { $offset }
zone-floating = su hora local
zone-unknown = No conocemos la zona horaria del evento, «{ $zone }». Las horas se muestran tal como están escritas.
time-unknown = en un momento que el calendario no indica
time-unreadable = No se puede leer la hora del evento. Se muestra tal como está escrita.

reason = Recibe este correo porque hay un recordatorio para este evento en su calendario.
how-to-stop = Para no recibirlo más, quite el recordatorio del evento.
mute-event = No recibir más correos sobre este evento
mute-all = No recibir ningún recordatorio por correo

unscheduled-subject =
    { $count ->
        [one] Un mensaje programado no se envió
       *[other] { $number } mensajes programados no se enviaron
    }
unscheduled-text =
    { $count ->
        [one] No se pudo enviar un mensaje que había programado. Está de nuevo entre sus borradores.
       *[other] No se pudieron enviar { $number } mensajes que había programado. Están de nuevo entre sus borradores.
    }
unscheduled-advice =
    { $count ->
        [one] Revíselo y envíelo de nuevo.
       *[other] Revíselos y envíelos de nuevo.
    }
unscheduled-reason = Recibe este correo porque se intentó el envío varias veces sin éxito.

mute-title = Recordatorios del calendario por correo
muted-nothing = Recibe correos sobre este evento.
muted-event = No recibe correos sobre este evento.
muted-all = No recibe recordatorios por correo.
unmute-event = Volver a recibir correos sobre este evento
unmute-all = Volver a recibir recordatorios por correo
mute-unknown = Este enlace está incompleto o no es nuestro.
mute-unclear = No se ha entendido la solicitud.
mute-away = No es posible en este momento. Vuelva a intentarlo dentro de unos minutos.

## Notifications of filter rules

sieve-from = De
sieve-subject = Asunto
sieve-reason = Recibe este correo porque así lo pide una regla de filtro de { $owner }.
more =
    { $count ->
        [one] Un mensaje más
       *[other] { $number } mensajes más
    }
more-reason = Hubo más notificaciones de las que se envían una por una; este correo las representa.
credit-subject = No habrá más notificaciones por SMS
credit-text = Su saldo para SMS se ha agotado. No habrá más notificaciones por SMS hasta que se recargue.
