use notifyd::overrides;
use tempfile::TempDir;
use wording::Language;

use super::*;

const MESSAGE: &str =
    "From: Robert <r@example.org>\r\nSubject: lunch\r\nMessage-ID: <1@example.org>\r\n\r\nHungry?\r\n";
const CONFIG: &str = "[notifyd.sieve.methods]\nchat = 'https://hooks.example.org/chat'\nlog = 'ignore'\n[notifyd.webhook]\n\
    hosts = ['hooks.example.org']\nsecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'\n";

fn told(change: impl FnOnce(&mut SieveOptions, &Path)) -> Result<String, Error> {
    let folder = TempDir::new().unwrap();
    let (message, config) = (folder.path().join("message"), folder.path().join("mailpush.toml"));
    fs::write(&message, MESSAGE).unwrap();
    fs::write(&config, CONFIG).unwrap();
    let mut options = SieveOptions {
        config: Some(config),
        message: Some(message),
        text: "Look".to_owned(),
        user: "alice@example.org".to_owned(),
        ..SieveOptions::default()
    };
    change(&mut options, folder.path());
    show(&options, &overrides::load(None).unwrap(), &Reader::of(Language::German))
}

fn by(method: &str) -> String {
    told(|options, _| options.method = Some(method.to_owned())).unwrap()
}

#[test]
fn mail_is_told_as_it_reads() {
    let told = told(|options, _| {
        options.method = Some("mailto".to_owned());
        options.option = vec!["phone@example.net,bob@example.net?subject=Ping".to_owned()];
    })
    .unwrap();
    assert_eq!(told.matches("Subject: Look\n").count(), 2, "{told}");
    for part in
        ["to <phone@example.net>", "to <bob@example.net>", "owner-email=\"alice@example.org\"", "Robert"]
    {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

#[test]
fn post_is_told_with_its_headers_and_body() {
    for method in ["https://hooks.example.org/chat", "chat"] {
        let told = by(method);
        assert!(told.starts_with("POST https://hooks.example.org/chat\n"), "{told}");
        let (head, body) = told.split_once("\n\n").unwrap();
        assert!(head.contains("\nwebhook-signature: v1,") && head.contains("\nidempotency-key: "), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["data"]["text"], &body["data"]["subject"]), (&"Look".into(), &"lunch".into()));
    }
}

#[test]
fn why_nothing_is_sent_is_told() {
    for (method, why) in [
        ("https://elsewhere.example/", "host is not allowed"),
        ("https://hooks.example.org:22/", "port is not allowed"),
        ("xmpp:a@example.org", "scheme that is not supported"),
        ("log", "ignore"),
        ("other", "does not know the method"),
    ] {
        let told = by(method);
        assert!(told.starts_with("nothing: ") && told.contains(why), "{told}");
    }
    let program = told(|options, folder| {
        options.method = Some("chat".to_owned());
        fs::write(folder.join("message"), format!("Auto-Submitted: auto-replied\r\n{MESSAGE}")).unwrap();
    });
    assert!(program.unwrap().starts_with("nothing: the message was sent by a program"));
}

#[test]
fn event_as_a_dead_letter_shows_it_is_read() {
    let captured = told(|options, folder| {
        let made = SieveOptions { method: Some("chat".to_owned()), ..options.clone() };
        let event = made_up(&made, UnixMillis(1_795_356_000_000)).unwrap();
        let file = folder.join("event.json");
        let event = serde_json::to_string_pretty(&event).unwrap();
        // With what is shown above it.
        fs::write(
            &file,
            format!("group: webhook\nnumber: 7\nreason: host answered 404\ncontent: \n{event}\n"),
        )
        .unwrap();
        options.event = Some(file);
    });
    assert!(captured.unwrap().starts_with("POST https://hooks.example.org/chat\n"));
    let nothing = told(|_, _| {}).unwrap_err();
    assert!(matches!(nothing, Error::Nothing) && nothing.is_command_line());
    let none = told(|options, folder| options.event = Some(folder.join("message"))).unwrap_err();
    assert!(matches!(none, Error::Event(..)) && none.is_command_line());
}
