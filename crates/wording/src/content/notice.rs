//! The content of a mail of a filter rule and its like.

use serde::Serialize;

use super::{Fact, Page};
use crate::{
    Notice, Reader, clean,
    dates::Dates,
    direction::isolate,
    words::{Word, Words},
};

/// Characters of a subject. Mail programs show fewer.
const LONGEST_SUBJECT: usize = 200;
/// Octets of a text.
const LONGEST_TEXT: usize = 16 * 1024;

/// The fields of `notice.txt` and `notice.html`; docs/alarm-mail.md tells an operator of them.
#[derive(Debug, Serialize)]
pub(crate) struct NoticeContent {
    #[serde(flatten)]
    page: Page,
    pub(crate) subject: String,
    /// May be empty.
    text: String,
    /// What the message says of itself.
    facts: Vec<Fact>,
    /// Why the mail was sent; empty where the text says it.
    reason: String,
}

impl NoticeContent {
    pub(crate) fn of(notice: &Notice<'_>, reader: &Reader, words: &Words) -> Self {
        let language = reader.locale.language();
        let page = Page::of(language);
        let line = |text| isolate(&clean::line(text, LONGEST_SUBJECT), language.direction()).into_owned();
        match *notice {
            Notice::Sieve { owner, title, text, sender, subject } => {
                let facts = [(Word::SieveFrom, sender), (Word::SieveSubject, subject)];
                let facts = facts.map(|(label, value)| (label, line(value)));
                let told = facts.into_iter().filter(|(_, value)| !value.is_empty());
                Self {
                    page,
                    subject: line(title.unwrap_or(subject)),
                    // Lines stand by themselves.
                    text: clean::lines(text, LONGEST_TEXT),
                    facts: told.map(|(label, value)| Fact::of(words, label, value)).collect(),
                    reason: words.say(Word::SieveReason, &[("owner", line(owner).into())]),
                }
            }
            Notice::More { count } => {
                let number = Dates::of(reader).number(count.try_into().unwrap_or(usize::MAX));
                let subject = words.say(Word::More, &[("count", count.into()), ("number", number.into())]);
                Self::short(page, subject, String::new(), words.plain(Word::MoreReason))
            }
            Notice::CreditEnded => Self::short(
                page,
                words.plain(Word::CreditSubject),
                words.plain(Word::CreditText),
                String::new(),
            ),
        }
    }

    fn short(page: Page, subject: String, text: String, reason: String) -> Self {
        Self { page, subject, text, facts: Vec::new(), reason }
    }
}
