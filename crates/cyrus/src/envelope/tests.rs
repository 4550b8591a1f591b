use super::*;

fn address(name: &str, mailbox: &str, host: &str) -> Address {
    let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Address { name: said(name), mailbox: said(mailbox), host: said(host) }
}

/// An envelope with this subject and these senders.
fn with(subject: &str, from: &str) -> Envelope {
    parse(&format!("(NIL {subject} {from} NIL NIL NIL NIL NIL NIL NIL)")).unwrap()
}

#[test]
fn every_part_has_its_place() {
    let address_of = |name: &str| format!(r#"((NIL NIL "{name}" "e.org"))"#);
    let lists = ["from", "sender", "reply", "to", "cc", "bcc"].map(address_of).join(" ");
    let envelope = parse(&format!(r#"("Sun, 22 Nov" "Hi" {lists} "<parent@e>" "<own@e>")"#)).unwrap();
    let list = |name: &str| vec![address("", name, "e.org")];
    let expected = Envelope {
        date: Some("Sun, 22 Nov".to_owned()),
        subject: Some("Hi".to_owned()),
        from: list("from"),
        sender: list("sender"),
        reply_to: list("reply"),
        to: list("to"),
        cc: list("cc"),
        bcc: list("bcc"),
        in_reply_to: Some("<parent@e>".to_owned()),
        message_id: Some("<own@e>".to_owned()),
    };
    assert_eq!(envelope, expected);
}

#[test]
fn subjects_are_read_in_every_form() {
    for (subject, expected) in [
        ("NIL", None),
        ("\"\"", None),
        ("\"NIL\"", Some("NIL")),
        (r#""a \"b\" \\ c""#, Some(r#"a "b" \ c"#)),
        ("{22}\r\nHe said \\\"hi\\\" (twice)", Some("He said \\\"hi\\\" (twice)")),
        ("{5+}\r\ncafé", Some("café")),
        ("{0}\r\n", None),
        (r#""=?utf-8?q?Gr=C3=BC=C3=9Fe?=""#, Some("Grüße")),
        ("{34}\r\n=?utf-8?q?one?=\r\n\t=?utf-8?q?_two?=", Some("one two")),
        ("{12}\r\nfolded\r\n one", Some("folded one")),
    ] {
        assert_eq!(with(subject, "NIL").subject.as_deref(), expected, "{subject}");
    }
}

#[test]
fn addresses_are_read_and_group_markers_left_out() {
    for (from, expected) in [
        ("NIL", vec![]),
        ("()", vec![]),
        (
            r#"(("Robert Norris" NIL "robn" "")(NIL "@a,@b" "x" "y"))"#,
            vec![address("Robert Norris", "robn", ""), address("", "x", "y")],
        ),
        (r#"(("=?utf-8?q?J=C3=B6rg?= M" NIL "joerg" "e.org"))"#, vec![address("Jörg M", "joerg", "e.org")]),
        (
            r#"((NIL NIL "friends" NIL) ("A" NIL "a" "e.org") (NIL NIL NIL NIL) (NIL NIL "b" "e.org"))"#,
            vec![address("A", "a", "e.org"), address("", "b", "e.org")],
        ),
        (r#"((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL))"#, vec![]),
    ] {
        assert_eq!(with("NIL", from).from, expected, "{from}");
    }
}

#[test]
fn the_seeds_envelope_is_read() {
    let text = r#"("Wed, 03 Dec 2014 08:49:40 +1100" "Re: Blog day 3: Push it real good" (("Robert Norris" NIL "robn" "")) (("Robert Norris" NIL "robn" "")) (("Robert Norris" NIL "robn" "")) ((NIL NIL "staff" "")) NIL NIL "<>" "<>")"#;
    let envelope = parse(text).unwrap();
    assert_eq!(envelope.subject.as_deref(), Some("Re: Blog day 3: Push it real good"));
    assert_eq!(envelope.from, [address("Robert Norris", "robn", "")]);
    assert_eq!(envelope.to, [address("", "staff", "")]);
}

#[test]
fn what_is_no_envelope_is_refused() {
    for text in [
        "",
        "NIL",
        "()",
        "(NIL NIL)",
        "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)",
        "(NIL NIL x NIL NIL NIL NIL NIL NIL NIL)",
        "(NIL NIL ((NIL NIL a)) NIL NIL NIL NIL NIL NIL NIL)",
        "(NIL (x) NIL NIL NIL NIL NIL NIL NIL NIL)",
        "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) x",
        "(NIL {4+}\r\ncafé NIL NIL NIL NIL NIL NIL NIL NIL)",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}
