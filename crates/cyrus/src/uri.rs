//! `uri` and `oldMailboxID`: IMAP URLs (RFC 5092) as Cyrus writes them.
//!
//! `imap://server/mailbox;UIDVALIDITY=n/;UID=n`, the last two parts optional. The mailbox is in the administrator's
//! namespace, UTF-8, percent-encoded.

use mailbox_event::UidValidity;
use percent_encoding::percent_decode_str;

use crate::Malformed;

/// An IMAP URL, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct MailboxUri {
    /// The mailbox as an administrator would say it, percent-encoding undone; may be empty.
    pub mailbox: String,
    /// UIDVALIDITY of the mailbox.
    pub uid_validity: Option<UidValidity>,
    /// UID of the one message concerned.
    pub uid: Option<u32>,
}

impl MailboxUri {
    /// Takes a URL apart. Numbers that are none are treated as absent.
    pub fn parse(uri: &str) -> Result<Self, Malformed> {
        let rest = uri.strip_prefix("imap://").ok_or(Malformed::Uri)?;
        // A semicolon of the mailbox itself is percent-encoded, so the first one starts the parameters.
        let (place, parameters) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
        let mailbox = place.split_once('/').map_or("", |(_, mailbox)| mailbox);
        let mailbox = mailbox.strip_suffix('/').unwrap_or(mailbox);
        let mailbox = percent_decode_str(mailbox).decode_utf8().map_err(|_| Malformed::Uri)?.into_owned();
        let uid_validity = parameter(parameters, "UIDVALIDITY").map(UidValidity);
        Ok(Self { mailbox, uid_validity, uid: parameter(parameters, "UID") })
    }
}

/// Hides the mailbox: its name may hold an address.
impl std::fmt::Debug for MailboxUri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MailboxUri(.., {:?}, {:?})", self.uid_validity, self.uid)
    }
}

/// The number after `;name=`.
fn parameter(parameters: &str, name: &str) -> Option<u32> {
    let mut parts = parameters.split([';', '/']);
    let (_, number) =
        parts.find_map(|part| part.split_once('=').filter(|(key, _)| key.eq_ignore_ascii_case(name)))?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(uri: &str) -> (String, Option<u32>, Option<u32>) {
        let uri = MailboxUri::parse(uri).unwrap();
        (uri.mailbox, uri.uid_validity.map(|validity| validity.0), uri.uid)
    }

    #[test]
    fn parts_are_found() {
        for (uri, mailbox, validity, uid) in [
            ("imap://h.example/user/alice;UIDVALIDITY=7/;UID=9", "user/alice", Some(7), Some(9)),
            ("imap://h.example/user/alice;UIDVALIDITY=7", "user/alice", Some(7), None),
            ("imap://h.example/user/alice", "user/alice", None, None),
            ("imap://h.example/user/alice/;UID=9", "user/alice", None, Some(9)),
            (
                "imap://h.example/user/alice/R%C3%A9sum%C3%A9s;UIDVALIDITY=7",
                "user/alice/Résumés",
                Some(7),
                None,
            ),
            ("imap://h.example/user/alice/a%3BUID=3%25;UIDVALIDITY=7", "user/alice/a;UID=3%", Some(7), None),
            (
                "imap://h.example/user.alice.%23calendars;UIDVALIDITY=7",
                "user.alice.#calendars",
                Some(7),
                None,
            ),
            ("imap://alice@h.example/INBOX;uidvalidity=7/;uid=2", "INBOX", Some(7), Some(2)),
            ("imap://;UIDVALIDITY=1335827579/;UID=40817", "", Some(1_335_827_579), Some(40_817)),
            ("imap://h.example", "", None, None),
            ("imap://h.example/x;UIDVALIDITY=many/;UID=", "x", None, None),
        ] {
            assert_eq!(parts(uri), (mailbox.to_owned(), validity, uid), "{uri}");
        }
    }

    #[test]
    fn what_is_no_imap_url_is_refused() {
        for uri in ["", "http://h.example/x", "imap:/x", "imap://h.example/%FF%FE"] {
            assert_eq!(MailboxUri::parse(uri), Err(Malformed::Uri), "{uri}");
        }
    }
}
