//! What only a server has: schemas, rights, TLS and a password.

use kit::config::Secret;
use store::{OpenError, Reader, Settings, Store, TableName};
use testkit::postgres::{PASSWORD, Postgres, ROLE};

use crate::fixture::{account, open, reader};

async fn refused(settings: &Settings) -> OpenError {
    Store::open(settings, "/nowhere".as_ref()).await.unwrap_err()
}

#[tokio::test]
async fn recipients_of_another_schema_are_read_and_need_no_right_to_write() {
    let server = Postgres::shared().await;
    let name = server.database();
    let role = format!("reader_of_{name}");
    server.sql(
        &name,
        &format!(
            "CREATE ROLE {role} LOGIN; CREATE SCHEMA hr; CREATE SCHEMA mailpush AUTHORIZATION {role}; \
             CREATE TABLE hr.people (mail TEXT, lang TEXT); INSERT INTO hr.people VALUES ('alice@example.org', 'ja'); \
             CREATE VIEW hr.recipients AS SELECT mail AS user_id, lang AS language, NULL AS zone, NULL AS hour_cycle FROM hr.people; \
             CREATE VIEW hr.recipient_addresses AS SELECT mail AS address, mail AS user_id FROM hr.people; \
             GRANT USAGE ON SCHEMA hr TO {role}; GRANT SELECT ON hr.recipients, hr.recipient_addresses TO {role}"
        ),
    );
    let url = server.url(&name).replace(ROLE, &role) + "?options[search_path]=mailpush";
    let table = |text| TableName::parse(text).unwrap();
    let recipients = table("hr.recipients");
    let addresses = table("hr.recipient_addresses");
    let store = open(&Settings { recipients, addresses, ..Settings::at(url) }).await;
    let alice = Reader { language: Some("ja".into()), ..Reader::default() };
    assert_eq!(reader(&store, &account("alice@example.org")).await, Some(alice));
    let tables = "SELECT schemaname FROM pg_tables WHERE tablename = 'effects'";
    assert_eq!(server.rows(&name, tables), ["mailpush"]);
}

#[tokio::test]
async fn server_that_insists_on_tls_and_a_password_is_served_and_impostors_are_not() {
    let server = Postgres::start_with_tls().await;
    let name = server.database();
    let root = server.certificate().chain.display().to_string();
    let url = format!("{}?sslmode=verify-full&sslrootcert={root}", server.url(&name));
    let with =
        |url: &str, password: &str| Settings { password: Some(Secret::new(password)), ..Settings::at(url) };
    open(&with(&url, PASSWORD)).await.check().await.unwrap();
    let wrong = refused(&with(&url, "wrong")).await;
    assert!(matches!(wrong, OpenError::Database(_)), "{wrong}");
    let stranger = format!("{}?sslmode=verify-full", server.url(&name));
    let unknown = refused(&with(&stranger, PASSWORD)).await;
    assert!(matches!(unknown, OpenError::Database(_)), "{unknown}");
    let plain = format!("{}?sslmode=disable", server.url(&name));
    let plain = refused(&with(&plain, PASSWORD)).await;
    assert!(matches!(plain, OpenError::Database(_)), "{plain}");
}

#[tokio::test]
async fn database_that_is_not_there_is_refused() {
    let server = Postgres::shared().await;
    let missing = refused(&Settings::at(server.url("nobody_made_it"))).await;
    assert!(matches!(missing, OpenError::Database(_)), "{missing}");
}

#[tokio::test]
async fn what_the_documentation_says_of_recipients_works() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/recipients.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks: Vec<_> = page.split("```sql").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let [rows, users, views] = blocks[..] else { panic!("the page has {} blocks of SQL", blocks.len()) };
    let server = Postgres::shared().await;
    let name = server.database();
    let store = open(&Settings::at(server.url(&name))).await;
    server.sql(&name, rows);
    let alice = reader(&store, &account("a.liddell@example.net")).await.unwrap();
    assert_eq!(alice.zone.as_deref(), Some("America/Sao_Paulo"));
    server.sql(&name, &format!("CREATE SCHEMA hr; {users} {views}"));
    server.sql(&name, "INSERT INTO hr.users VALUES (1, 'Bob', 'example.org', 'de', NULL, 24)");
    let table = |text| TableName::parse(text).unwrap();
    let (recipients, addresses) = (table("hr.mail_readers"), table("hr.mail_addresses"));
    let store = open(&Settings { recipients, addresses, ..Settings::at(server.url(&name)) }).await;
    let bob = reader(&store, &account("bob@example.org")).await.unwrap();
    assert_eq!(bob.language.as_deref(), Some("de"));
}
