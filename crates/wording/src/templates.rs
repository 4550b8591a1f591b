//! The templates: how the parts of a mail are laid out.

use std::collections::BTreeMap;

use minijinja::{Environment, Error, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

use crate::{FileError, Language, Mail, RenderError};

/// Instructions that rendering one template may take; the longest mail takes a quarter.
const FUEL: u64 = 50_000;

/// The files, as they are built in.
const FILES: [(&str, &str); 8] = [
    ("page.html", include_str!("../templates/page.html")),
    ("alarm.txt", include_str!("../templates/alarm.txt")),
    ("alarm.html", include_str!("../templates/alarm.html")),
    ("mute.html", include_str!("../templates/mute.html")),
    ("notice.txt", include_str!("../templates/notice.txt")),
    ("notice.html", include_str!("../templates/notice.html")),
    ("unscheduled.txt", include_str!("../templates/unscheduled.txt")),
    ("unscheduled.html", include_str!("../templates/unscheduled.html")),
];

/// All templates. What ends in `.html` is escaped.
#[derive(Debug)]
pub(crate) struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// Whether a file of this name is a template.
    pub(crate) fn has(name: &str) -> bool {
        FILES.iter().any(|(known, _)| *known == name)
    }

    /// The built-in templates, and those in `over` instead of ours.
    pub(crate) fn load(over: &BTreeMap<String, String>) -> Result<Self, Vec<FileError>> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_debug(false);
        let mut errors = Vec::new();
        match syntax() {
            Ok(syntax) => environment.set_syntax(syntax),
            Err(error) => errors.push(fault("", &error)),
        }
        for (name, built_in) in FILES {
            let source = over.get(name).map_or(built_in, String::as_str);
            if let Err(error) = environment.add_template_owned(name, source.to_owned()) {
                errors.push(fault(name, &error));
            }
        }
        if errors.is_empty() { Ok(Self { environment }) } else { Err(errors) }
    }

    /// Whether errors name what is undefined. They hold the content then: never while it is somebody's.
    pub(crate) fn explain(&mut self, explains: bool) {
        self.environment.set_debug(explains);
    }

    /// Renders `name`.txt and `name`.html.
    pub(crate) fn render(
        &self,
        name: &str,
        subject: String,
        language: Language,
        content: impl Serialize,
    ) -> Result<Mail, RenderError> {
        let content = Value::from(Serde(content));
        let part = |file: String| self.file(file, content.clone());
        let (text, html) = (part(format!("{name}.txt"))?, part(format!("{name}.html"))?);
        Ok(Mail { text, html, subject, language: language.tag() })
    }

    /// Renders `name`.html.
    pub(crate) fn html(&self, name: &str, content: impl Serialize) -> Result<String, RenderError> {
        self.file(format!("{name}.html"), Value::from(Serde(content)))
    }

    fn file(&self, name: String, content: Value) -> Result<String, RenderError> {
        let rendered = self.environment.get_template(&name).and_then(|file| file.render(content));
        rendered.map_err(|source| RenderError { name, source })
    }
}

/// A line with a block tag alone leaves no trace, so that plain text can be laid out by eye.
fn syntax() -> Result<SyntaxConfig, Error> {
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()
}

impl From<RenderError> for FileError {
    fn from(error: RenderError) -> Self {
        fault(&error.name, &error.source)
    }
}

/// What the template engine says, where it says it.
fn fault(name: &str, error: &Error) -> FileError {
    let problem = match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    FileError::of(error.name().unwrap_or(name), error.line(), problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Alarm, Attendee, EventTime, Language, Links, Participation, Reader, content::AlarmContent,
        words::Words,
    };

    /// As much of everything as is shown.
    fn longest(text: &str) -> Alarm<'_> {
        let attendee = Attendee { name: text, email: text, participation: Some(Participation::NeedsAction) };
        Alarm {
            title: text,
            description: text,
            location: text,
            calendar: text,
            organiser: text,
            time: EventTime::parse("20261122T121500", "20261122T134500", "Mars/Olympus"),
            attendees: vec![attendee; 500],
            is_recurring: true,
            is_late: true,
            links: Links { mute_event: Some(text), mute_all: Some(text) },
        }
    }

    #[test]
    fn an_error_holds_no_content() {
        let mut templates = Templates::load(&BTreeMap::new()).unwrap();
        templates.environment.set_fuel(Some(10));
        let reader = Reader::of(Language::English);
        let words = Words::load(Language::English, None).unwrap();
        let mut told = |explains| {
            templates.explain(explains);
            let content = AlarmContent::of(&longest("Secret"), &reader, &words);
            let error = templates.render("alarm", String::new(), Language::English, content).unwrap_err();
            format!("{error:?}")
        };
        assert!(told(true).contains("Secret"));
        assert!(!told(false).contains("Secret"));
    }

    #[test]
    fn longest_mail_takes_a_quarter_of_the_fuel() {
        let mut templates = Templates::load(&BTreeMap::new()).unwrap();
        templates.environment.set_fuel(Some(FUEL / 4));
        let reader = Reader::of(Language::Arabic);
        let words = Words::load(Language::Arabic, None).unwrap();
        let text = "a\n".repeat(50_000);
        let content = AlarmContent::of(&longest(&text), &reader, &words);
        templates.render("alarm", String::new(), Language::English, content).unwrap();
    }
}
