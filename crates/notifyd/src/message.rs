//! The mail as it travels (RFC 5322).

use std::time::{Duration, SystemTime};

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use mailbox_event::UnixMillis;
use wording::Mail;

use crate::{envelope::deliverable, settings::Sender};

/// Keeps vacation programs from answering (RFC 3834 §5).
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

/// Head and body. Fails for what no mail can hold; none of our parts is such.
pub(crate) fn write(
    mail: Mail,
    from: &Sender,
    to: &Address,
    message_id: &str,
    mute_link: Option<&str>,
    now: UnixMillis,
) -> Result<Vec<u8>, lettre::error::Error> {
    let name = (!from.name.is_empty()).then(|| from.name.clone());
    let mut message = Message::builder()
        .from(Mailbox::new(name, from.address.clone()))
        .to(Mailbox::new(None, deliverable(to)))
        .subject(mail.subject)
        .date(SystemTime::UNIX_EPOCH + Duration::from_millis(now.0))
        .message_id(Some(message_id.to_owned()))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))?;
    for (name, value) in mute_link.map(unsubscribe).into_iter().flatten() {
        message.headers_mut().insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }
    Ok(message.formatted())
}

/// What has mail programs show a button (RFC 2369 §3.2, RFC 8058 §3.1).
fn unsubscribe(link: &str) -> [(&'static str, String); 2] {
    [
        ("List-Unsubscribe", format!("<{link}>")),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
    ]
}
