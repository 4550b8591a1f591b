# Русский. Для чего служит каждое сообщение, сказано в en.ftl.

subject = { $title }, { $start }
subject-late = Запоздалое напоминание: { $title }, { $start }
no-title = (без названия)
is-late = Это напоминание пришло с опозданием.
recurring = Это событие повторяется.

label-line = { $label }: { $value }
when = Когда
when-there = В часовом поясе события
where = Где
calendar = Календарь
organiser = Организатор

attendees = Участники
attendee-unnamed = Участник без имени
attendee-line = { $who } ({ $status })
attendees-more =
    { $count ->
        [one] и ещё { $number } участник
        [few] и ещё { $number } участника
        [many] и ещё { $number } участников
       *[other] и ещё { $number } участника
    }
status-accepted = придёт
status-declined = не придёт
status-tentative = возможно, придёт
status-delegated = передано другому
status-needs-action = пока без ответа

all-day = { $days }, весь день
days = { $first } – { $last }
point = { $day }, { $from }
same-day = { $day }, { $from } – { $to }
other-day = { $day }, { $from } – { $last }, { $to }
time-with-offset = { $time } { $offset }
in-zone = { $time } ({ $zone })
zone = { $city }, { $offset }
zone-floating = ваше местное время
zone-unknown = Часовой пояс события, «{ $zone }», здесь неизвестен. Время указано так, как оно записано.
time-unknown = время в календаре не указано
time-unreadable = Время события прочитать не удалось. Оно указано так, как записано.

reason = Вы получили это письмо, потому что в вашем календаре для этого события задано напоминание.
how-to-stop = Чтобы больше не получать его, удалите напоминание из события.
mute-event = Больше не присылать писем об этом событии
mute-all = Больше не присылать никаких напоминаний по почте

unscheduled-subject =
    { $count ->
        [one] { $number } запланированное письмо не отправлено
        [few] { $number } запланированных письма не отправлены
        [many] { $number } запланированных писем не отправлены
       *[other] { $number } запланированного письма не отправлено
    }
unscheduled-text =
    { $count ->
        [one] Не удалось отправить { $number } письмо, отправку которого вы запланировали. Оно снова в черновиках.
        [few] Не удалось отправить { $number } письма, отправку которых вы запланировали. Они снова в черновиках.
        [many] Не удалось отправить { $number } писем, отправку которых вы запланировали. Они снова в черновиках.
       *[other] Не удалось отправить { $number } письма, отправку которых вы запланировали. Они снова в черновиках.
    }
unscheduled-advice =
    { $count ->
        [one] Проверьте его и отправьте ещё раз.
       *[other] Проверьте их и отправьте ещё раз.
    }
unscheduled-reason = Вы получили это письмо, потому что несколько попыток отправки не удались.
