//! Readers, from our tables and from an operator's own.

use store::{HourCycle, OpenError, Reader, Settings, Store, TableName};

use crate::fixture::{Fixture, account, on_both, open, reader};

on_both! {
    reader_is_found_by_name_and_by_address_and_strangers_are_not,
    what_nobody_can_read_is_as_if_it_were_not_there,
    views_stand_in_for_the_tables,
    tables_that_are_not_there_or_other_ones_are_refused,
}

async fn reader_is_found_by_name_and_by_address_and_strangers_are_not(fixture: Fixture) {
    let store = fixture.open().await;
    fixture
        .by_hand(
            "INSERT INTO recipients VALUES ('alice@example.org', 'pt-BR', 'America/Sao_Paulo', 'h12'), \
             ('bob@example.org', NULL, NULL, NULL); \
             INSERT INTO recipient_addresses VALUES ('a.liddell@example.net', 'alice@example.org')",
        )
        .await;
    let alice = Reader {
        language: Some("pt-BR".into()),
        zone: Some("America/Sao_Paulo".into()),
        hour_cycle: Some(HourCycle::H12),
    };
    for address in ["alice@example.org", "Alice@Example.ORG", "A.Liddell@example.net"] {
        assert_eq!(reader(&store, &account(address)).await.as_ref(), Some(&alice), "{address}");
    }
    assert_eq!(reader(&store, &account("bob@example.org")).await, Some(Reader::default()));
    for stranger in ["carol@example.org", "alice@example.net", "'@example.org", "%@example.org"] {
        assert_eq!(reader(&store, &account(stranger)).await, None, "{stranger}");
    }
}

async fn what_nobody_can_read_is_as_if_it_were_not_there(fixture: Fixture) {
    let store = fixture.open().await;
    let long = "x".repeat(1_000_000);
    fixture.by_hand("INSERT INTO recipients VALUES ('a@example.org', 'd e', '', 'h99')").await;
    assert_eq!(reader(&store, &account("a@example.org")).await, Some(Reader::default()));
    for (number, language) in
        ["de\r\nBcc: x".to_owned(), "日本".to_owned(), long[..100_000].to_owned()].iter().enumerate()
    {
        fixture
            .by_hand(&format!("INSERT INTO recipients VALUES ('{number}@b.org', '{language}', 'UTC', 'H23')"))
            .await;
        let found = reader(&store, &account(&format!("{number}@b.org"))).await.unwrap();
        assert_eq!(found.language, None);
        assert_eq!((found.zone.as_deref(), found.hour_cycle), (Some("UTC"), Some(HourCycle::H23)));
    }
}

/// Users as a site has them: numbered, addresses in mixed case with the domain apart, preferences in other words.
async fn views_stand_in_for_the_tables(fixture: Fixture) {
    fixture
        .by_hand(
            "CREATE TABLE users (id BIGINT PRIMARY KEY, login VARCHAR(64), domain VARCHAR(64), lang CHAR(2), \
               tz VARCHAR(64), clock SMALLINT); \
             CREATE TABLE aliases (alias VARCHAR(128), owner BIGINT); \
             INSERT INTO users VALUES (1, 'Alice', 'example.org', 'de', 'Europe/Berlin', 24), (2, 'Bob', 'example.org', NULL, NULL, 12); \
             INSERT INTO aliases VALUES ('Postmaster@example.org', 1); \
             CREATE VIEW mail_readers AS SELECT lower(login || '@' || domain) AS user_id, lang AS language, tz AS zone, \
               CASE clock WHEN 12 THEN 'h12' WHEN 24 THEN 'h23' END AS hour_cycle FROM users; \
             CREATE VIEW mail_addresses AS SELECT lower(alias) AS address, lower(login || '@' || domain) AS user_id \
               FROM aliases JOIN users ON users.id = aliases.owner",
        )
        .await;
    let store = open(&views(&fixture)).await;
    let alice = reader(&store, &account("postmaster@example.org")).await.unwrap();
    assert_eq!((alice.language.as_deref(), alice.zone.as_deref()), (Some("de"), Some("Europe/Berlin")));
    assert_eq!(alice.hour_cycle, Some(HourCycle::H23));
    let bob = reader(&store, &account("bob@example.org")).await.unwrap();
    assert_eq!(bob, Reader { hour_cycle: Some(HourCycle::H12), ..Reader::default() });
    fixture.by_hand("UPDATE users SET lang = 'fr' WHERE id = 1").await;
    let alice = reader(&store, &account("alice@example.org")).await.unwrap();
    assert_eq!(alice.language.as_deref(), Some("fr"), "it is read anew for each mail");
}

fn views(fixture: &Fixture) -> Settings {
    let name = |text| TableName::parse(text).unwrap();
    Settings { recipients: name("mail_readers"), addresses: name("mail_addresses"), ..fixture.settings() }
}

async fn tables_that_are_not_there_or_other_ones_are_refused(fixture: Fixture) {
    let refused = async || Store::open(&views(&fixture), "/nowhere".as_ref()).await.unwrap_err();
    assert!(matches!(refused().await, OpenError::Recipients(_)));
    fixture.by_hand("CREATE TABLE mail_readers (id TEXT); CREATE TABLE mail_addresses (address TEXT)").await;
    assert!(matches!(refused().await, OpenError::Recipients(_)));
    let numbers = Settings { numbers: TableName::parse("phones").unwrap(), ..fixture.settings() };
    fixture.by_hand("CREATE TABLE phones (user_id TEXT)").await;
    let refused = Store::open(&numbers, "/nowhere".as_ref()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Recipients(_)), "a view without numbers");
}
