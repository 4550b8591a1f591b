//! What a text message says.

use ::sieve::{Level, Texting};
use store::Worded;
use wording::{
    Language,
    sms::{Encoding, Fitted, Limit, Segments, Squeeze, fit, summarise},
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

    /// These, or what an earlier attempt said: a gateway that has it already is to hear no other, and what is paid for is
    /// sent. Where that was not kept, these in as many parts as are paid.
    pub(super) fn again(&self, worded: &Worded) -> Option<Self> {
        let Some(text) = worded.words.clone() else {
            // Nothing is squeezed, so that it does not matter whose words they are.
            let limit = Limit::Segments(worded.segments);
            return Self::fitted(fit(&self.text, Language::English, Squeeze::Never, limit));
        };
        let is_unicode = Segments::of(&text).encoding == Encoding::Ucs2;
        Some(Self { text, segments: worded.segments, is_unicode })
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
