//! Signatures by which a receiver knows our domain (RFC 6376, RFC 8463). Pure: the time is an argument.

mod canonical;
mod key;

use base64::{Engine, engine::general_purpose::STANDARD};
use lettre::Address;
use mailbox_event::UnixMillis;
use ring::digest::{SHA256, digest};

use crate::settings::DkimSettings;
use canonical::{Field, body, fields};
pub(crate) use key::Key;
pub use key::KeyError;

/// What is signed where it is there (RFC 6376 §5.4.1). What says who sent it is named once more than it is there, so that
/// nobody adds another (§5.4.2).
const SIGNED: [&str; 14] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-language",
    "reply-to",
    "cc",
];
/// See [`SIGNED`].
const SIGNED_ONCE_MORE: [&str; 4] = ["from", "to", "subject", "date"];
/// Characters of a line of the signature.
const LINE: usize = 72;

/// Signs the mail of one domain.
pub(crate) struct Signer {
    domain: String,
    keys: Vec<(String, Key)>,
}

impl Signer {
    /// Reads the keys.
    pub(crate) fn new(settings: &DkimSettings, from: &Address) -> Result<Self, KeyError> {
        let read = |key: &crate::settings::DkimKey| Ok((key.selector.clone(), Key::read(key.key.expose())?));
        Ok(Self {
            domain: settings.domain(from),
            keys: settings.keys.iter().map(read).collect::<Result<_, _>>()?,
        })
    }

    /// `mail`, whose lines end with CRLF, with a signature of each key before it.
    pub(crate) fn sign(&self, mail: Vec<u8>, now: UnixMillis) -> Result<Vec<u8>, KeyError> {
        if self.keys.is_empty() {
            return Ok(mail);
        }
        let (head, text) = split(&mail);
        let fields = fields(head);
        let signed = signed(&fields);
        let head: Vec<u8> =
            signed.iter().flat_map(|(_, field)| field.map_or(&b""[..], Field::octets)).copied().collect();
        let body_hash = STANDARD.encode(digest(&SHA256, &body(text)));
        let mut whole = Vec::with_capacity(mail.len() + 1024 * self.keys.len());
        for (selector, key) in &self.keys {
            let field = self.unsigned(selector, key, &signed, &body_hash, now);
            let own = Field::of(field.as_bytes());
            let own = own.octets().strip_suffix(b"\r\n").unwrap_or_default();
            let input = [&head, own].concat();
            whole.extend_from_slice(field.as_bytes());
            whole.extend_from_slice(folded(&STANDARD.encode(key.sign(&input)?)).as_bytes());
            whole.extend_from_slice(b"\r\n");
        }
        whole.extend_from_slice(&mail);
        Ok(whole)
    }

    /// The field without the signature itself, which comes last (§3.5).
    fn unsigned(
        &self,
        selector: &str,
        key: &Key,
        signed: &[(&str, Option<&Field>)],
        body_hash: &str,
        now: UnixMillis,
    ) -> String {
        let (domain, algorithm, seconds) = (&self.domain, key.algorithm(), now.0 / 1000);
        // A line ends between two names.
        let names: Vec<_> = signed
            .chunks(4)
            .map(|names| names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(":"))
            .collect();
        let names = names.join(":\r\n\t");
        format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={domain};\r\n\ts={selector}; t={seconds};\r\n\t\
             h={names};\r\n\tbh={body_hash};\r\n\tb="
        )
    }
}

/// Head and text, without the empty line between them.
fn split(mail: &[u8]) -> (&[u8], &[u8]) {
    let end = mail.windows(4).position(|octets| octets == b"\r\n\r\n");
    end.map_or((mail, b""), |end| (&mail[..end + 2], &mail[end + 4..]))
}

/// The names in the order in which they are signed, each with what it signs: nothing where it keeps others away.
fn signed(fields: &[Field]) -> Vec<(&'static str, Option<&Field>)> {
    let there = SIGNED.into_iter().filter_map(|name| {
        let field = fields.iter().find(|field| field.name() == name)?;
        Some((name, Some(field)))
    });
    there.chain(SIGNED_ONCE_MORE.map(|name| (name, None))).collect()
}

fn folded(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / LINE * 3);
    for (place, character) in text.chars().enumerate() {
        if place > 0 && place % LINE == 0 {
            lines.push_str("\r\n\t");
        }
        lines.push(character);
    }
    lines
}
