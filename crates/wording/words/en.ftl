# English. Every file beside this one has the same messages; docs/alarm-mail.md tells what each is for.

## Subject and head

subject = { $title }, { $start }
subject-late = Late reminder: { $title }, { $start }
no-title = (no title)
is-late = This reminder is late.
recurring = This event repeats.

## Facts

# A line of plain text.
label-line = { $label }: { $value }
when = When
# The same time once more, where the reader's clocks differ.
when-there = Event’s time zone
where = Where
calendar = Calendar
organiser = Organizer

## Attendees

attendees = Attendees
attendee-unnamed = Somebody without a name
attendee-line = { $who } ({ $status })
attendees-more =
    { $count ->
        [one] and { $number } more
       *[other] and { $number } more
    }
status-accepted = accepted
status-declined = declined
status-tentative = tentative
status-delegated = delegated
status-needs-action = not answered yet

## Time

all-day = { $days }, all day
days = { $first } – { $last }
point = { $day }, { $from }
same-day = { $day }, { $from } – { $to }
other-day = { $day }, { $from } – { $last }, { $to }
# Where the clocks change during the event.
time-with-offset = { $time } { $offset }
in-zone = { $time } ({ $zone })
zone = { $city }, { $offset }
zone-floating = your local time
zone-unknown = The event’s time zone, “{ $zone }”, is not known here. Its times are shown as they are written.
time-unknown = at a time that the calendar does not tell
time-unreadable = The event’s time cannot be read. It is shown as it is written.

## Foot

reason = You receive this mail because a reminder is set for this event in your calendar.
how-to-stop = To stop it, remove the reminder from the event.
mute-event = No more mail about this event
mute-all = No more reminders by mail at all

## Messages whose delayed sending was given up

unscheduled-subject =
    { $count ->
        [one] A scheduled message was not sent
       *[other] { $number } scheduled messages were not sent
    }
unscheduled-text =
    { $count ->
        [one] A message that you had scheduled could not be sent. It is back in your drafts.
       *[other] { $number } messages that you had scheduled could not be sent. They are back in your drafts.
    }
unscheduled-advice =
    { $count ->
        [one] Please check it and send it again.
       *[other] Please check them and send them again.
    }
unscheduled-reason = You receive this mail because sending was tried several times without success.

## The page behind the links

mute-title = Calendar reminders by mail
muted-nothing = You get mail about this event.
muted-event = You get no mail about this event.
muted-all = You get no reminders by mail.
unmute-event = Send mail about this event again
unmute-all = Send reminders by mail again
mute-unknown = This link is not complete, or it is not one of ours.
mute-unclear = This was not understood.
mute-away = This cannot be done at the moment. Please try again in a few minutes.

## Notifications of filter rules

sieve-from = From
sieve-subject = Subject
sieve-reason = You receive this mail because a filter rule of { $owner } asks for it.
more =
    { $count ->
        [one] One more message
       *[other] { $number } more messages
    }
more-reason = There were more notifications than are sent one by one; this mail stands for them.
credit-subject = No more notifications by text message
credit-text = Your credit for text messages is used up. There will be no more notifications by text message until it is topped up.
