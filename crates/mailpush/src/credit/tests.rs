use store::Sms;
use tempfile::TempDir;

use super::*;

const KEY: &[&str] = &["a message"];

struct Site {
    folder: TempDir,
    store: Store,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mailpush.toml");
        std::fs::write(&file, format!("data = {:?}\ndefault_domain = 'example.org'", folder.path())).unwrap();
        let store =
            Store::open(&store::Settings::default(), &folder.path().join("effects.db")).await.unwrap();
        Self { folder, store }
    }

    async fn run(&self, what: What) -> Result<String, Error> {
        run(Options { config: Some(self.folder.path().join("mailpush.toml")), what }).await
    }

    async fn grant(&self, segments: i64, reference: &str) -> Result<String, Error> {
        let (user, reference) = ("Alice".to_owned(), reference.to_owned());
        self.run(What::Grant { user, segments, reference }).await
    }

    async fn show(&self) -> String {
        self.run(What::Show { user: "alice@example.org".to_owned(), entries: 10 }).await.unwrap()
    }

    /// A message that left an hour ago, and of which nobody said anything.
    async fn lost(&self) -> String {
        let (key, user) = (EffectKey::of(KEY), Account::parse("alice@example.org").unwrap());
        let sms = Sms {
            key: &key,
            user: &user,
            number: "+15551234567",
            segments: 2,
            price: 2,
            provider: "twilio",
            words: "Look",
        };
        let hour_ago = UnixMillis(unix_millis() - 60 * 60 * 1_000);
        assert!(matches!(self.store.reserve(&sms, hour_ago).await.unwrap(), store::Reservation::Ready(_)));
        key.to_string()
    }

    async fn resolve(&self, id: &str, fate: Fate) -> Result<String, Error> {
        self.run(What::Resolve { id: id.to_owned(), fate }).await
    }
}

#[tokio::test]
async fn grant_counts_once_for_each_reference() {
    let site = Site::new().await;
    assert_eq!(site.grant(10, "invoice 1").await.unwrap(), "alice@example.org has 10 segments");
    assert_eq!(site.grant(10, "invoice 1").await.unwrap(), "invoice 1 was granted before");
    assert!(matches!(site.grant(11, "invoice 1").await, Err(Error::OtherGrant)));
    assert!(matches!(site.grant(10, " ").await, Err(Error::Reference)));
    assert_eq!(site.grant(-4, "mistake").await.unwrap(), "alice@example.org has 6 segments");
    assert_eq!(site.grant(-1, "invoice 1").await.unwrap(), "alice@example.org has 5 segments");
    assert_eq!(site.grant(-1, "invoice 1").await.unwrap(), "invoice 1 was taken away before");
    assert_eq!(site.grant(1, "one more").await.unwrap(), "alice@example.org has 6 segments");
    let nothing = site.grant(0, "nothing").await.unwrap_err();
    assert!(matches!(nothing, Error::Nothing) && nothing.exit() == Exit::Usage);
    let too_much = site.grant(-7, "all of it").await.unwrap_err();
    assert_eq!(too_much.exit(), Exit::Usage);
    assert_eq!(kit::config::chain(&too_much), "credit is not changed: available credit is less than that");
    assert_eq!(site.grant(-5, "most of it").await.unwrap(), "alice@example.org has 1 segment");
    assert_eq!(site.grant(5, "back").await.unwrap(), "alice@example.org has 6 segments");
    let said = site.show().await;
    assert!(said.starts_with("available: 6\nreserved: 0\nspent: 0\n"), "{said}");
    assert!(
        said.contains("\tgrant\t+10\t+0\tinvoice 1") && said.contains("\tcorrect\t-4\t+0\tmistake"),
        "{said}"
    );
}

