use super::*;

fn written(name: &str, link: Option<&str>, event: Option<&str>) -> String {
    let mail = Mail {
        subject: format!("Lunch {}", "é".repeat(200)),
        text: "x".repeat(5000) + "\nä\n",
        html: "<p>ä".into(),
        language: "pt-BR",
    };
    let from = Sender { address: "calendar@example.org".parse().unwrap(), name: name.into() };
    let to = "bob@example.org".parse().unwrap();
    let (event, message_id) = (event.map(str::to_owned), "<1@example.org>");
    let draft = Draft {
        mail,
        from: &from,
        to: &to,
        message_id,
        mute_link: link,
        event,
        auto_submitted: AutoSubmitted::Generated,
    };
    String::from_utf8(write(draft, UnixMillis(0)).unwrap()).unwrap()
}

#[test]
fn every_line_is_ascii_and_short() {
    let event = "BEGIN:VCALENDAR\r\nSUMMARY:ä\r\nEND:VCALENDAR\r\n";
    for mail in
        [written("Kalender für alle", None, None), written("", Some("https://example.org/m"), Some(event))]
    {
        assert!(mail.is_ascii());
        assert!(mail.split("\r\n").all(|line| line.len() <= 78 && !line.contains(['\r', '\n'])), "{mail}");
        assert!(mail.contains("\r\nContent-Language: pt-BR\r\n"), "{mail}");
        assert!(mail.contains("\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\n"), "{mail}");
        assert!(mail.contains("\r\nMessage-ID: <1@example.org>\r\n"), "{mail}");
    }
}

#[test]
fn names_are_quoted_or_encoded() {
    for (name, expected) in [
        ("Calendar", "From: Calendar <calendar@example.org>\r\n"),
        ("Doe, John", "From: =?utf-8?b?RG9lLCBKb2hu?= <calendar@example.org>\r\n"),
        ("My Calendar", "From: \"My Calendar\" <calendar@example.org>\r\n"),
        ("Müller", "From: =?utf-8?b?TcO8bGxlcg==?= <calendar@example.org>\r\n"),
        ("", "From: calendar@example.org\r\n"),
    ] {
        let mail = written(name, None, None);
        let from = mail.find("From: ").map(|start| &mail[start..]).unwrap();
        assert!(from.starts_with(expected), "{}", &from[..from.len().min(100)]);
    }
}

#[test]
fn one_click_is_offered_over_https_alone() {
    let mail = written("", Some("https://example.org/m/1"), None);
    assert!(mail.contains("List-Unsubscribe: <https://example.org/m/1>\r\n"), "{mail}");
    assert!(mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{mail}");
    let mail = written("", Some("http://127.0.0.1:8085/1"), None);
    assert!(mail.contains("List-Unsubscribe: ") && !mail.contains("List-Unsubscribe-Post"), "{mail}");
    assert!(!written("", None, None).contains("List-Unsubscribe"));
}

#[test]
fn event_is_attached_beside_the_alternatives() {
    let mail = written("", None, Some("BEGIN:VCALENDAR\r\n"));
    let places = [
        "Content-Type: multipart/mixed;",
        "Content-Type: multipart/alternative;",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
        "Content-Type: text/calendar; charset=utf-8; component=VEVENT",
    ]
    .map(|kind| mail.find(kind).unwrap_or_else(|| panic!("{kind} is not in {mail}")));
    assert!(places.is_sorted(), "{mail}");
    assert!(mail.contains("Content-Disposition: attachment; filename=\"event.ics\"\r\n"), "{mail}");
    assert!(written("", None, None).contains("\r\nContent-Type: multipart/alternative;"));
}

#[test]
fn owner_is_named_whole_or_by_a_token() {
    let shown = |owner: &str| AutoSubmitted::Notified { owner: owner.to_owned() }.value();
    assert_eq!(shown("alice@example.org"), "auto-notified; owner-email=\"alice@example.org\"");
    let others = ["jürgen@example.org", "jrgen\"@example.org", "j\\rgen@example.org", "jörgen@example.org"];
    let tokens = others.map(|owner| {
        let shown = shown(owner);
        let (start, token) = shown.split_once('=').unwrap();
        assert_eq!(start, "auto-notified; owner-token", "{owner}");
        assert!(token.len() == 32 && token.bytes().all(|octet| octet.is_ascii_hexdigit()), "{token}");
        token.to_owned()
    });
    assert_eq!(std::collections::BTreeSet::from(tokens).len(), others.len());
    assert_eq!(shown(others[0]), shown(others[0]));
}
