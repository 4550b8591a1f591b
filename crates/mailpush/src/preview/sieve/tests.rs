use notifyd::overrides;
use store::Store;
use tempfile::TempDir;
use wording::Language;

use super::*;

const MESSAGE: &str =
    "From: Robert <r@example.org>\r\nSubject: lunch\r\nMessage-ID: <1@example.org>\r\n\r\nHungry?\r\n";
const CONFIG: &str = "[notifyd.sieve.methods]\nchat = 'https://hooks.example.org/chat'\npager = 'sms'\nlog = 'ignore'\n[notifyd.webhook]\n\
    hosts = ['hooks.example.org']\nsecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'\n\
    [notifyd.sms]\nfrom = 'Mailbox'\nhome = 'DE'\ncountries = ['DE', 'FR']\nprices = { FR = 3 }\n\
    gateway.webhook = { url = 'https://sms.example.org/', secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }\n";

async fn told(change: impl FnOnce(&mut SieveOptions, &Path)) -> Result<String, Error> {
    let folder = TempDir::new().unwrap();
    let (message, config) = (folder.path().join("message"), folder.path().join("mailpush.toml"));
    fs::write(&message, MESSAGE).unwrap();
    fs::write(&config, CONFIG).unwrap();
    let mut options = SieveOptions {
        config: Some(config),
        message: Some(message),
        text: Some("Look".to_owned()),
        ..SieveOptions::default()
    };
    change(&mut options, folder.path());
    let german = Reader::of(Language::German);
    let reader = options.user.is_none().then_some(&german);
    show(&options, &overrides::load(None).unwrap(), reader).await
}

async fn by(method: &str) -> String {
    told(|options, _| options.method = Some(method.to_owned())).await.unwrap()
}

#[tokio::test]
async fn mail_is_told_as_it_reads() {
    let told = told(|options, _| {
        options.method = Some("mailto".to_owned());
        options.option = vec!["phone@example.net,bob@example.net?subject=Ping".to_owned()];
    })
    .await
    .unwrap();
    assert_eq!(told.matches("Subject: Look\n").count(), 2, "{told}");
    for part in
        ["to <phone@example.net>", "to <bob@example.net>", "owner-email=\"alice@example.org\"", "Robert"]
    {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

#[tokio::test]
async fn a_host_that_is_none_is_told_as_a_wrong_configuration() {
    let told = told(|options, folder| {
        let config = folder.join("mailpush.toml");
        fs::write(&config, CONFIG.replace("hooks.example.org'", "*.localhost'")).unwrap();
        options.method = Some("https://hooks.example.org/chat".to_owned());
    });
    let why = told.await.unwrap_err();
    assert!(matches!(why, Error::Preview(PreviewError::Hosts(_))) && why.exit() == Exit::Usage, "{why}");
}

#[tokio::test]
async fn post_is_told_with_its_headers_and_body() {
    for method in ["https://hooks.example.org/chat", "chat"] {
        let told = by(method).await;
        assert!(told.starts_with("POST https://hooks.example.org/chat\n"), "{told}");
        let (head, body) = told.split_once("\n\n").unwrap();
        assert!(head.contains("\nwebhook-signature: v1,") && head.contains("\nidempotency-key: "), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["data"]["text"], &body["data"]["subject"]), (&"Look".into(), &"lunch".into()));
    }
}

#[tokio::test]
async fn why_nothing_is_sent_is_told() {
    for (method, why) in [
        ("https://elsewhere.example/", "host is not allowed"),
        ("https://hooks.example.org:22/", "port is not allowed"),
        ("xmpp:a@example.org", "scheme that is not supported"),
        ("log", "ignore"),
        ("other", "does not know the method"),
    ] {
        let told = by(method).await;
        assert!(told.starts_with("nothing: ") && told.contains(why), "{told}");
    }
    let program = told(|options, folder| {
        options.method = Some("chat".to_owned());
        fs::write(folder.join("message"), format!("Auto-Submitted: auto-replied\r\n{MESSAGE}")).unwrap();
    });
    assert!(program.await.unwrap().starts_with("nothing: the message was sent by a program"));
}

#[tokio::test]
async fn event_as_a_dead_letter_shows_it_is_read() {
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
    assert!(captured.await.unwrap().starts_with("POST https://hooks.example.org/chat\n"));
    let nothing = told(|_, _| {}).await.unwrap_err();
    assert!(matches!(nothing, Error::Nothing) && nothing.exit() == Exit::Usage);
    let none = told(|options, folder| options.event = Some(folder.join("message"))).await.unwrap_err();
    assert!(matches!(none, Error::Event(..)) && none.exit() == Exit::Usage);
}

#[tokio::test]
async fn text_is_told_with_its_parts_its_price_and_who_may_not_have_it() {
    let told = told(|options, _| {
        options.method = Some("sms:+4915112345678,+33612345678,+12015550123,+491805123456,ann".to_owned());
        options.text = Some("ж".repeat(71));
    });
    let told = told.await.unwrap();
    let expected = format!(
        "text message from Mailbox: UCS-2, 2 segments\n\
         to +4915112345678: costs 2, if it is the user's\n\
         to +33612345678: costs 6, if it is the user's\n\
         not to +12015550123: number's country is not allowed\n\
         not to +491805123456: number is of a kind that is not sent texts\n\
         not to ann: it is no telephone number\n\n{}\n",
        "ж".repeat(71)
    );
    assert_eq!(told, expected);
    assert!(by("pager").await.starts_with("a text message to the user's first number"));
}

#[tokio::test]
async fn of_a_user_the_database_knows_language_numbers_and_credit() {
    for (method, lines) in [
        (
            "sms:0151-12345678,+33612345678",
            ["to +4915112345678: costs 1", "not to +33612345678: it is none of the user's numbers"],
        ),
        ("pager", ["to +4915112345678: costs 1", "credit: 0 segments, which does not reach"]),
    ] {
        let folder = TempDir::new().unwrap();
        let (config, file) = (folder.path().join("mailpush.toml"), folder.path().join("effects.db"));
        fs::write(&config, format!("data = '{}'\n{CONFIG}", folder.path().display())).unwrap();
        let store = Store::open(&store::Settings::default(), &file).await.unwrap();
        store.check().await.unwrap();
        let database = rusqlite::Connection::open(&file).unwrap();
        let rows = "INSERT INTO recipient_numbers VALUES ('alice@example.org', '+4915112345678');
            INSERT INTO recipients (user_id, language) VALUES ('alice@example.org', 'fr')";
        database.execute_batch(rows).unwrap();
        let told = told(|options, _| {
            options.config = Some(config);
            options.user = Some("alice@example.org".to_owned());
            options.method = Some(method.to_owned());
        });
        let told = told.await.unwrap();
        for line in lines.iter().copied().chain(["text message from Mailbox: GSM 7-bit, 1 segment", "Look"]) {
            assert!(told.lines().any(|told| told == line), "{line:?} is not in {told}");
        }
    }
    let nowhere = told(|options, folder| {
        fs::write(folder.join("mailpush.toml"), format!("data = '{}'\n{CONFIG}", folder.display())).unwrap();
        options.user = Some("alice@example.org".to_owned());
        options.method = Some("mailto".to_owned());
    });
    assert!(matches!(nowhere.await, Err(Error::Ledger(ledger::Error::Missing(_)))));
}
