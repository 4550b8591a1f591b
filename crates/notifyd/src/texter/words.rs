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
    let says = |text: &String| !text.trim().is_empty();
    let text = asked.filter(says).or_else(|| texting.body.clone().filter(says));
    text.unwrap_or_else(|| summarise(&facts.sender, &facts.subject, ""))
}

#[cfg(test)]
mod tests {
    use mailbox_event::{Account, Event, EventId, Notification, RelayId, SieveNotification, UnixMillis};

    use super::*;

    #[test]
    fn uris_body_is_said_where_nothing_can_be_summarised() {
        let said = |options: &[&str], text: &str, message: Option<&str>| {
            let notification = SieveNotification {
                account: Account::parse("alice@example.org").unwrap(),
                method: "sms:+15105550101?body=Look".to_owned(),
                priority: "normal".to_owned(),
                options: options.iter().map(|&option| option.to_owned()).collect(),
                text: text.to_owned(),
                message: message.map(|message| message.as_bytes().to_vec()),
            };
            let id = EventId { relay: RelayId(1), sequence: 1 };
            let notification = Notification::Sieve(Box::new(notification));
            let taken = Taken::of(Event { id, taken_at: UnixMillis(0), notification }).unwrap().unwrap();
            let ::sieve::Method::Text(texting) = &taken.method else { panic!("{:?}", taken.method) };
            chosen(&taken, texting)
        };
        let message = "From: Bob <bob@example.org>\r\nSubject: lunch\r\n\r\nNoon?\r\n";
        assert_eq!(said(&["summarise"], "", None), "Look");
        assert_eq!(said(&["summarise"], "Mine", None), "Mine");
        assert!(said(&["summarise"], "", Some(message)).contains("lunch"));
        assert_eq!(said(&[], " ", Some(message)), "Look");
    }
}
