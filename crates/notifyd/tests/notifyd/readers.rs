//! Recipients of one alarm, each with a language, zone and hour cycle of their own, from our tables and from a site's.

use bus::{Attempt, GroupListener};
use notifyd::{AlarmMailer, Metrics};
use prometheus_client::registry::Registry;
use store::{Settings, Store, TableName};
use tempfile::TempDir;
use testkit::postgres::Postgres;

use crate::setup::{alarm, job, settings, sink, text};

const OURS: &str = "INSERT INTO recipients VALUES ('bob@example.org', 'de', 'Europe/Berlin', NULL), \
    ('carol@example.org', 'en-US', 'America/New_York', 'h12'); \
    INSERT INTO recipient_addresses VALUES ('robert@example.net', 'bob@example.org')";

/// Users as a site has them: numbered, names in mixed case with the domain apart, hours as a number.
const THEIRS: &str = "CREATE TABLE users (id BIGINT PRIMARY KEY, login VARCHAR(64), domain VARCHAR(64), lang CHAR(5), \
      tz VARCHAR(64), clock SMALLINT); \
    CREATE TABLE aliases (alias VARCHAR(128), owner BIGINT); \
    INSERT INTO users VALUES (1, 'Bob', 'example.org', 'de', 'Europe/Berlin', NULL), \
      (2, 'Carol', 'example.org', 'en-US', 'America/New_York', 12); \
    INSERT INTO aliases VALUES ('Robert@example.net', 1); \
    CREATE VIEW mail_readers AS SELECT lower(login || '@' || domain) AS user_id, trim(lang) AS language, tz AS zone, \
      CASE clock WHEN 12 THEN 'h12' WHEN 24 THEN 'h23' END AS hour_cycle FROM users; \
    CREATE VIEW mail_addresses AS SELECT lower(alias) AS address, lower(login || '@' || domain) AS user_id \
      FROM aliases JOIN users ON users.id = aliases.owner";

fn theirs(settings: Settings) -> Settings {
    let name = |text| TableName::parse(text).unwrap();
    Settings { recipients: name("mail_readers"), addresses: name("mail_addresses"), ..settings }
}

async fn open(settings: &Settings) -> Store {
    Store::open(settings, "/nowhere".as_ref()).await.unwrap()
}

/// Has one alarm, at 03:17 in Berlin, go to three people.
async fn each_reads_their_own(store: Store) {
    let sink = sink().await;
    let metrics = Metrics::register(&mut Registry::default());
    let mailer = AlarmMailer::new(settings(sink.local_addr()), store, metrics).unwrap();
    let job = job(alarm(&["robert@example.net", "carol@example.org", "stranger@example.org"]));
    mailer.run(job, Attempt { number: 1, is_last: false }).await.unwrap();
    let mails = sink.mails();
    assert_eq!(mails.len(), 3);
    for (mail, parts) in mails.iter().zip([
        &["lang=\"de\"", "03:17"][..],
        &["lang=\"en\"", "9:17", "PM", "November 21, 2099"],
        &["lang=\"en\"", "3:17", "AM", "November 22, 2099"],
    ]) {
        let page = text(mail).replace("=\r\n", "").replace("=3D", "=");
        for part in parts {
            assert!(page.contains(part), "{part} is not in {page}");
        }
    }
}

#[tokio::test]
async fn each_recipient_has_a_language_zone_and_hours_of_their_own_on_postgres() {
    let server = Postgres::shared().await;
    let name = server.database();
    let store = open(&Settings::at(server.url(&name))).await;
    server.sql(&name, OURS);
    each_reads_their_own(store).await;
}

#[tokio::test]
async fn each_recipient_is_found_in_a_sites_own_tables_on_postgres() {
    let server = Postgres::shared().await;
    let name = server.database();
    server.sql(&name, THEIRS);
    each_reads_their_own(open(&theirs(Settings::at(server.url(&name)))).await).await;
}

#[tokio::test]
async fn each_recipient_has_a_language_zone_and_hours_of_their_own_on_sqlite() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("store.sqlite");
    let store = open(&Settings::at(file.to_str().unwrap())).await;
    rusqlite::Connection::open(&file).unwrap().execute_batch(OURS).unwrap();
    each_reads_their_own(store).await;
}

#[tokio::test]
async fn each_recipient_is_found_in_a_sites_own_tables_on_sqlite() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("store.sqlite");
    rusqlite::Connection::open(&file).unwrap().execute_batch(THEIRS).unwrap();
    each_reads_their_own(open(&theirs(Settings::at(file.to_str().unwrap()))).await).await;
}
