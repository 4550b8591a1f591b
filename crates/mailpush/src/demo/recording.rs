//! What a real Cyrus 3.6.1 once said, as the material of the demo.

use cyrus::Notice;
use jiff::{ToSpan, Zoned};
use serde_json::{Map, Value};

use super::{draft::Draft, part::Part};

/// Messages of class EVENT, one JSON object a line, in the order they came.
const CAPTURES: &str = include_str!("captures.jsonl");

/// How far apart the messages of the opening were delivered.
const OPENING_GAP_MINUTES: i64 = 41;

/// The recorded notifications.
#[derive(Debug, Clone)]
pub struct Recording(Vec<Map<String, Value>>);

impl Recording {
    /// Reads the embedded recording.
    pub fn load() -> Self {
        let line =
            |line| serde_json::from_str(line).expect("the embedded recording is JSON: a test reads it");
        Self(CAPTURES.lines().map(line).collect())
    }

    /// The first recorded `event` of a mailbox of that kind, to be rewritten.
    pub fn draft(&self, event: &str, part: Part) -> Draft {
        self.find(|fields| is(fields, "event", event) && is(fields, "vnd.cmu.mbtype", part.mailbox_type()))
    }

    /// The recorded alarm with that action: `display` or `email`.
    pub fn alarm(&self, action: &str) -> Draft {
        self.find(|fields| is(fields, "event", "CalendarAlarm") && is(fields, "action", action))
    }

    /// The recording's own story up to `now`, its dates moved: a mailbox with folders, messages read, moved and
    /// removed, a calendar entry and a contact. Alarms are left out.
    pub fn opening(&self, now: &Zoned) -> Vec<Notice> {
        let story = self.0.iter().filter(|fields| !is(fields, "event", "CalendarAlarm"));
        let drafts = story.zip(0_i64..).map(|(fields, index)| {
            let calendar = is(fields, "vnd.cmu.mbtype", Part::Calendar.mailbox_type());
            let minutes = if calendar { OPENING_GAP_MINUTES } else { (index - 30) * OPENING_GAP_MINUTES };
            let date = now.checked_add(minutes.minutes()).unwrap_or_else(|_| now.clone());
            Draft::of(fields.clone()).timed(now).envelope_date(&date)
        });
        drafts.map(Draft::notice).collect()
    }

    fn find(&self, wanted: impl Fn(&Map<String, Value>) -> bool) -> Draft {
        let found = self.0.iter().find(|fields| wanted(fields));
        Draft::of(
            found
                .cloned()
                .expect("the embedded recording holds every event that is composed: a test asks for each"),
        )
    }
}

fn is(fields: &Map<String, Value>, key: &str, value: &str) -> bool {
    fields.get(key).and_then(Value::as_str) == Some(value)
}
