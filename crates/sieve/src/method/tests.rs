use proptest::prelude::*;

use super::*;
use crate::Facts;

fn options(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn parse(method: &str, words: &[&str]) -> Result<Method, Unsupported> {
    Method::parse(method, &options(words)).map(|(method, _)| method)
}

fn mail(method: &str, words: &[&str]) -> Mailto {
    match parse(method, words) {
        Ok(Method::Mail(mailto)) => mailto,
        other => panic!("{other:?}"),
    }
}

fn numbers(method: &str, words: &[&str]) -> Result<Vec<String>, Unsupported> {
    match parse(method, words)? {
        Method::Text(texting) => Ok(texting.numbers),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cyrus_sends_is_understood() {
    let with_subject = mail("mailto", &["alice-phone@example.net?subject=Ping"]);
    assert_eq!(with_subject.to, ["alice-phone@example.net"]);
    assert_eq!(with_subject.subject.as_deref(), Some("Ping"));
    assert_eq!(numbers("sms:+15551230000", &["summarise", "1", "squeeze"]).unwrap(), ["+15551230000"]);
    let old = options(&["15551230000", "squeeze"]);
    let (method, rest) = Method::parse("sms", &old).unwrap();
    assert_eq!(method, Method::Text(Texting { numbers: options(&["15551230000"]), ..Texting::default() }));
    assert_eq!(rest, ["squeeze"]);
    assert_eq!(parse("pusher", &[]), Ok(Method::Plain));
    assert_eq!(mail("mailto:a@example.org", &[]).to, ["a@example.org"]);
}

#[test]
fn a_mailto_uri_is_decoded_once_and_only_harmless_fields_count() {
    let mailto = mail(
        "mailto",
        &[
            "A%20b%40x@example.org,gorby%25kremvax@example.com?to=c@example.org&cc=d@example.org&SUBJECT=a%0D%0ABcc:%20x&body=1%0D%0A2\
           &from=evil@example.org&Auto-Submitted=no&Received=x&message-id=x&date=x&bcc=h@example.org&sender=x&x-y=z#f",
        ],
    );
    // Quoted or spaced addresses are none of ours.
    assert_eq!(mailto.to, ["gorby%kremvax@example.com", "c@example.org"]);
    assert_eq!((mailto.cc, mailto.left_out), (options(&["d@example.org"]), 1));
    assert_eq!(mailto.subject.as_deref(), Some("a\r\nBcc: x"));
    assert_eq!(mailto.body.as_deref(), Some("1\n2"));
}

#[test]
fn a_field_that_makes_no_sense_is_left_out_alone() {
    let mailto = mail("mailto", &["a@example.org?subject=%ff&x-other=%ff&%ff=x&cc=b@example.org&body=hello"]);
    assert_eq!((mailto.to, mailto.cc), (options(&["a@example.org"]), options(&["b@example.org"])));
    assert_eq!((mailto.subject, mailto.body.as_deref()), (None, Some("hello")));
    assert_eq!(numbers("sms:+15105550101?x=%ff&body=hello", &[]).unwrap(), ["+15105550101"]);
    assert_eq!(parse("mailto", &["%ff@example.org?subject=x"]), Err(Unsupported::Malformed));
    assert_eq!(parse("mailto", &["?to=%ff@example.org"]), Err(Unsupported::NoDestination));
}

#[test]
fn no_more_than_a_handful_is_notified_at_once() {
    let fifty: Vec<String> = (0..50).map(|n| format!("a{n}@example.org")).collect();
    let mailto = mail("mailto", &[&fifty.join(",")]);
    assert_eq!((mailto.to.len(), mailto.left_out), (MOST_DESTINATIONS, 50 - MOST_DESTINATIONS));
    let fifty: Vec<String> = (0..50).map(|n| format!("+1555123{n:04}")).collect();
    assert_eq!(numbers(&format!("sms:{}", fifty.join(",")), &[]).unwrap().len(), MOST_DESTINATIONS);
    assert_eq!(numbers("sms:+1555,+1555", &[]).unwrap().len(), 1);
}

#[test]
fn numbers_come_in_every_form_of_the_rfcs() {
    let rows: [(&str, Result<&[&str], Unsupported>); 13] = [
        ("sms:+15105550101,+15105550102", Ok(&["+15105550101", "+15105550102"])),
        ("sms:+15105550101?body=hello%20there", Ok(&["+15105550101"])),
        ("SMS:%2B15105550101", Ok(&["+15105550101"])),
        ("tel:+1-201-555-0123", Ok(&["+1-201-555-0123"])),
        ("tel:7042;phone-context=+1-201-555", Ok(&["+1-201-5557042"])),
        ("tel:863-1234;phone-context=example.com", Err(Unsupported::Malformed)),
        ("tel:+1-201-555-0123;ext=12", Err(Unsupported::Malformed)),
        ("tel:7042;phone-context=+1-201-555;ext=12", Err(Unsupported::Malformed)),
        ("tel:7042;isub=12;phone-context=+1-201-555", Err(Unsupported::Malformed)),
        ("tel:7042;phone-context=+1-201-555;cpc=operator#x", Ok(&["+1-201-5557042"])),
        ("sms:+15105550101#x", Ok(&["+15105550101"])),
        ("sms:", Err(Unsupported::NoDestination)),
        ("sms:%ff", Err(Unsupported::Malformed)),
    ];
    for (uri, expected) in rows {
        assert_eq!(numbers(uri, &[]), expected.map(options), "{uri}");
    }
}

#[test]
fn a_hook_is_a_web_address_without_a_login() {
    assert!(matches!(parse("https://hooks.example.org/x?y=z", &[]), Ok(Method::Post(_))));
    for uri in ["https:", "https://", "https://u:p@example.org/", "https://u@example.org/"] {
        assert_eq!(parse(uri, &[]), Err(Unsupported::Malformed), "{uri}");
    }
    for uri in ["http://example.org/", "xmpp:a@example.org", "javascript:alert(1)", "file:///etc/passwd", ":"]
    {
        assert_eq!(parse(uri, &[]), Err(Unsupported::Scheme), "{uri}");
    }
}

#[test]
fn what_names_nobody_is_refused() {
    for (method, words) in
        [("mailto", &[][..]), ("sms", &[]), ("mailto", &["?subject=x"]), ("mailto", &["not an address"])]
    {
        assert_eq!(parse(method, words), Err(Unsupported::NoDestination), "{method} {words:?}");
    }
    assert_eq!(parse("mailto", &[&"a".repeat(1_000_000)]), Err(Unsupported::Malformed));
}

proptest! {
    #[test]
    fn no_address_can_end_a_header(uri in "\\PC{0,80}|([a-z@,?&=%0-9A-F\r\n<>]|cc=|to=){0,60}") {
        if let Ok((Method::Mail(mailto), _)) = Method::parse("mailto", &[uri]) {
            for address in mailto.to.iter().chain(&mailto.cc) {
                prop_assert!(!address.contains(['\r', '\n', ',', '<', '>', ' ', '"']) && address.contains('@'));
            }
        }
    }
}

#[test]
fn what_is_shown_for_a_log_holds_no_destination_and_no_word() {
    let options = ["phone@example.net?subject=secret".to_owned()];
    let facts = Facts::read(b"From: Secret <phone@example.net>\r\nSubject: secret\r\n\r\nsecret\r\n");
    let mut shown = format!("{facts:?}");
    for method in ["mailto", "sms:+4915112345678?body=secret", "https://example.net/secret"] {
        shown.push_str(&format!("{:?}", Method::parse(method, &options).unwrap().0));
    }
    for private in ["phone", "secret", "4915", "Secret", "example"] {
        assert!(!shown.contains(private), "{shown}");
    }
}

#[test]
fn a_fragment_is_no_part_of_what_a_text_says() {
    let (method, _) = Method::parse("sms:+15105550101?body=room%20%231#x", &[]).unwrap();
    let Method::Text(texting) = method else { panic!("{method:?}") };
    assert_eq!(texting.body.as_deref(), Some("room #1"));
}
