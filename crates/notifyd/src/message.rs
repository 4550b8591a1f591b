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
        let value = match self {
            Self::Generated => "auto-generated".to_owned(),
            Self::Notified { owner } => format!("auto-notified; owner-email=\"{}\"", quoted(owner)),
        };
        HeaderValue::new(Self::name(), value)
    }
}

/// What stands between quotes (RFC 2045 §5.1); a header holds ASCII only.
fn quoted(address: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
    address.chars().filter(is_plain).collect()
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
