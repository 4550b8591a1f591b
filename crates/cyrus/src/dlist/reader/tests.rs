use super::*;
use crate::dlist;

const LIMIT: usize = 1 << 16;

fn read(octets: &[u8]) -> Result<Option<Notice>, Malformed> {
    Reader::new(LIMIT).push(octets)
}

fn notice() -> Notice {
    Notice {
        method: "sms".to_owned(),
        class: "SIEVE".to_owned(),
        priority: "high".to_owned(),
        user: "alice".to_owned(),
        options: vec!["15551230000".to_owned(), "squeeze".to_owned()],
        message: "café\r\n\"()\n".into(),
        file_path: Some("/spool/stage./1-2-0".to_owned()),
        ..Notice::default()
    }
}

#[test]
fn a_notice_is_written_as_cyrus_writes_it() {
    let expected = "NOTIFY %(METHOD sms CLASS SIEVE PRIORITY high USER alice MAILBOX NIL OPTIONS (15551230000 \
        squeeze) MESSAGE {11+}\r\ncafé\r\n\"()\n FILEPATH /spool/stage./1-2-0)\r\n";
    assert_eq!(String::from_utf8(dlist::write(&notice())).unwrap(), expected);
}

#[test]
fn octets_may_come_one_by_one() {
    let line = dlist::write(&notice());
    let mut reader = Reader::new(LIMIT);
    let (last, before) = line.split_last().unwrap();
    for octet in before {
        assert_eq!(reader.push(&[*octet]), Ok(None));
    }
    assert_eq!(reader.push(&[*last]), Ok(Some(notice())));
}

#[test]
fn keys_in_any_order_and_unknown_keys_are_read() {
    let read =
        read(b"NOTIFY %(NOVEL (a %(B c)) MESSAGE {2}\r\nhi CLASS \"MAIL\" FILEPATH \"\" OPTIONS NIL)\n");
    let expected = Notice { class: "MAIL".to_owned(), message: b"hi".to_vec(), ..Notice::default() };
    assert_eq!(read, Ok(Some(expected)));
}

#[test]
fn what_follows_the_line_is_ignored() {
    let mut reader = Reader::new(LIMIT);
    let mut octets = dlist::write(&notice());
    octets.extend(b"NOTIFY garbage \"");
    assert_eq!(reader.push(&octets), Ok(Some(notice())));
    assert_eq!(reader.push(b"\r\nNOTIFY %()\r\n"), Ok(None));
    assert_eq!(reader.held(), 0);
}

#[test]
fn broken_lines_are_refused_and_stay_refused() {
    for (line, expected) in [
        (&b"\r\n"[..], Malformed::NotNotify),
        (b"LOGOUT\r\n", Malformed::NotNotify),
        (b"NOTIFY\r\n", Malformed::NotNotify),
        (b"NOTIFY (CLASS x)\r\n", Malformed::NotNotify),
        (b"NOTIFY %(CLASS x\r\n", Malformed::Syntax),
        (b"NOTIFY %(CLASS (x))\r\n", Malformed::Syntax),
        (b"NOTIFY %(OPTIONS x)\r\n", Malformed::Syntax),
        (b"NOTIFY %(OPTIONS ((x)))\r\n", Malformed::Syntax),
        (b"NOTIFY %(CLASS \"x\ny\")\r\n", Malformed::Syntax),
        (b"NOTIFY %(USER {1}\r\n\xff)\r\n", Malformed::NotText("user")),
        (b"NOTIFY %(FILEPATH {1}\r\n\xff)\r\n", Malformed::NotText("file path")),
        (b"NOTIFY %(MESSAGE {x", Malformed::Literal),
        (b"NOTIFY %(MESSAGE {1}x", Malformed::Literal),
        (b"NOTIFY %(MESSAGE {12345678901", Malformed::Literal),
        (b"NOTIFY %(MESSAGE {70000}\r\n", Malformed::TooLarge),
    ] {
        let mut reader = Reader::new(LIMIT);
        assert_eq!(reader.push(line), Err(expected), "{}", line.escape_ascii());
        assert_eq!(reader.push(b"NOTIFY %()\r\n"), Err(expected));
        assert_eq!(reader.held(), 0);
    }
}

#[test]
fn octets_that_no_user_or_file_depends_on_are_read_as_far_as_they_go() {
    let read = read(b"NOTIFY %(CLASS SIEVE OPTIONS ({2}\r\na\xff))\r\n").unwrap().unwrap();
    assert_eq!(read.options, ["a\u{fffd}"]);
}

#[test]
fn more_options_than_anyone_writes_are_refused() {
    let line = format!("NOTIFY %(OPTIONS ({}))\r\n", "x ".repeat(MOST_OPTIONS + 1).trim_end());
    assert_eq!(read(line.as_bytes()), Err(Malformed::TooManyOptions));
}

#[test]
fn the_limit_is_exact_and_memory_stays_within_it() {
    let line = dlist::write(&notice());
    for size in [1, 7, line.len()] {
        let mut fits = Reader::new(line.len());
        let mut too_small = Reader::new(line.len() - 1);
        let mut outcomes = (Ok(None), Ok(None));
        for piece in line.chunks(size) {
            outcomes = (fits.push(piece), too_small.push(piece));
            assert!(fits.held() <= line.len() && too_small.held() < line.len());
        }
        assert_eq!(outcomes, (Ok(Some(notice())), Err(Malformed::TooLarge)));
    }
}

#[test]
fn an_endless_line_is_cut() {
    let mut reader = Reader::new(1000);
    let outcomes: Vec<_> = (0..300).map(|_| reader.push(b"NOTIFY")).collect();
    assert_eq!(outcomes[165], Ok(None));
    assert!(outcomes[166..].iter().all(|outcome| *outcome == Err(Malformed::TooLarge)));
}

/// Half a million pieces: a reader that began anew with each would not come to an end.
#[test]
fn a_large_literal_in_small_pieces_is_read_once() {
    let notice = Notice { class: "EVENT".to_owned(), message: vec![b'"'; 8 << 20], ..Notice::default() };
    let line = dlist::write(&notice);
    let mut reader = Reader::new(line.len());
    let mut read = None;
    for piece in line.chunks(16) {
        read = reader.push(piece).unwrap();
    }
    assert_eq!(read, Some(notice));
}
