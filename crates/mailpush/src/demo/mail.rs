//! Reads a mail for showing, as notifyd writes them: text, with HTML beside it.

mod entity;

use cyrus::encoded_word;
use serde::Serialize;

use entity::Entity;

use super::cast::Letter;

/// Most octets of a mail that are read; an alarm takes a tenth.
const MOST_OCTETS: usize = 256 * 1024;

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
    /// The same as an HTML document; empty where there is none. The page asks for it by itself.
    #[serde(skip)]
    pub html: String,
}

/// Reads the mail, or what can be read of it.
pub fn read(octets: &[u8]) -> Mail {
    let octets = &octets[..octets.len().min(MOST_OCTETS)];
    let text = String::from_utf8_lossy(octets).replace("\r\n", "\n");
    let mail = Entity::read(&text);
    let shown = |name| encoded_word::decode(&mail.field(name));
    let parts = mail.parts();
    let part = |media_type: &str| {
        let found = parts.iter().find(|part| part.media_type() == media_type);
        found.map(|part| part.text().trim_end().to_owned())
    };
    Mail {
        subject: shown("Subject"),
        from: shown("From"),
        to: shown("To"),
        text: part("text/plain").unwrap_or_default(),
        html: part("text/html").unwrap_or_default(),
    }
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
    fn both_alternatives_are_read() {
        let mail = "Content-Type: multipart/alternative;\r\n boundary=\"a=b\"\r\n\r\npreamble\r\n--a=b\r\n\
            Content-Type: text/plain; charset=utf-8\r\n\r\nCafé\r\n--a=b\r\nContent-Type: text/html\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Caf=C3=A9</p>\r\n--a=b--\r\nepilogue";
        let mail = read(mail.as_bytes());
        assert_eq!((mail.text.as_str(), mail.html.as_str()), ("Café", "<p>Café</p>"));
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
