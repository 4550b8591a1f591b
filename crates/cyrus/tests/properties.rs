//! What holds for any octets.

use cyrus::{Dialect, Notice, counters, datagram, dlist, encoded_word, envelope, uri::MailboxUri};
use mailbox_event::Naming;
use proptest::{collection::vec, prelude::*};

const LIMIT: usize = 1 << 16;

/// Any characters, those that need care often.
fn text() -> impl Strategy<Value = String> {
    vec(
        prop_oneof![any::<char>(), prop::sample::select(r#"(){}"\%+ NIL123"#.chars().collect::<Vec<_>>())],
        0..40,
    )
    .prop_map(|characters| characters.into_iter().filter(|character| *character != '\0').collect())
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    vec(1..=u8::MAX, 0..2000)
}

prop_compose! {
    fn notice()(
        (method, class, priority) in (text(), text(), text()),
        (user, mailbox) in (text(), text()),
        options in vec(text(), 0..6),
        message in message(),
        file_path in proptest::option::of(text().prop_filter("an empty path is no path", |path| !path.is_empty())),
    ) -> Notice {
        Notice { method, class, priority, user, mailbox, options, message, file_path }
    }
}

/// Octets that look like something, with pieces broken.
fn near_misses() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "NOTIFY ",
        "%(",
        "(",
        ")",
        " ",
        "\"",
        "\\",
        "{3}\r\n",
        "{5+}\r\n",
        "{99999}",
        "\r\n",
        "NIL",
        "CLASS",
        "EVENT",
        "MESSAGE",
        "OPTIONS",
        "FILEPATH",
        "abc",
        "é",
        "\0",
        "0\0",
        "2\0",
        "SIEVE\0",
        "=?utf-8?q?",
        "=?",
        "?=",
        "=C3",
        "=?Shift_JIS?b?gr",
        "imap://h/user/",
        ";UIDVALIDITY=",
        "/;UID=",
        "%40",
        "%",
        "@",
        "alice",
        "DELETED/",
        "user",
    ];
    vec(prop::sample::select(pieces), 0..60).prop_map(|pieces| pieces.concat().into_bytes())
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..500), near_misses()]
}

fn dialect(separator: char) -> Dialect {
    Dialect { separator, ..Dialect::new(Naming::new("example.org")) }
}

proptest! {
    #[test]
    fn a_notice_survives_dlist_in_any_pieces(notice in notice(), size in 1usize..200, rest in vec(any::<u8>(), 0..50)) {
        let line = dlist::write(&notice);
        let (head, last) = line.split_at(line.len() - 1);
        let mut reader = dlist::Reader::new(line.len());
        for piece in head.chunks(size) {
            prop_assert_eq!(reader.push(piece), Ok(None));
        }
        let end = [last, &rest].concat();
        prop_assert_eq!(reader.push(&end), Ok(Some(notice)));
    }

    #[test]
    fn a_notice_survives_a_datagram(notice in notice()) {
        prop_assert_eq!(datagram::parse(&datagram::write(&notice)), Ok(notice));
    }

    #[test]
    fn pieces_do_not_matter_to_what_is_read(octets in octets(), size in 1usize..9, limit in 0usize..300) {
        let mut reader = dlist::Reader::new(limit);
        let whole = reader.push(&octets);
        let mut reader = dlist::Reader::new(limit);
        let mut outcome = Ok(None);
        for piece in octets.chunks(size) {
            outcome = reader.push(piece);
            if outcome != Ok(None) {
                break;
            }
        }
        // Which of two faults is met first may depend on the pieces; whether there is one may not.
        prop_assert_eq!(outcome.is_ok(), whole.is_ok());
        prop_assert_eq!(outcome.ok(), whole.ok());
    }

    #[test]
    fn a_cut_datagram_is_no_notification(notice in notice(), cut in any::<prop::sample::Index>()) {
        let datagram = datagram::write(&Notice { file_path: None, ..notice });
        prop_assert!(datagram::parse(&datagram[..cut.index(datagram.len())]).is_err());
    }

    #[test]
    fn nothing_panics_on_any_octets(octets in octets(), message in octets(), separator in prop::sample::select(vec!['/', '.'])) {
        let dialect = dialect(separator);
        let read = [datagram::parse(&octets).ok(), dlist::Reader::new(LIMIT).push(&octets).ok().flatten()];
        for notice in read.into_iter().flatten() {
            dialect.decode(&notice, None).ok();
        }
        for class in ["EVENT", "SIEVE", "MAIL", "IMIP", "X"] {
            let notice = Notice { class: class.to_owned(), message: message.clone(), ..Notice::default() };
            dialect.decode(&notice, None).ok();
        }
        let text = String::from_utf8_lossy(&octets);
        dlist::Value::parse(&octets).ok();
        envelope::parse(&text).ok();
        encoded_word::decode(&text);
        counters::parse(&text);
        MailboxUri::parse(&text).ok();
    }

    #[test]
    fn events_with_any_texts_are_decoded_or_refused(
        uri in near_misses(), acl in text(), envelope in near_misses(), user in text(), counters in text(),
        name in prop::sample::select(vec!["MessageNew", "AclChange", "CalendarAlarm", "QuotaChange", "ApplePushService"]),
        separator in prop::sample::select(vec!['/', '.']),
    ) {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let event = serde_json::json!({
            "event": name, "uri": format!("imap://h/user/{}", text(&uri)), "vnd.cmu.mailboxACL": acl,
            "vnd.cmu.envelope": text(&envelope), "user": user, "userId": user, "uid": "u", "alarmTime": "t",
            "action": "email", "summary": acl, "alarmRecipients": [user], "organizer": user,
            "vnd.fastmail.counters": counters, "vnd.cmu.mbtype": acl, "oldMailboxID": text(&uri),
        });
        let notice = Notice { class: "EVENT".to_owned(), message: event.to_string().into(), ..Notice::default() };
        dialect(separator).decode(&notice, None).ok();
    }

    #[test]
    fn text_without_encoded_words_is_not_touched(text in "[^=]*") {
        prop_assert_eq!(encoded_word::decode(&text), text);
    }

    #[test]
    fn encoded_words_are_decoded_wherever_characters_are_cut(text in "\\PC{1,40}", size in 1usize..20) {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let words: Vec<_> =
            text.as_bytes().chunks(size).map(|piece| format!("=?UTF-8?B?{}?=", STANDARD.encode(piece))).collect();
        prop_assert_eq!(encoded_word::decode(&words.join(" ")), text);
    }
}
