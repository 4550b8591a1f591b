//! What a script can be made to say, in one table: what is sent for it and why the rest is not.

use mailbox_event::SieveNotification;

use super::line::{Line, NUMBER, notification, sms};

/// What comes of a notification: the text that is sent, if one is, and the reason that is counted, if one is.
struct Row {
    name: &'static str,
    notification: SieveNotification,
    sent: Option<Text>,
    reason: Option<&'static str>,
}

/// What the gateway is given.
enum Text {
    Is(&'static str),
    /// In so many parts.
    Parts(u32),
}

const SOME: Option<Text> = Some(Text::Is("x"));

fn row(name: &'static str, method: &str, sent: Option<Text>, reason: Option<&'static str>) -> Row {
    Row { name, notification: sms(&[method], "x"), sent, reason }
}

fn old(name: &'static str, number: &str, sent: Option<Text>, reason: Option<&'static str>) -> Row {
    Row { name, notification: sms(&["sms", number], "x"), sent, reason }
}

fn words(name: &'static str, words: &str, sent: Text) -> Row {
    Row { name, notification: sms(&["sms:+4915112345678"], words), sent: Some(sent), reason: None }
}

fn numbers() -> Vec<Row> {
    let fifty: Vec<_> = (0..50).map(|nth| format!("+49151123456{nth:02}")).collect();
    let fifty = format!("sms:{NUMBER},{}", fifty.join(","));
    vec![
        row("international", "sms:+4915112345678", SOME, None),
        row("with signs", "sms:+49-151-1234.5678", SOME, None),
        row("with brackets", "tel:+49(151)12345678", SOME, None),
        row("with escapes", "sms:%2B4915112345678", SOME, None),
        row("with a context", "tel:15112345678;phone-context=+49", SOME, None),
        row("in capitals", "SMS:+4915112345678", SOME, None),
        row("twice in two shapes", "sms:+4915112345678,+49-15112345678", SOME, None),
        old("national", "015112345678", SOME, None),
        old("national with signs", "(0151) 1234-5678", SOME, None),
        old("without its plus", "4915112345678", SOME, None),
        old("with the exit code", "004915112345678", SOME, None),
        row("an extension", "tel:+4915112345678;ext=5", None, Some("Method")),
        row("a context that is a domain", "tel:0151;phone-context=example.org", None, Some("Method")),
        row("nobody", "sms:", None, Some("Method")),
        row("letters", "sms:+49-CALL-ME", None, Some("Malformed")),
        row("too long", "sms:+491511234567812345", None, Some("Malformed")),
        row("of other digits", "sms:+٤٩١٥١١٢٣٤٥٦٧٨", None, Some("Malformed")),
        row("another's", "sms:+4915112345679", None, Some("Unverified")),
        row("premium rate", "sms:+499001234567", None, Some("Unverified")),
        row("premium rate, the user's own", "sms:+491805123456", None, Some("Forbidden")),
        row("foreign", "sms:+442071838750", None, Some("Unverified")),
        row("foreign, the user's own", "sms:+12015550123", None, Some("Forbidden")),
        row("a satellite", "sms:+881612345678", None, Some("Unverified")),
        row("fifty", &fifty, SOME, Some("TooMany")),
    ]
}

fn uris() -> Vec<Row> {
    vec![
        row(
            "a line break in the number",
            "sms:+4915112345678%0d%0aBcc:+12015550123",
            None,
            Some("Malformed"),
        ),
        row("a field that is none", "sms:+4915112345678?to=+12015550123&from=+1", SOME, None),
        row("no UTF-8", "sms:+49%ff", None, Some("Method")),
        row("a form's field", "sms:+4915112345678&To=+12015550123", None, Some("Malformed")),
        row("another scheme", "xmpp:+4915112345678", None, Some("Method")),
        Row {
            name: "a megabyte of URI",
            notification: sms(&[&format!("sms:{}", "+4915112345678,".repeat(65_000))], "x"),
            sent: None,
            reason: Some("Method"),
        },
    ]
}

fn texts() -> Vec<Row> {
    let huge = format!("Subject: {}\r\n\r\n{}", "s".repeat(500_000), "b".repeat(500_000));
    let silent = notification("sms:+4915112345678", &[], "", b"");
    vec![
        words("line breaks", "one\r\nBcc: two\0\u{7}", Text::Is("one\nBcc: two")),
        words("a form's signs", "a&To=%2B1&b=c", Text::Is("a&To=%2B1&b=c")),
        words("emoji", "Party 🎉🎉", Text::Is("Party 🎉🎉")),
        words("many emoji", &"🎉".repeat(1_000), Text::Parts(3)),
        words("right to left", "שלום עולם", Text::Is("שלום עולם")),
        words("a direction that is turned", "abc\u{202e}cba\u{2066}", Text::Is("abccba")),
        words("a curly quote that would cost a part", &format!("It’s {}", "y".repeat(100)), Text::Parts(1)),
        words("a megabyte", &"word ".repeat(200_000), Text::Parts(3)),
        words("a megabyte of marks", &format!("a{}", "\u{301}".repeat(500_000)), Text::Parts(1)),
        Row {
            name: "a message of a megabyte, summarised",
            notification: notification("sms:+4915112345678", &["summarise"], "x", huge.as_bytes()),
            sent: Some(Text::Parts(3)),
            reason: None,
        },
        Row {
            name: "nothing to say",
            notification: silent,
            sent: Some(Text::Is("One more message")),
            reason: None,
        },
        Row {
            name: "options without sense",
            notification: sms(&["sms:+4915112345678", "length", "0", "segments=-1", "squeeze"], "x"),
            sent: SOME,
            reason: None,
        },
    ]
}

#[tokio::test]
async fn each_row_is_sent_as_it_says_to_alice_alone_and_what_is_not_is_counted() {
    let line = Line::start(|settings| {
        settings.sieve.hourly_per_user = 1_000;
        settings.sieve.hourly_per_destination = 1_000;
    })
    .await;
    line.credit(1_000).await;
    for (sequence, row) in (1..).zip(numbers().into_iter().chain(uris()).chain(texts())) {
        let Row { name, notification, sent, reason } = row;
        let before: Vec<u64> = reason.iter().map(|reason| line.untold(reason).parse().unwrap()).collect();
        let taken = line.gateway.messages().len();
        line.notify(sequence, notification).await;
        line.done(sequence).await;
        let messages = line.gateway.messages();
        match (&sent, messages.get(taken)) {
            (None, None) => {}
            (Some(expected), Some(message)) => {
                assert_eq!((messages.len(), message.to.as_str()), (taken + 1, NUMBER), "{name}");
                match expected {
                    Text::Is(text) => assert_eq!(message.text, *text, "{name}"),
                    Text::Parts(parts) => assert_eq!(message.segments, *parts, "{name}"),
                }
            }
            (expected, _) => {
                panic!("{name}: {}", if expected.is_some() { "nothing is sent" } else { "it is sent" })
            }
        }
        for (reason, before) in reason.iter().zip(before) {
            assert!(line.untold(reason).parse::<u64>().unwrap() > before, "{name}: {reason} is not counted");
        }
    }
    assert_eq!(line.metric("notifyd_texts_miscounted_total"), "0");
    let paid: u32 = line.gateway.messages().iter().map(|message| message.segments).sum();
    assert_eq!(line.credit_left().await, (1_000 - u64::from(paid), 0));
}
