//! What the templates are given: texts that are ready to be shown. Text and HTML are rendered from the same.

mod alarm;
mod mute;
mod notice;
mod unscheduled;

use serde::Serialize;

pub(crate) use alarm::AlarmContent;
pub(crate) use mute::{MuteContent, has_buttons};
pub(crate) use notice::NoticeContent;
pub(crate) use unscheduled::UnscheduledContent;

use crate::{
    Direction, Language,
    words::{Word, Words},
};

/// How the page is set up.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    /// BCP 47 tag.
    language: &'static str,
    /// `ltr` or `rtl`
    direction: &'static str,
    /// `left` or `right`: where lines begin.
    start_side: &'static str,
}

/// Something with its name.
#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    label: String,
    value: String,
    /// Both, for plain text.
    line: String,
}

/// A page that the reader can open.
#[derive(Debug, Serialize)]
pub(crate) struct Link {
    label: String,
    url: String,
    /// Both, for plain text.
    line: String,
}

impl Page {
    fn of(language: Language) -> Self {
        let start_side = match language.direction() {
            Direction::LeftToRight => "left",
            Direction::RightToLeft => "right",
        };
        Self { language: language.tag(), direction: language.direction().html(), start_side }
    }
}

impl Fact {
    fn of(words: &Words, label: Word, value: String) -> Self {
        let label = words.plain(label);
        let line = labelled(words, &label, &value);
        Self { label, value, line }
    }
}

impl Link {
    fn of(words: &Words, label: Word, url: &str) -> Self {
        let label = words.plain(label);
        let line = labelled(words, &label, url);
        Self { label, url: url.to_owned(), line }
    }
}

fn labelled(words: &Words, label: &str, value: &str) -> String {
    words.say(Word::LabelLine, &[("label", label.into()), ("value", value.into())])
}
