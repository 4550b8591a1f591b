//! The mail as it travels (RFC 5322).

use std::time::{Duration, SystemTime};

use lettre::{
    Address, Message,
    message::{
        Attachment, Mailbox, MultiPart,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
};
use mailbox_event::UnixMillis;
use store::EffectKey;
use wording::Mail;

use crate::{envelope::deliverable, settings::Sender};

/// Keeps vacation programs from answering (RFC 3834 §5).
#[derive(Debug, Clone)]
pub(crate) enum AutoSubmitted {
    /// By ourselves.
    Generated,
    /// By a script (RFC 5436 §2.7.1).
    Notified {
        /// The address of whose script it is.
        owner: String,
    },
}

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self::Generated)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.value())
    }
}

impl AutoSubmitted {
    /// What the field says.
    pub(crate) fn value(&self) -> String {
        match self {
            Self::Generated => "auto-generated".to_owned(),
            Self::Notified { owner } if is_plain(owner) => format!("auto-notified; owner-email=\"{owner}\""),
            Self::Notified { owner } => format!("auto-notified; owner-token={}", token(owner)),
        }
    }
}

/// Whether it can stand between quotes (RFC 2045 §5.1) as it is; a header holds ASCII only.
fn is_plain(address: &str) -> bool {
    address.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'))
}

/// Stands for an address that a header cannot hold, always the same and no other's: without some of its characters it
/// would name another user. Half of the digest is enough for that.
fn token(address: &str) -> String {
    let mut token = EffectKey::of(&["owner", address]).to_string();
    token.truncate(token.len() / 2);
    token
}

/// A mail that is worded.
pub(crate) struct Draft<'a> {
    pub(crate) mail: Mail,
    pub(crate) from: &'a Sender,
    pub(crate) to: &'a Address,
    pub(crate) message_id: &'a str,
    /// Where its recipient can stop such mail.
    pub(crate) mute_link: Option<&'a str>,
    /// An iCalendar object to attach.
    pub(crate) event: Option<String>,
    /// Who made it.
    pub(crate) auto_submitted: AutoSubmitted,
}

/// Head and body. Fails for what no mail can hold; none of our parts is such.
pub(crate) fn write(draft: Draft<'_>, now: UnixMillis) -> Result<Vec<u8>, lettre::error::Error> {
    let Draft { mail, from, to, message_id, mute_link, event, auto_submitted } = draft;
    let name = (!from.name.is_empty()).then(|| from.name.clone());
    let body = body(mail.text, mail.html, event);
    let mut message = Message::builder()
        .from(Mailbox::new(name, from.address.clone()))
        .to(Mailbox::new(None, deliverable(to)))
        .subject(mail.subject)
        .date(SystemTime::UNIX_EPOCH + Duration::from_millis(now.0))
        .message_id(Some(message_id.to_owned()))
        .header(auto_submitted)
        .multipart(body)?;
    // RFC 3282
    let more = [("Content-Language", mail.language.to_owned())].into_iter();
    for (name, value) in more.chain(mute_link.into_iter().flat_map(unsubscribe)) {
        message.headers_mut().insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }
    Ok(message.formatted())
}

fn body(text: String, html: String, event: Option<String>) -> MultiPart {
    let parts = MultiPart::alternative_plain_html(text, html);
    let Some(event) = event else { return parts };
    // No parameter `method`: this is no message between calendars (RFC 6047 §2.4).
    let kind = ContentType::parse("text/calendar; charset=utf-8; component=VEVENT");
    let kind = kind.expect("the words are a content type");
    MultiPart::mixed().multipart(parts).singlepart(Attachment::new("event.ics".to_owned()).body(event, kind))
}

/// What has mail programs show a button (RFC 2369 §3.2). One click is for https alone (RFC 8058 §3.1).
fn unsubscribe(link: &str) -> impl Iterator<Item = (&'static str, String)> {
    let one_click = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned());
    let one_click = link.starts_with("https://").then_some(one_click);
    [("List-Unsubscribe", format!("<{link}>"))].into_iter().chain(one_click)
}

#[cfg(test)]
mod tests;
