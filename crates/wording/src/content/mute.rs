//! The content of the page behind the links of a mail. Nothing of the event is on it.

use serde::Serialize;

use super::Page;
use crate::{
    Language, MutePage,
    words::{Word, Words},
};

/// The fields of `mute.html`; docs/alarm-mail.md tells an operator of them.
#[derive(Debug, Serialize)]
pub(crate) struct MuteContent {
    #[serde(flatten)]
    page: Page,
    title: String,
    /// How it stands, or why nothing can be done.
    state: String,
    buttons: Vec<Button>,
}

/// What a click sends: `name=value`.
#[derive(Debug, Serialize)]
struct Button {
    name: &'static str,
    value: &'static str,
    label: String,
}

impl MuteContent {
    pub(crate) fn of(page: MutePage, language: Language, words: &Words) -> Self {
        let buttons = buttons(page).iter();
        Self {
            page: Page::of(language),
            title: words.plain(Word::MuteTitle),
            state: words.plain(state(page)),
            buttons: buttons
                .map(|&(name, value, word)| Button { name, value, label: words.plain(word) })
                .collect(),
        }
    }
}

/// Whether `html`, which shows `page`, lets everything be clicked that can be done there: by a form, for the page's policy
/// allows no script.
pub(crate) fn has_buttons(html: &str, page: MutePage) -> bool {
    let is_there = |text: &str| html.contains(text);
    let mut buttons = buttons(page).iter();
    buttons.all(|&(name, value, _)| is_there("<form") && is_there(name) && is_there(value))
}

fn state(page: MutePage) -> Word {
    match page {
        MutePage::Muted { all: true, .. } => Word::MutedAll,
        MutePage::Muted { event: true, .. } => Word::MutedEvent,
        MutePage::Muted { .. } => Word::MutedNothing,
        MutePage::Unknown => Word::MuteUnknown,
        MutePage::Unclear => Word::MuteUnclear,
        MutePage::Away => Word::MuteAway,
    }
}

/// To take back what is muted, or to mute what is not; who muted everything has no use for one event.
fn buttons(page: MutePage) -> &'static [(&'static str, &'static str, Word)] {
    const EVENT: (&str, &str, Word) = ("mute", "event", Word::MuteEvent);
    const ALL: (&str, &str, Word) = ("mute", "all", Word::MuteAll);
    const EVENT_BACK: (&str, &str, Word) = ("unmute", "event", Word::UnmuteEvent);
    match page {
        MutePage::Muted { all: true, .. } => &[("unmute", "all", Word::UnmuteAll)],
        MutePage::Muted { event: true, is_about_all: true, .. } => &[ALL, EVENT_BACK],
        MutePage::Muted { event: true, .. } => &[EVENT_BACK, ALL],
        MutePage::Muted { is_about_all: true, .. } => &[ALL, EVENT],
        MutePage::Muted { .. } => &[EVENT, ALL],
        MutePage::Unknown | MutePage::Unclear | MutePage::Away => &[],
    }
}
