use super::*;

fn read(message: &str) -> Facts {
    Facts::read(message.replace('\n', "\r\n").as_bytes())
}

#[test]
fn a_plain_message() {
    let facts = read(
        "Return-Path: <robn@example.org>\nFrom: Robert Norris <robn@example.org>\nSubject: caf=?utf-8?q?=C3=A9?= menu\n\
         Message-ID: <1@example.org>\n\nFirst line.\nSecond.\n",
    );
    assert_eq!(
        (facts.sender.as_str(), facts.message_id.as_deref()),
        ("Robert Norris", Some("1@example.org"))
    );
    assert_eq!(facts.text, "First line.\r\nSecond.\r\n");
    assert!(!facts.is_auto_submitted && !facts.has_null_sender);
}

#[test]
fn an_address_stands_for_a_missing_name() {
    assert_eq!(read("From: robn@example.org\n\nx\n").sender, "robn@example.org");
    assert_eq!(read("From: \"\" <robn@example.org>\n\nx\n").sender, "robn@example.org");
    assert_eq!(read("Subject: x\n\nx\n").sender, "");
}

#[test]
fn a_message_in_shift_jis_is_read() {
    let mut message =
        b"From: =?ISO-2022-JP?B?GyRCOzNFRBsoQg==?= <y@example.jp>\r\nSubject: =?Shift_JIS?B?gqCCog==?=\r\n\
        Content-Type: text/plain; charset=Shift_JIS\r\n\r\n"
            .to_vec();
    message.extend(b"\x93\xfa\x96{\x8c\xea\r\n");
    let facts = Facts::read(&message);
    assert_eq!(
        (facts.sender.as_str(), facts.subject.as_str(), facts.text.trim_end()),
        ("山田", "あい", "日本語")
    );
}

#[test]
fn html_is_read_as_text_and_a_picture_as_nothing() {
    let html = read(
        "Content-Type: text/html\n\n<style>p{color:red}</style><p>Hello <b>you</b></p><script>x()</script>\n",
    );
    assert_eq!(html.text.trim_end(), "Hello you");
    let picture =
        read("Subject: x\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n");
    assert_eq!((picture.subject.as_str(), picture.text.as_str()), ("x", ""));
}

#[test]
fn the_first_part_that_says_something_counts() {
    let facts = read(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n  \n\n--b\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9\n--b--\n",
    );
    assert_eq!(facts.text.trim_end(), "café");
}

#[test]
fn a_message_from_nobody_is_known_by_its_return_path() {
    assert!(read("Return-Path: <>\nFrom: MAILER-DAEMON@example.org\n\nx\n").has_null_sender);
    assert!(!read("From: a@example.org\n\nx\n").has_null_sender);
    let one_below = "Return-Path: <a@example.org>\nReturn-Path: <>\nFrom: a@example.org\n\nx\n";
    assert!(!read(one_below).has_null_sender, "what the sender wrote there does not count");
}

#[test]
fn what_was_cut_off_or_is_no_message_is_read_as_far_as_it_goes() {
    let cut = read(
        "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nHello wor",
    );
    assert_eq!((cut.subject.as_str(), cut.text.trim_end()), ("x", "Hello wor"));
    let nested = read(
        "Content-Type: multipart/mixed; boundary=\"a b\"\n\n--a b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nHello wor",
    );
    assert_eq!(nested.text.trim_end(), "Hello wor");
    assert_eq!(Facts::read(b""), Facts::default());
    Facts::read(&[0xff; 70_000]);
    assert!(read(&format!("Subject: x\n\n{}", "y".repeat(1_000_000))).text.len() <= MOST_TEXT);
}
