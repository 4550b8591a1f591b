//! What the mail about an alarm is told of it.

#[cfg(test)]
pub(crate) mod tests;

use mailbox_event::CalendarAlarm;
use wording::{Alarm, Attendee, EventTime, Links, Participation};

use crate::mute::MailLinks;

/// The alarm as `wording` takes it. Nothing is cleaned here: that is wording's.
pub(crate) fn compose<'a>(
    alarm: &'a CalendarAlarm,
    is_late: bool,
    links: Option<&'a MailLinks>,
) -> Alarm<'a> {
    Alarm {
        title: &alarm.summary,
        description: &alarm.description,
        location: &alarm.location,
        calendar: &alarm.calendar_name,
        organiser: &alarm.organizer,
        time: time(alarm),
        attendees: alarm.attendees.iter().map(attendee).collect(),
        is_recurring: alarm.recurrence_id.as_deref().is_some_and(|id| !id.is_empty()),
        is_late,
        links: links.map(shown).unwrap_or_default(),
    }
}

fn shown(links: &MailLinks) -> Links<'_> {
    Links { mute_event: Some(&links.event), mute_all: Some(&links.all) }
}

/// When the event is.
pub(crate) fn time(alarm: &CalendarAlarm) -> EventTime {
    EventTime::parse(&alarm.start, &alarm.end, &alarm.timezone)
}

fn attendee(attendee: &mailbox_event::Attendee) -> Attendee<'_> {
    let participation = Participation::parse(&attendee.status);
    Attendee { name: &attendee.name, email: &attendee.email, participation }
}
