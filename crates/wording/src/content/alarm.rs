//! The content of a mail about an alarm. Every text of the event is hostile until cleaned.

use serde::Serialize;

use super::{Fact, Link, Page};
use crate::{
    Alarm, Attendee, Participation, Reader, clean,
    dates::Dates,
    direction::isolate,
    when::Teller,
    words::{Word, Words},
};

/// Characters of the title; with the date it stays below what programs show of a subject.
const LONGEST_TITLE: usize = 150;
/// Characters of another field of one line.
const LONGEST_FIELD: usize = 500;
/// Octets of the description; who wants more opens the calendar.
const LONGEST_DESCRIPTION: usize = 10_000;
/// Lines of the description.
const MOST_LINES: usize = 300;
/// Attendees that are listed.
const MOST_ATTENDEES: usize = 50;

/// The fields of `alarm.txt` and `alarm.html`; docs/alarm-mail.md tells an operator of them.
#[derive(Debug, Serialize)]
pub(crate) struct AlarmContent {
    #[serde(flatten)]
    page: Page,
    pub(crate) subject: String,
    title: String,
    /// That the mail is late, if so.
    late: Option<String>,
    when: Fact,
    /// The time on the event's clocks, where they show something else.
    there: Option<Fact>,
    /// What is to be said of the event and its time.
    notes: Vec<String>,
    /// Place, calendar, organiser: what is known of them.
    facts: Vec<Fact>,
    attendees: Option<Attendees>,
    /// Lines; none where there is no description.
    description: Vec<String>,
    links: Vec<Link>,
    /// Why the mail was sent, and how to stop it.
    reason: String,
    how_to_stop: String,
}

#[derive(Debug, Serialize)]
struct Attendees {
    label: String,
    /// Name, address and answer.
    people: Vec<String>,
    /// How many are not listed.
    more: Option<String>,
}

/// Makes the content for one reader.
struct Writer<'a> {
    reader: &'a Reader,
    dates: Dates,
    words: &'a Words,
}

impl AlarmContent {
    pub(crate) fn of(alarm: &Alarm<'_>, reader: &Reader, words: &Words) -> Self {
        Writer { reader, dates: Dates::of(reader), words }.content(alarm)
    }
}

impl Writer<'_> {
    fn content(&self, alarm: &Alarm<'_>) -> AlarmContent {
        let words = self.words;
        let title = match self.line(alarm.title, LONGEST_TITLE) {
            title if title.is_empty() => words.plain(Word::NoTitle),
            title => title,
        };
        let when = Teller { reader: self.reader, dates: self.dates, words }.when(&alarm.time);
        let subject = if alarm.is_late { Word::SubjectLate } else { Word::Subject };
        let recurring = alarm.is_recurring.then(|| words.plain(Word::Recurring));
        AlarmContent {
            page: Page::of(self.reader.locale.language()),
            subject: words.say(subject, &[("title", title.as_str().into()), ("start", when.start.into())]),
            title,
            late: alarm.is_late.then(|| words.plain(Word::IsLate)),
            when: Fact::of(words, Word::When, when.here),
            there: when.there.map(|there| Fact::of(words, Word::WhenThere, there)),
            notes: when.note.into_iter().chain(recurring).collect(),
            facts: self.facts(alarm),
            attendees: self.attendees(&alarm.attendees),
            description: description(alarm.description),
            links: self.links(alarm),
            reason: words.plain(Word::Reason),
            how_to_stop: words.plain(Word::HowToStop),
        }
    }

    fn facts(&self, alarm: &Alarm<'_>) -> Vec<Fact> {
        let facts = [
            (Word::Where, self.line(alarm.location, LONGEST_FIELD)),
            (Word::Calendar, self.line(alarm.calendar, LONGEST_FIELD)),
            (Word::Organiser, self.line(alarm.organiser, LONGEST_FIELD)),
        ];
        let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
        known.map(|(label, value)| Fact::of(self.words, label, value)).collect()
    }

    fn attendees(&self, attendees: &[Attendee<'_>]) -> Option<Attendees> {
        let people: Vec<_> = attendees.iter().take(MOST_ATTENDEES).map(|one| self.attendee(one)).collect();
        let count = attendees.len().saturating_sub(MOST_ATTENDEES);
        let more = (count > 0).then(|| {
            let number = self.dates.number(count);
            self.words.say(Word::AttendeesMore, &[("count", count.into()), ("number", number.into())])
        });
        let label = self.words.plain(Word::Attendees);
        (!people.is_empty()).then_some(Attendees { label, people, more })
    }

    fn attendee(&self, attendee: &Attendee<'_>) -> String {
        let name = self.line(attendee.name, LONGEST_FIELD);
        let email = clean::line(attendee.email, LONGEST_FIELD);
        let who = match (name.is_empty(), email.is_empty()) {
            (false, false) => format!("{name} {}", self.isolated(&format!("<{email}>"))),
            (true, false) => self.isolated(&email),
            (false, true) => name,
            (true, true) => self.words.plain(Word::AttendeeUnnamed),
        };
        let Some(participation) = attendee.participation else { return who };
        let status = self.words.plain(match participation {
            Participation::Accepted => Word::StatusAccepted,
            Participation::Declined => Word::StatusDeclined,
            Participation::Tentative => Word::StatusTentative,
            Participation::Delegated => Word::StatusDelegated,
            Participation::NeedsAction => Word::StatusNeedsAction,
        });
        self.words.say(Word::AttendeeLine, &[("who", who.into()), ("status", status.into())])
    }

    fn links(&self, alarm: &Alarm<'_>) -> Vec<Link> {
        let links = [(Word::MuteEvent, alarm.links.mute_event), (Word::MuteAll, alarm.links.mute_all)];
        links.into_iter().filter_map(|(label, url)| Some(Link::of(self.words, label, url?))).collect()
    }

    fn line(&self, text: &str, longest: usize) -> String {
        self.isolated(&clean::line(text, longest))
    }

    fn isolated(&self, text: &str) -> String {
        isolate(text, self.reader.locale.language().direction()).into_owned()
    }
}

/// Lines stand by themselves, so that nothing has to be isolated.
fn description(text: &str) -> Vec<String> {
    let text = clean::lines(text, LONGEST_DESCRIPTION);
    let mut lines: Vec<_> =
        text.lines().take(MOST_LINES + 1).map(|line| line.trim_end().to_owned()).collect();
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        lines.push("…".to_owned());
    }
    lines
}
