//! Words and templates together.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::{
    Alarm, Attendee, EventTime, FileError, Language, Links, Mail, MutePage, Notice, OverrideErrors,
    Participation, Reader, RenderError, Unscheduled,
    content::{AlarmContent, MuteContent, NoticeContent, UnscheduledContent, has_buttons},
    templates::Templates,
    words::Words,
};

/// Everything that mails are made of. Made once; safe to share.
pub struct Wording {
    /// In the order of [`Language::ALL`].
    words: Vec<Words>,
    templates: Templates,
}

impl Wording {
    /// The built-in files, and those of `files` (name, content) instead of ours: `<language>.ftl` holds messages,
    /// each of which replaces ours; `alarm.html` and its like replace a template. Everything is tried once.
    ///
    /// # Errors
    /// Every fault of the files. Without files there is none.
    pub fn load(files: &BTreeMap<String, String>) -> Result<Self, OverrideErrors> {
        let mut errors = strangers(files);
        let mut words = Vec::with_capacity(Language::ALL.len());
        for language in Language::ALL {
            match Words::load(language, files.get(&file_of(language)).map(String::as_str)) {
                Ok(loaded) => words.push(loaded),
                Err(faults) => errors.extend(faults),
            }
        }
        let templates = Templates::load(files).map_err(|faults| errors.extend(faults));
        let Ok(templates) = templates else { return Err(OverrideErrors(errors)) };
        if !errors.is_empty() {
            return Err(OverrideErrors(errors));
        }
        let mut wording = Self { words, templates };
        if !files.is_empty() {
            wording.templates.explain(true);
            wording.rehearse()?;
            wording.templates.explain(false);
        }
        Ok(wording)
    }

    /// The mail about an alarm.
    pub fn alarm(&self, alarm: &Alarm<'_>, reader: &Reader) -> Result<Mail, RenderError> {
        let content = AlarmContent::of(alarm, reader, self.words(reader));
        self.templates.render("alarm", content.subject.clone(), reader.locale.language(), content)
    }

    /// The mail about messages that were not sent.
    pub fn unscheduled(&self, unscheduled: Unscheduled, reader: &Reader) -> Result<Mail, RenderError> {
        let content = UnscheduledContent::of(unscheduled, reader, self.words(reader));
        self.templates.render("unscheduled", content.subject.clone(), reader.locale.language(), content)
    }

    /// The page behind the links of a mail: an HTML document that refers to nothing outside and holds no script.
    pub fn mute_page(&self, page: MutePage, language: Language) -> Result<String, RenderError> {
        self.templates.html("mute", MuteContent::of(page, language, self.of(language)))
    }

    /// The mail of a filter rule, or about what became of its notifications.
    pub fn notice(&self, notice: &Notice<'_>, reader: &Reader) -> Result<Mail, RenderError> {
        let content = NoticeContent::of(notice, reader, self.words(reader));
        self.templates.render("notice", content.subject.clone(), reader.locale.language(), content)
    }

    /// "5 more messages", for a text message.
    pub fn more(&self, count: u64, reader: &Reader) -> String {
        NoticeContent::of(&Notice::More { count }, reader, self.words(reader)).subject
    }

    fn words(&self, reader: &Reader) -> &Words {
        self.of(reader.locale.language())
    }

    fn of(&self, language: Language) -> &Words {
        &self.words[language as usize]
    }

    /// Renders mails with everything and with nothing in them, so that a template fails now and not at an alarm.
    fn rehearse(&self) -> Result<(), OverrideErrors> {
        let mut errors: Vec<FileError> = Vec::new();
        for language in Language::ALL {
            let reader = Reader { zone: Some(TimeZone::UTC), ..Reader::of(language) };
            let alarms = [full(), few(), bare()].into_iter().map(|alarm| self.alarm(&alarm, &reader));
            let notices = notices().map(|notice| self.notice(&notice, &reader));
            let mails = alarms.chain([self.unscheduled(Unscheduled { count: 2 }, &reader)]).chain(notices);
            errors.extend(mails.filter_map(Result::err).map(FileError::from));
            let pages = MutePage::ALL.map(|(_, page)| self.mute_page(page, language));
            errors.extend(pages.into_iter().filter_map(Result::err).map(FileError::from));
        }
        if errors.is_empty() {
            errors.extend(self.without_buttons());
        }
        errors.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        errors.dedup();
        if errors.is_empty() { Ok(()) } else { Err(OverrideErrors(errors)) }
    }

    fn without_buttons(&self) -> Option<FileError> {
        let is_without = |&(_, page): &(&str, MutePage)| {
            self.mute_page(page, Language::English).is_ok_and(|html| !has_buttons(&html, page))
        };
        MutePage::ALL
            .iter()
            .find(|named| is_without(named))
            .map(|_| FileError::of("mute.html", None, NO_BUTTONS))
    }
}

/// What is wrong with a page behind the links where nothing can be clicked.
const NO_BUTTONS: &str = "page has no form with the name and the value of each button";

fn file_of(language: Language) -> String {
    format!("{}.ftl", language.tag())
}

/// A file that nothing reads is one whose name is wrong.
fn strangers(files: &BTreeMap<String, String>) -> Vec<FileError> {
    let is_known = |name: &str| {
        Templates::has(name) || Language::ALL.into_iter().any(|language| file_of(language) == name)
    };
    let unknown = files.keys().filter(|name| !is_known(name));
    unknown
        .map(|name| FileError::of(name, None, "file is neither a template nor a language's words"))
        .collect()
}

fn notices() -> [Notice<'static>; 3] {
    let sieve =
        Notice::Sieve { owner: "a@example.org", title: None, text: "Text", sender: "b", subject: "Subject" };
    [sieve, Notice::More { count: 2 }, Notice::CreditEnded]
}

fn bare() -> Alarm<'static> {
    Alarm {
        title: "",
        description: "",
        location: "",
        calendar: "",
        organiser: "",
        time: EventTime::parse("", "", ""),
        attendees: Vec::new(),
        is_recurring: false,
        is_late: false,
        links: Links::default(),
    }
}

/// Whose attendees are all listed.
fn few() -> Alarm<'static> {
    Alarm { attendees: vec![somebody()], is_late: false, ..full() }
}

fn somebody() -> Attendee<'static> {
    let participation = Some(Participation::Accepted);
    Attendee { name: "Somebody", email: "somebody@example.org", participation }
}

fn full() -> Alarm<'static> {
    Alarm {
        title: "Title",
        description: "Line\nLine",
        location: "Place",
        calendar: "Calendar",
        organiser: "organiser@example.org",
        time: EventTime::parse("20261122T031748", "20261122T041748", "Asia/Tokyo"),
        attendees: vec![somebody(); 100],
        is_recurring: true,
        is_late: true,
        links: Links { mute_event: Some("https://example.org/"), mute_all: Some("https://example.org/") },
    }
}
