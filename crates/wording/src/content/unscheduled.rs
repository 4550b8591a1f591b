//! The content of a mail about messages that were not sent.

use serde::Serialize;

use super::Page;
use crate::{
    Reader, Unscheduled,
    dates::Dates,
    words::{Word, Words},
};

/// The fields of `unscheduled.txt` and `unscheduled.html`; docs/alarm-mail.md tells an operator of them.
#[derive(Debug, Serialize)]
pub(crate) struct UnscheduledContent {
    #[serde(flatten)]
    page: Page,
    pub(crate) subject: String,
    /// What happened.
    text: String,
    /// What to do.
    advice: String,
    /// Why the mail was sent.
    reason: String,
}

impl UnscheduledContent {
    pub(crate) fn of(unscheduled: Unscheduled, reader: &Reader, words: &Words) -> Self {
        let number = Dates::of(reader).number(unscheduled.count.try_into().unwrap_or(usize::MAX));
        let say = |word| {
            words.say(word, &[("count", unscheduled.count.into()), ("number", number.as_str().into())])
        };
        Self {
            page: Page::of(reader.locale.language()),
            subject: say(Word::UnscheduledSubject),
            text: say(Word::UnscheduledText),
            advice: say(Word::UnscheduledAdvice),
            reason: words.plain(Word::UnscheduledReason),
        }
    }
}
