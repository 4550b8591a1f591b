//! Envelopes in IMAP syntax, as Cyrus writes them (RFC 9051 §7.5.2).

/// Octets of text in one encoded word, which may be 75 long with every octet taking three (RFC 2047 §2).
const WORD_OCTETS: usize = 18;

/// Who sent what, and when.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// Date header.
    pub date: &'a str,
    /// Subject in Unicode.
    pub subject: &'a str,
    /// Sender's name in Unicode; empty for none.
    pub name: &'a str,
    /// Sender's address before the `@`.
    pub mailbox: &'a str,
    /// Sender's address after it.
    pub host: &'a str,
    /// Message-ID with angle brackets.
    pub message_id: &'a str,
}

/// The envelope of a message to the demo's user.
pub fn write(parts: Parts<'_>) -> String {
    let Parts { date, subject, name, mailbox, host, message_id } = parts;
    let name = if name.is_empty() { "NIL".to_owned() } else { header_text(name) };
    let sender = format!("(({name} NIL {} {}))", quoted(mailbox), quoted(host));
    format!(
        "({} {} {sender} {sender} {sender} ((NIL NIL \"alice\" \"example.org\")) NIL NIL NIL {})",
        quoted(date),
        header_text(subject),
        quoted(message_id),
    )
}

/// `envelope` with another Date; `None` where it does not start with one.
pub fn redated(envelope: &str, date: &str) -> Option<String> {
    let rest = envelope.strip_prefix("(\"")?;
    let (_, rest) = rest.split_once('"')?;
    Some(format!("({}{rest}", quoted(date)))
}

fn header_text(text: &str) -> String {
    if text.bytes().all(|octet| matches!(octet, b' '..=b'~')) { quoted(text) } else { quoted(&encoded(text)) }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Encoded words (RFC 2047 §4.2), none of which splits a character.
fn encoded(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for character in text.chars() {
        if let Some(word) = words.last_mut()
            && word.len() + character.len_utf8() <= WORD_OCTETS
        {
            word.push(character);
        } else {
            words.push(character.to_string());
        }
    }
    let encoded = words.iter().map(|word| format!("=?UTF-8?Q?{}?=", word.bytes().map(q).collect::<String>()));
    encoded.collect::<Vec<_>>().join(" ")
}

fn q(octet: u8) -> String {
    match octet {
        b' ' => "_".to_owned(),
        octet if octet.is_ascii_alphanumeric() => char::from(octet).to_string(),
        octet => format!("={octet:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_as_it_was_written() {
        for subject in [
            "plain",
            "Grüße aus Köln, und noch viel mehr davon",
            "he said \"hi\" \\o/",
            "週末の予定について",
            "",
        ] {
            let parts = Parts {
                date: "d",
                subject,
                name: "Jörg",
                mailbox: "joerg",
                host: "example.org",
                message_id: "<1@x>",
            };
            let read = cyrus::envelope::parse(&write(parts)).unwrap();
            assert_eq!(read.subject.unwrap_or_default(), subject);
            assert_eq!(read.from[0].name.as_deref(), Some("Jörg"));
        }
    }

    #[test]
    fn another_date_leaves_the_rest() {
        assert_eq!(redated("(\"a\" \"b\" NIL)", "c").as_deref(), Some("(\"c\" \"b\" NIL)"));
        assert_eq!(redated("(NIL \"b\")", "c"), None);
    }
}