#[tokio::test]
async fn message_in_doubt_is_listed_without_its_number_and_resolved_once() {
    for (fate, sums) in [
        (Fate::Sent, "available: 8\nreserved: 0\nspent: 2\n"),
        (Fate::NotSent, "available: 10\nreserved: 0\nspent: 0\n"),
    ] {
        let site = Site::new().await;
        let unknown = async |numbers| site.run(What::Unknown { limit: 10, numbers }).await.unwrap();
        assert_eq!(unknown(true).await, "no messages in doubt");
        site.grant(10, "a").await.unwrap();
        let id = site.lost().await;
        assert_eq!(unknown(false).await, format!("{id}\talice@example.org\t1h ago\t2 segments\ttwilio"));
        assert!(unknown(true).await.ends_with("\ttwilio\t+15551234567"));
        assert!(site.show().await.starts_with("available: 8\nreserved: 2\nspent: 0\n"));
        site.resolve(&id, fate).await.unwrap();
        assert!(site.show().await.starts_with(sums));
        let again = site.resolve(&id, fate).await.unwrap_err();
        assert!(matches!(again, Error::Credit(CreditError::NotInDoubt)));
        assert_eq!(unknown(false).await, "no messages in doubt");
        assert_eq!(site.store.audit().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_command_line_is_told() {
    let site = Site::new().await;
    assert!(matches!(site.resolve("ab12", Fate::Sent).await, Err(Error::Id)));
    let unknown = EffectKey::of(&["another"]).to_string();
    assert_eq!(site.resolve(&unknown, Fate::Sent).await.unwrap_err().exit(), Exit::Usage);
    let stranger = site.run(What::Show { user: "alcie".to_owned(), entries: 1 }).await.unwrap_err();
    assert_eq!(stranger.to_string(), "alcie@example.org was never granted any credit");
    assert_eq!(stranger.exit(), Exit::Usage);
    let spaced = site.run(What::Show { user: "a b".to_owned(), entries: 1 }).await.unwrap_err();
    assert_eq!(spaced.exit(), Exit::Usage);
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(elsewhere.path(), "data = '/nowhere/at/all'").unwrap();
    let options = |config| Options { config, what: What::Unknown { limit: 1, numbers: false } };
    let missing = run(options(Some(elsewhere.path().to_owned()))).await.unwrap_err();
    assert!(matches!(&missing, Error::Ledger(ledger::Error::Missing(_))) && missing.exit() == Exit::Usage);
    assert!(matches!(run(options(None)).await, Err(Error::NoConfig)));
}

#[tokio::test]
async fn secrets_that_are_not_for_the_database_need_not_be_there() {
    let site = Site::new().await;
    let file = site.folder.path().join("mailpush.toml");
    site.grant(1, "a").await.unwrap();
    let missing = "{ file = '/run/credentials/of-no-unit/secret' }";
    let text = format!(
        "data = {:?}\n[bus]\nkind = 'nats'\n[bus.nats]\ncredentials = {{ user = 'notifyd', password = {missing} }}\n\
         [notifyd.smtp]\nlogin = {{ user = 'calendar', password = {missing} }}\n",
        site.folder.path()
    );
    std::fs::write(&file, &text).unwrap();
    assert!(site.show().await.starts_with("available: 1"));
    let named = site.run(What::Show { user: "alice".to_owned(), entries: 1 }).await.unwrap_err();
    assert!(named.to_string().contains("default_domain"), "{named}");

    std::fs::write(&file, format!("{text}[notifyd.database]\npassword = {missing}\n")).unwrap();
    let own = site.run(What::Unknown { limit: 1, numbers: false }).await.unwrap_err();
    assert!(matches!(&own, Error::Config(_)), "{own}");
    let Error::Config(own) = own else { return };
    assert_eq!(own.len(), 1, "{own}");
    assert!(own.to_string().contains("notifyd.database.password: /run/credentials/"), "{own}");

    // What is misspelt may be about the database.
    std::fs::write(&file, format!("{text}[notifyd.databse]\nconnections = 1\n")).unwrap();
    let misspelt = site.run(What::Unknown { limit: 1, numbers: false }).await.unwrap_err();
    assert!(matches!(misspelt, Error::Config(_)), "{misspelt}");
}

#[tokio::test]
async fn a_view_of_recipients_that_is_not_there_is_a_matter_of_configuration() {
    let site = Site::new().await;
    let file = site.folder.path().join("mailpush.toml");
    let text = format!("data = {:?}\n[notifyd.database]\nrecipients = 'nowhere'\n", site.folder.path());
    std::fs::write(&file, text).unwrap();
    let missing = site.run(What::Unknown { limit: 1, numbers: false }).await.unwrap_err();
    assert!(kit::config::chain(&missing).contains("nowhere"), "{missing:?}");
    assert_eq!(missing.exit(), Exit::Usage);
    assert_eq!(of_start(missing), Exit::Usage);
}

/// What a service ends with that finds the same.
fn of_start(error: Error) -> Exit {
    match error {
        Error::Ledger(ledger::Error::Open(why)) => crate::site::SiteError::Store(why).exit(),
        other => panic!("it is not about the database: {other}"),
    }
}
