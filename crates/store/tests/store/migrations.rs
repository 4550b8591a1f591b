//! The tables are brought up to date once, whoever comes first.

use store::{OpenError, Store};

use crate::fixture::{Fixture, on_both, reader};

on_both! {
    many_nodes_open_an_empty_database_at_once,
    a_database_of_a_later_version_is_refused_by_its_number,
    a_database_of_the_first_version_is_brought_up_to_date,
    who_comes_beside_leaves_a_database_of_an_earlier_version_as_it_is,
}

async fn many_nodes_open_an_empty_database_at_once(fixture: Fixture) {
    let settings = fixture.settings();
    let nodes = (0..8).map(|_| {
        let settings = settings.clone();
        tokio::spawn(async move { Store::open(&settings, "/nowhere".as_ref()).await.unwrap().check().await })
    });
    for node in nodes.collect::<Vec<_>>() {
        node.await.unwrap().unwrap();
    }
}

async fn a_database_of_a_later_version_is_refused_by_its_number(fixture: Fixture) {
    fixture.open().await.close().await;
    fixture
        .by_hand(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'of later', TRUE, '', 1)",
        )
        .await;
    let refused = Store::open(&fixture.settings(), "/nowhere".as_ref()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Later(9999)), "{refused}");
    assert!(refused.to_string().contains("later version"), "{refused}");
}

/// What the first version made, and a row of it.
async fn a_database_of_the_first_version_is_brought_up_to_date(fixture: Fixture) {
    let store = fixture.open().await;
    let key = store::EffectKey::of(&["a"]);
    store.plan(&key, store::EffectKind::AlarmMail, "<1@example.org>", crate::fixture::NOW).await.unwrap();
    store.close().await;
    fixture
        .by_hand(
            "DROP TABLE recipients; DROP TABLE recipient_addresses; DROP TABLE mutes; \
             DROP TABLE budgets; DROP TABLE windows; DROP TABLE recipient_numbers; DROP TABLE sms_credit; \
             DROP TABLE sms_messages; DROP TABLE credit_entries; DROP TABLE sms_receipts; \
             DROP INDEX effects_by_creation; CREATE INDEX effects_by_age ON effects (updated); \
             ALTER TABLE effects DROP COLUMN begun_by; ALTER TABLE effects DROP COLUMN reason; \
             DELETE FROM _sqlx_migrations WHERE version > 1",
        )
        .await;
    let store = fixture.open().await;
    assert_eq!(reader(&store, &crate::fixture::account("a@example.org")).await, None);
    assert_eq!(store.forget(mailbox_event::UnixMillis(crate::fixture::NOW.0 + 1)).await.unwrap(), 1);
}

async fn who_comes_beside_leaves_a_database_of_an_earlier_version_as_it_is(fixture: Fixture) {
    let look = async || Store::open_beside(&fixture.settings(), "/nowhere".as_ref()).await;
    let made = look().await.unwrap();
    made.check().await.unwrap();
    made.close().await;
    look().await.unwrap().check().await.unwrap();
    fixture
        .by_hand("DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)")
        .await;
    let before = fixture.count("SELECT COUNT(*) FROM _sqlx_migrations").await;
    assert!(matches!(look().await, Err(OpenError::Earlier)));
    assert_eq!(fixture.count("SELECT COUNT(*) FROM _sqlx_migrations").await, before);
}
