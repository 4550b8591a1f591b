//! What an alarm mail says; a pure function of the alarm.

mod clean;
#[cfg(test)]
pub(crate) mod tests;
mod when;

use mailbox_event::{Attendee, CalendarAlarm};

/// The parts of a mail that depend on the alarm.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MailText {
    /// One line, at most [`LONGEST_SUBJECT`] characters.
    pub(crate) subject: String,
    /// Plain text, lines ending with LF.
    pub(crate) text: String,
}

/// Characters; longer ones are cut by the programs that show them.
const LONGEST_SUBJECT: usize = 200;
/// Characters of a field of one line.
const LONGEST_FIELD: usize = 500;
/// Octets; who wants more opens the calendar.
const LONGEST_DESCRIPTION: usize = 10_000;
/// Attendees that are listed.
const MOST_ATTENDEES: usize = 50;

/// Writes the mail about `alarm`. Every text in it is hostile until cleaned.
pub(crate) fn compose(alarm: &CalendarAlarm) -> MailText {
    let title = match clean::line(&alarm.summary, LONGEST_FIELD) {
        title if title.is_empty() => "(no title)".to_owned(),
        title => title,
    };
    let paragraphs = [
        format!("{title}\n"),
        facts(alarm),
        clean::lines(&alarm.description, LONGEST_DESCRIPTION),
        "-- \nThis mail was sent because an alarm is set for this event in your calendar.\n\
         To stop it, remove the alarm from the event."
            .to_owned(),
    ];
    let text =
        paragraphs.into_iter().filter(|part| !part.is_empty()).map(|part| part.trim_end().to_owned() + "\n");
    let subject = clean::line(&format!("Reminder: {title}"), LONGEST_SUBJECT);
    MailText { subject, text: text.collect::<Vec<_>>().join("\n") }
}

fn facts(alarm: &CalendarAlarm) -> String {
    let fields = [
        ("When:      ", when::when(alarm)),
        ("Where:     ", clean::line(&alarm.location, LONGEST_FIELD)),
        ("Calendar:  ", clean::line(&alarm.calendar_name, LONGEST_FIELD)),
        ("Organiser: ", clean::line(&alarm.organizer, LONGEST_FIELD)),
    ];
    let lines = fields.into_iter().filter(|(_, value)| !value.is_empty());
    let lines: String = lines.map(|(name, value)| format!("{name}{value}\n")).collect();
    lines + &attendees(&alarm.attendees)
}

fn attendees(attendees: &[Attendee]) -> String {
    let shown = attendees.iter().take(MOST_ATTENDEES).map(|one| format!("  {}\n", attendee(one)));
    let more = attendees.len().saturating_sub(MOST_ATTENDEES);
    let more = (more > 0).then(|| format!("  and {more} more\n"));
    let lines: String = shown.chain(more).collect();
    if lines.is_empty() { lines } else { format!("Attendees:\n{lines}") }
}

fn attendee(attendee: &Attendee) -> String {
    let name = clean::line(&attendee.name, LONGEST_FIELD);
    let email = clean::line(&attendee.email, LONGEST_FIELD);
    let who = match (name.is_empty(), email.is_empty()) {
        (false, false) => format!("{name} <{email}>"),
        (true, false) => email,
        (false, true) => name,
        (true, true) => "somebody".to_owned(),
    };
    match status(&attendee.status) {
        Some(status) => format!("{who} ({status})"),
        None => who,
    }
}

/// PARTSTAT in words (RFC 5545 §3.2.12); values of others say nothing.
fn status(partstat: &str) -> Option<&'static str> {
    match partstat.to_ascii_uppercase().as_str() {
        "ACCEPTED" => Some("accepted"),
        "DECLINED" => Some("declined"),
        "TENTATIVE" => Some("tentative"),
        "DELEGATED" => Some("delegated"),
        "NEEDS-ACTION" => Some("not answered yet"),
        _ => None,
    }
}
