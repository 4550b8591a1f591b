//! Who wants no more mail.

use store::{EventKey, MuteScope, MutedBy, RecipientKey};

use crate::fixture::{Fixture, NOW, account, is_muted, on_both};

on_both! {
    one_event_is_muted_for_one_recipient,
    all_alarms_are_muted_for_one_recipient,
    muting_twice_is_muting_once_and_who_was_first_counts,
    what_was_muted_can_be_taken_back,
}

fn bob() -> RecipientKey {
    RecipientKey::of(&account("bob@example.org"))
}

fn carol() -> RecipientKey {
    RecipientKey::of(&account("carol@example.org"))
}

fn event(uid: &str) -> EventKey {
    EventKey::of(&account("alice@example.org"), uid)
}

async fn one_event_is_muted_for_one_recipient(fixture: Fixture) {
    let store = fixture.open().await;
    assert!(!is_muted(&store, &bob(), &event("1")).await);
    assert!(store.mute(&bob(), MuteScope::Event(event("1")), MutedBy::OneClick, NOW).await.unwrap());
    assert!(is_muted(&store, &bob(), &event("1")).await);
    assert!(!is_muted(&store, &bob(), &event("2")).await);
    assert!(!is_muted(&store, &carol(), &event("1")).await);
}

async fn all_alarms_are_muted_for_one_recipient(fixture: Fixture) {
    let store = fixture.open().await;
    assert!(store.mute(&bob(), MuteScope::AllAlarms, MutedBy::Operator, NOW).await.unwrap());
    assert!(is_muted(&store, &bob(), &event("1")).await);
    assert!(is_muted(&store, &bob(), &event("2")).await);
    assert!(!is_muted(&store, &carol(), &event("1")).await);
}

async fn muting_twice_is_muting_once_and_who_was_first_counts(fixture: Fixture) {
    let store = fixture.open().await;
    let (bob, scope) = (bob(), MuteScope::Event(event("1")));
    let (first, second) = tokio::join!(
        store.mute(&bob, scope, MutedBy::OneClick, NOW),
        store.mute(&bob, scope, MutedBy::OneClick, NOW)
    );
    assert_ne!(first.unwrap(), second.unwrap());
    assert!(!store.mute(&bob, scope, MutedBy::Page, NOW).await.unwrap());
    if let Fixture::Postgres { server, name } = &fixture {
        assert_eq!(server.rows(name, "SELECT muted_by, since FROM mutes"), ["one-click|1795000000000"]);
    }
}

async fn what_was_muted_can_be_taken_back(fixture: Fixture) {
    let store = fixture.open().await;
    let scope = MuteScope::Event(event("1"));
    for scope in [scope, MuteScope::AllAlarms] {
        store.mute(&bob(), scope, MutedBy::Page, NOW).await.unwrap();
    }
    assert!(store.unmute(&bob(), MuteScope::AllAlarms).await.unwrap());
    assert!(!store.unmute(&bob(), MuteScope::AllAlarms).await.unwrap());
    assert!(is_muted(&store, &bob(), &event("1")).await);
    assert!(!is_muted(&store, &bob(), &event("2")).await);
    assert!(store.unmute(&bob(), scope).await.unwrap());
    assert!(!is_muted(&store, &bob(), &event("1")).await);
}
