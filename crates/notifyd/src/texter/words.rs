//! What a text message says.

use ::sieve::{Level, Texting};
use wording::{
    Language,
    sms::{Encoding, Fitted, Limit, Squeeze, fit, summarise},
};

use crate::sieve::Taken;

/// A text that can be sent, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) text: String,
    pub(super) segments: u32,
    pub(super) is_unicode: bool,
}

impl Words {
    /// As the script wishes it, in no more than `most` segments: a summary, or the script's words, or the URI's, or who
    /// the message is from and what it is about. Nothing where there is nothing to say.
    pub(super) fn of(taken: &Taken, texting: &Texting, language: Language, most: u32) -> Option<Self> {
        let wishes = &taken.wishes;
        let most = wishes.segments.unwrap_or(most).min(most);
        let squeeze = match wishes.squeeze {
            None => Squeeze::Never,
            Some(Level::Low) => Squeeze::Low,
            Some(Level::Medium) => Squeeze::Medium,
            Some(Level::High) => Squeeze::High,
        };
        let text = chosen(taken, texting);
        let fitted = match wishes.characters {
            Some(characters) => fit(&text, language, squeeze, Limit::Characters(characters)),
            None => fit(&text, language, squeeze, Limit::Segments(most)),
        };
        let fitted = if fitted.segments.count > most {
            fit(&fitted.text, language, squeeze, Limit::Segments(most))
        } else {
            fitted
        };
        Self::fitted(fitted)
    }

    /// A text of ours.
    pub(super) fn own(text: &str, language: Language) -> Option<Self> {
        Self::fitted(fit(text, language, Squeeze::Never, Limit::Segments(1)))
    }

    fn fitted(fitted: Fitted) -> Option<Self> {
        let is_unicode = fitted.segments.encoding == Encoding::Ucs2;
        let Fitted { text, segments, .. } = fitted;
        (segments.count > 0).then_some(Self { text, segments: segments.count, is_unicode })
    }
}

fn chosen(taken: &Taken, texting: &Texting) -> String {
    let facts = &taken.facts;
    let asked = if taken.wishes.summarise { Some(taken.text()) } else { taken.words.clone() };
    let text = asked.or_else(|| texting.body.clone()).filter(|text| !text.trim().is_empty());
    text.unwrap_or_else(|| summarise(&facts.sender, &facts.subject, ""))
}
