//! Texts of calendar events with alarms (RFC 5545).

use jiff::{Timestamp, ToSpan, Zoned, tz::TimeZone};

/// The rules of Europe/Berlin, as a client sends them along.
const BERLIN: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n\
    BEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\n\
    TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nEND:STANDARD\r\n\
    BEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\n\
    TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n";

/// What happens when an alarm goes off (RFC 5545 §3.6.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm<'a> {
    /// A mail to one address.
    Email(&'a str),
    /// Something on a screen.
    Display,
    /// No alarm.
    None,
}

/// One event in Europe/Berlin, an hour long, with at most one alarm.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// The UID.
    pub uid: &'a str,
    /// The title; commas, semicolons and line ends are escaped here.
    pub summary: &'a str,
    /// The place; escaped here.
    pub location: &'a str,
    /// The alarm.
    pub alarm: Alarm<'a>,
    /// How many seconds from now the alarm goes off. Cyrus rounds nothing, but looks at most every 10 s.
    pub alarm_in_seconds: i64,
    /// How many minutes after its alarm the event begins.
    pub minutes_before: i64,
}

/// An event named `summary` with `alarm` in `seconds`, five minutes before its start.
#[must_use]
pub fn event<'a>(uid: &'a str, summary: &'a str, alarm: Alarm<'a>, seconds: i64) -> Event<'a> {
    Event {
        uid, summary, location: "Café Müller, Köln", alarm, alarm_in_seconds: seconds, minutes_before: 5
    }
}

impl Event<'_> {
    /// The text, beginning from the present moment.
    #[must_use]
    pub fn text(&self) -> String {
        self.text_at(Timestamp::now())
    }

    /// The text as of `now`.
    #[must_use]
    pub fn text_at(&self, now: Timestamp) -> String {
        let start = now + self.alarm_in_seconds.seconds() + self.minutes_before.minutes();
        let berlin = TimeZone::get("Europe/Berlin").expect("the time zone database knows Berlin");
        let start = start.to_zoned(berlin);
        let end = start.checked_add(1.hour()).expect("the present is not the end of time");
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//testkit//EN\r\n{BERLIN}BEGIN:VEVENT\r\nUID:{}\r\n\
             DTSTAMP:{}\r\nDTSTART;TZID=Europe/Berlin:{}\r\nDTEND;TZID=Europe/Berlin:{}\r\n\
             SUMMARY:{}\r\nLOCATION:{}\r\n{}END:VEVENT\r\nEND:VCALENDAR\r\n",
            self.uid,
            now.strftime("%Y%m%dT%H%M%SZ"),
            local(&start),
            local(&end),
            escaped(self.summary),
            escaped(self.location),
            self.alarm_text(),
        )
    }

    fn alarm_text(&self) -> String {
        let trigger = format!("TRIGGER:-PT{}M", self.minutes_before);
        match self.alarm {
            Alarm::None => String::new(),
            Alarm::Display => {
                format!(
                    "BEGIN:VALARM\r\nACTION:DISPLAY\r\n{trigger}\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\n"
                )
            }
            Alarm::Email(to) => format!(
                "BEGIN:VALARM\r\nACTION:EMAIL\r\n{trigger}\r\nSUMMARY:Reminder\r\nDESCRIPTION:Reminder\r\n\
                 ATTENDEE:mailto:{to}\r\nEND:VALARM\r\n"
            ),
        }
    }
}

fn local(time: &Zoned) -> String {
    time.strftime("%Y%m%dT%H%M%S").to_string()
}

/// TEXT escaping of RFC 5545 §3.3.11.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_starts_in_berlin_when_its_alarm_and_the_lead_have_passed() {
        let now: Timestamp = "2026-07-01T10:00:00Z".parse().unwrap();
        let text = event("u1", "Lunch, late", Alarm::Email("alice@example.org"), 30).text_at(now);
        assert!(text.contains("DTSTART;TZID=Europe/Berlin:20260701T120530\r\n"), "{text}");
        assert!(text.contains("SUMMARY:Lunch\\, late\r\n"), "{text}");
        assert!(text.contains("TRIGGER:-PT5M\r\n"), "{text}");
    }
}
