//! Alarms, as calalarmd announces them.

use cyrus::Notice;
use jiff::{SignedDuration, Zoned, fmt::rfc2822, tz::TimeZone};

use crate::demo::{
    cast::APPOINTMENTS,
    recording::Recording,
    world::{Entry, World},
};

/// How long an appointment takes.
const APPOINTMENT: SignedDuration = SignedDuration::from_hours(1);

/// How calendars write local times (RFC 5545 §3.3.5, form 1).
pub(super) const LOCAL_TIME: &str = "%Y%m%dT%H%M%S";

/// An alarm with that action (`display` or `email`) that goes off at `now`; `None` while there is no appointment.
pub(super) fn of_the_next_appointment(
    recording: &Recording,
    action: &str,
    world: &World,
    now: &Zoned,
) -> Option<Notice> {
    let (uid, entry, start) = soonest(world, now)?;
    let place = APPOINTMENTS.iter().find(|card| card.uid == uid).map_or("", |card| card.location);
    let end = start.checked_add(APPOINTMENT).unwrap_or_else(|_| start.clone());
    let draft = recording.alarm(action);
    let draft = draft
        .set("alarmTime", now.strftime(LOCAL_TIME).to_string())
        .set("uid", uid)
        .set("summary", escaped(&entry.title))
        .set("location", escaped(place))
        .set("timezone", start.time_zone().iana_name().unwrap_or("UTC"))
        .set("start", start.strftime(LOCAL_TIME).to_string())
        .set("end", end.strftime(LOCAL_TIME).to_string());
    Some(draft.notice())
}

/// The next appointment and its start in the zone of `now`, or in UTC where that has no name.
pub(super) fn soonest<'a>(world: &'a World, now: &Zoned) -> Option<(&'a str, &'a Entry, Zoned)> {
    let zone = if now.time_zone().iana_name().is_some() { now.time_zone().clone() } else { TimeZone::UTC };
    let starts = world.calendar().entries().filter_map(|(uid, entry)| {
        let start = rfc2822::parse(&entry.start).ok()?;
        Some((uid, entry, start.with_time_zone(zone.clone())))
    });
    starts.filter(|(_, _, start)| start > now).min_by_key(|(_, _, start)| start.timestamp())
}

/// iCalendar's escapes of texts (RFC 5545 §3.3.11).
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}
