//! Reads a mail for showing: single part, text, as notifyd writes them.

use base64::{Engine, engine::general_purpose::STANDARD};
use cyrus::encoded_word;
use serde::Serialize;

use super::cast::Letter;

/// Most octets of a mail that are read; an alarm takes a tenth.
const MOST_OCTETS: usize = 64 * 1024;

/// A mail as a mail program shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// Subject, decoded.
    pub subject: String,
    /// From, decoded.
    pub from: String,
    /// To, decoded.
    pub to: String,
    /// The text.
    pub text: String,
}

/// Reads the mail, or what can be read of it.
pub fn read(octets: &[u8]) -> Mail {
    let octets = &octets[..octets.len().min(MOST_OCTETS)];
    let text = String::from_utf8_lossy(octets).replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let head = head.replace("\n ", " ").replace("\n\t", " ");
    let field = |name: &str| {
        let line = head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        line.unwrap_or_default().to_owned()
    };
    let shown = |name| encoded_word::decode(&field(name));
    let text = decoded(body, &field("Content-Transfer-Encoding"));
    Mail { subject: shown("Subject"), from: shown("From"), to: shown("To"), text: text.trim_end().to_owned() }
}

impl Mail {
    /// How it looks among other letters.
    pub fn letter(&self) -> Letter {
        let (name, address) = match self.from.rsplit_once('<') {
            Some((name, address)) => (name.trim().trim_matches('"'), address.trim_end_matches('>')),
            None => ("", self.from.as_str()),
        };
        let (mailbox, host) = address.split_once('@').unwrap_or((address, ""));
        Letter {
            name: name.to_owned().into(),
            mailbox: mailbox.to_owned().into(),
            host: host.to_owned().into(),
            subject: self.subject.clone().into(),
        }
    }
}

/// Undoes the transfer encoding (RFC 2045 §6).
fn decoded(body: &str, encoding: &str) -> String {
    let octets = if encoding.eq_ignore_ascii_case("base64") {
        let compact: String = body.split_whitespace().collect();
        STANDARD.decode(compact).unwrap_or_default()
    } else if encoding.eq_ignore_ascii_case("quoted-printable") {
        quoted_printable(body)
    } else {
        body.as_bytes().to_vec()
    };
    String::from_utf8_lossy(&octets).replace("\r\n", "\n")
}

fn quoted_printable(body: &str) -> Vec<u8> {
    let joined = body.replace("=\n", "");
    let mut parts = joined.split('=');
    let mut octets = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                octets.extend(&part.as_bytes()[2..]);
            }
            // Not an escape: shown as written.
            None => octets.extend(format!("={part}").bytes()),
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_transfer_encodings_are_undone() {
        for (encoding, body) in [
            ("8bit", "Café =\r\nis 5=6"),
            ("quoted-printable", "Caf=C3=A9 =3D=\r\n\r\nis 5=3D=\r\n6"),
            ("base64", "Q2Fmw6kgPQ0KaXMg\r\nNT02"),
        ] {
            let mail = format!("Content-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n");
            assert_eq!(read(mail.as_bytes()).text, "Café =\nis 5=6", "{encoding}");
        }
    }

    #[test]
    fn a_folded_and_encoded_head_is_read() {
        let mail = read(b"from: mailpush <alarm@example.org>\r\nTo: a@b\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\n =?utf-8?q?_two?=\r\n\r\n.");
        assert_eq!((mail.subject.as_str(), mail.to.as_str()), ("Café two", "a@b"));
        let letter = mail.letter();
        assert_eq!((&*letter.name, &*letter.mailbox, &*letter.host), ("mailpush", "alarm", "example.org"));
    }

    #[test]
    fn what_is_no_mail_is_shown_as_far_as_it_goes() {
        assert_eq!(read(b"").subject, "");
        assert_eq!(read(b"\xff\xfe").letter().name, "");
    }
}
