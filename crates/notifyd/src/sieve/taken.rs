//! A job as a script's wish.

use ::sieve::{Facts, Mailto, Method, Wishes};
use bus::Message;
use mailbox_event::{Account, Event, EventId, Notification, UnixMillis, codec};
use store::EffectKey;
use wording::{Notice, sms::summarise};

use crate::post::Unfit;

/// What a script asks for.
pub(crate) struct Taken {
    pub(crate) id: EventId,
    pub(crate) at: UnixMillis,
    /// Whose script.
    pub(crate) owner: Account,
    /// The script's importance, in the server's word.
    pub(crate) priority: String,
    pub(crate) method: Method,
    /// The method as it came; of one without a scheme, all there is to it.
    pub(crate) name: String,
    pub(crate) wishes: Wishes,
    /// What the message says; all empty where it could not be read.
    pub(crate) facts: Facts,
    /// The script's words, if it has any of its own.
    pub(crate) words: Option<String>,
    /// The message, without saying which: the script ran once for it.
    pub(crate) run: String,
}

impl Taken {
    /// Reads a job. Methods that nobody follows are none.
    pub(crate) fn read(message: &Message) -> Result<Option<Self>, Unfit> {
        Self::of(codec::decode(&message.payload)?)
    }

    /// The same of an event.
    pub(crate) fn of(event: Event) -> Result<Option<Self>, Unfit> {
        let Notification::Sieve(notification) = event.notification else { return Err(Unfit::Other) };
        let Ok((method, options)) = Method::parse(&notification.method, &notification.options) else {
            return Ok(None);
        };
        let facts = notification.message.as_deref().map(Facts::read).unwrap_or_default();
        Ok(Some(Self {
            id: event.id,
            at: event.taken_at,
            owner: notification.account,
            priority: notification.priority,
            method,
            name: notification.method,
            wishes: Wishes::parse(options),
            words: own_words(notification.text, &facts),
            facts,
            run: run(event.id, notification.message.as_deref()),
        }))
    }

    /// RFC 5436 §2.7: the subject is the script's text, else the URI's, else the message's; the body is the URI's, or
    /// ours with `text`.
    pub(crate) fn notice<'a>(&'a self, mailto: &'a Mailto, text: &'a str) -> Notice<'a> {
        Notice::Sieve {
            owner: self.owner.as_str(),
            title: self.words.as_deref().or(mailto.subject.as_deref()),
            text: mailto.body.as_deref().unwrap_or(text),
            sender: &self.facts.sender,
            subject: &self.facts.subject,
        }
    }

    /// The text that was asked for.
    pub(crate) fn text(&self) -> String {
        let Facts { sender, subject, text, .. } = &self.facts;
        if self.wishes.summarise && !(sender.is_empty() && subject.is_empty() && text.is_empty()) {
            return summarise(sender, subject, text);
        }
        self.words.clone().unwrap_or_default()
    }
}

/// Cyrus says `$from$: $subject$` for a script that says nothing. Who says more than that has words of their own.
fn own_words(text: String, facts: &Facts) -> Option<String> {
    let from = text.strip_suffix(facts.subject.as_str()).and_then(|from| from.strip_suffix(": "));
    let is_default = !facts.sender.is_empty() && from.is_some_and(|from| is_of(from, &facts.sender));
    let is_empty = text.trim().is_empty();
    (!is_default && !is_empty).then_some(text)
}

/// Whether `from` is a field From and nothing else, as far as its beginning tells; or its end, where the name is a comment.
fn is_of(from: &str, sender: &str) -> bool {
    from.trim_start_matches([' ', '"', '<']).starts_with(sender) || from.ends_with(&format!("({sender})"))
}

/// One for each message; for one that could not be read, one for each notification.
fn run(id: EventId, message: Option<&[u8]>) -> String {
    match message {
        Some(message) => EffectKey::of(&["message", &String::from_utf8_lossy(message)]).to_string(),
        None => id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_around_senders_and_subjects_are_the_scripts_own() {
        let of = |sender: &str, text: &str| {
            let facts = Facts { sender: sender.to_owned(), subject: "lunch".to_owned(), ..Facts::default() };
            own_words(text.to_owned(), &facts)
        };
        for text in [
            "Robert Norris <robn@example.org>: lunch",
            "\"Robert Norris\" <robn@example.org>: lunch",
            "robn@example.org (Robert Norris): lunch",
            " ",
        ] {
            assert_eq!(of("Robert Norris", text), None, "{text}");
        }
        assert_eq!(of("robn@example.org", "<robn@example.org>: lunch"), None);
        for text in [
            "Urgent: Robert Norris <robn@example.org>: lunch",
            "Mail of Robert Norris: lunch",
            "Robert Norris <robn@example.org>: lunch!",
        ] {
            assert_eq!(of("Robert Norris", text).as_deref(), Some(text));
        }
        assert_eq!(of("", ": lunch").as_deref(), Some(": lunch"));
    }
}
