//! The datagram form, field by field.

use cyrus::{Malformed, Notice, datagram};

#[test]
fn fields_are_read_in_order() {
    let read =
        datagram::parse(b"sms\0SIEVE\0high\0alice\0INBOX\x002\0one\0two\0caf\xc3\xa9\n\0/spool/1\0").unwrap();
    let expected = Notice {
        method: "sms".to_owned(),
        class: "SIEVE".to_owned(),
        priority: "high".to_owned(),
        user: "alice".to_owned(),
        mailbox: "INBOX".to_owned(),
        options: vec!["one".to_owned(), "two".to_owned()],
        message: "café\n".into(),
        file_path: Some("/spool/1".to_owned()),
    };
    assert_eq!(read, expected);
}

#[test]
fn the_file_path_may_be_absent_or_empty_and_more_fields_may_follow() {
    for (datagram, path) in [
        (&b"m\0c\0\0\0\x000\0text\0"[..], None),
        (b"m\0c\0\0\0\x000\0text\0\0", None),
        (b"m\0c\0\0\0\x000\0text\0/f\0novel\0", Some("/f")),
    ] {
        let notice = datagram::parse(datagram).unwrap();
        assert_eq!((notice.message.as_slice(), notice.file_path.as_deref()), (&b"text"[..], path));
    }
}

#[test]
fn broken_datagrams_are_refused() {
    for (datagram, expected) in [
        (&b""[..], Malformed::Truncated),
        (b"m", Malformed::Truncated),
        (b"m\0c\0\0\0\x000\0text", Malformed::Truncated),
        (b"m\0c\0\0\0\x002\0one\0text\0", Malformed::Truncated),
        (b"m\0c\0\0\0\x000\0text\0/f", Malformed::Truncated),
        (b"m\0c\0\0\0\0\0text\0", Malformed::OptionCount),
        (b"m\0c\0\0\0\0-1\0text\0", Malformed::OptionCount),
        (b"m\0c\0\0\0\x004294967295\0text\0", Malformed::TooManyOptions),
        (b"m\0c\0\0\xff\0\x000\0text\0", Malformed::NotText("user")),
        (b"m\0c\0\0\0\x000\0text\0\xff\0", Malformed::NotText("file path")),
    ] {
        assert_eq!(datagram::parse(datagram), Err(expected), "{}", datagram.escape_ascii());
    }
}
