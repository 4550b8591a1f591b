//! Text messages and what they cost.

mod words;

use std::time::Duration;

use mailbox_event::{Account, UnixMillis};
use store::{
    Credit, CreditError, EffectKey, InDoubt, Merge, NoticeKind, Receipt, ReceiptStatus, Received,
    Reservation, Settings, Sms, SmsState, Store, StoreError, Texting,
};

use crate::fixture::{Fixture, NOW, account, on_both, open};

/// Most of those that ask wait for a connection.
const PATIENCE: Duration = Duration::from_secs(120);

on_both! {
    what_the_gateway_took_is_paid,
    what_the_gateway_refused_is_given_back,
    nobody_sends_without_credit,
    a_thousand_at_once_with_credit_for_a_hundred_send_a_hundred,
    a_message_put_off_is_withdrawn_when_it_is_of_no_use,
    what_was_asked_for_again_is_in_doubt_until_somebody_knows,
    a_message_goes_on_with_the_gateway_that_is_there,
    numbers_are_forgotten_and_what_was_paid_is_not,
    a_death_leaves_a_message_in_doubt_that_nobody_sends_again,
    who_was_slow_may_still_say_how_it_ended,
    only_one_worker_sends_what_was_put_off,
    a_rescued_worker_cannot_settle_for_its_successor,
    a_receipt_settles_a_message_in_doubt,
    receipts_may_repeat_and_come_in_any_order,
    what_did_not_arrive_is_refunded_once_if_the_operator_says_so,
    a_person_settles_a_message_in_doubt,
    credit_is_granted_once_by_reference_and_never_below_zero,
    numbers_are_read_for_their_user,
    what_was_spent_and_each_change_are_told,
}

fn alice() -> Account {
    account("alice@example.org")
}

fn key(name: &str) -> EffectKey {
    EffectKey::of(&["sms", name])
}

/// Of two parts, which are paid with one each.
fn text<'a>(key: &'a EffectKey, user: &'a Account) -> Sms<'a> {
    let (number, provider, words) = ("+491701234567", "twilio", "Look");
    Sms { key, user, number, segments: 2, price: 2, provider, words }
}

async fn reserve(store: &Store, name: &str) -> Reservation {
    let (key, user) = (key(name), alice());
    let sms = text(&key, &user);
    store.reserve(&sms, NOW).await.unwrap()
}

async fn ready(store: &Store, name: &str) -> Texting {
    match reserve(store, name).await {
        Reservation::Ready(texting) => texting,
        other => panic!("message is not ready but {other:?}"),
    }
}

async fn in_doubt(store: &Store, name: &str) -> InDoubt {
    match reserve(store, name).await {
        Reservation::InDoubt(doubt) => doubt,
        other => panic!("message is not in doubt but {other:?}"),
    }
}

/// A store in which alice may spend 10.
async fn opened(fixture: &Fixture) -> Store {
    let store = fixture.open().await;
    store.grant(&alice(), 10, "start", NOW).await.unwrap();
    store
}

/// At every look the entries are what the credit says.
async fn credit(store: &Store) -> (u64, u64) {
    assert_eq!(store.audit().await.unwrap(), 0);
    let Credit { available, reserved } = store.credit(&alice()).await.unwrap();
    (available, reserved)
}

fn receipt(key: &EffectKey, status: ReceiptStatus) -> Receipt<'_> {
    Receipt { key, provider: "twilio", provider_id: "SM1", status }
}

async fn what_the_gateway_took_is_paid(fixture: Fixture) {
    let store = opened(&fixture).await;
    let texting = ready(&store, "a").await;
    assert_eq!(credit(&store).await, (8, 2));
    texting.accepted("SM1", NOW).await.unwrap();
    assert_eq!(credit(&store).await, (8, 0));
    assert!(matches!(reserve(&store, "a").await, Reservation::Over(SmsState::Accepted)));
    assert_eq!(credit(&store).await, (8, 0));
}

async fn what_the_gateway_refused_is_given_back(fixture: Fixture) {
    let store = opened(&fixture).await;
    let texting = ready(&store, "a").await;
    texting.refused(NOW).await.unwrap();
    assert!(matches!(texting.accepted("SM1", NOW).await, Err(StoreError::Taken)));
    assert_eq!(credit(&store).await, (10, 0));
    assert!(matches!(reserve(&store, "a").await, Reservation::Over(SmsState::Refused)));
}

async fn nobody_sends_without_credit(fixture: Fixture) {
    let store = fixture.open().await;
    assert!(matches!(reserve(&store, "a").await, Reservation::NoCredit));
    store.grant(&alice(), 1, "little", NOW).await.unwrap();
    assert!(matches!(reserve(&store, "a").await, Reservation::NoCredit));
    assert_eq!(credit(&store).await, (1, 0));
    store.grant(&alice(), 1, "more", NOW).await.unwrap();
    ready(&store, "a").await.accepted("SM1", NOW).await.unwrap();
    assert_eq!(credit(&store).await, (0, 0));
}

async fn a_thousand_at_once_with_credit_for_a_hundred_send_a_hundred(fixture: Fixture) {
    let store = fixture.open().await;
    store.grant(&alice(), 200, "start", NOW).await.unwrap();
    let mut sent = 0;
    for wave in 0..10 {
        let asked: Vec<_> = (0..100)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move { reserve(&store, &format!("{wave}/{n}")).await })
            })
            .collect();
        for asked in asked {
            if let Reservation::Ready(texting) = asked.await.unwrap() {
                texting.accepted("SM", NOW).await.unwrap();
                sent += 1;
            }
        }
    }
    assert_eq!((sent, credit(&store).await), (100, (0, 0)));
}

async fn a_message_put_off_is_withdrawn_when_it_is_of_no_use(fixture: Fixture) {
    let (store, later) = (opened(&fixture).await, UnixMillis(NOW.0 + 1));
    assert_eq!(store.withdraw(&key("a"), NOW).await.unwrap(), None);
    for name in ["a", "b", "c"] {
        ready(&store, name).await.put_off(NOW).await.unwrap();
    }
    let sent = ready(&store, "c").await;
    assert_eq!(store.withdraw(&key("a"), NOW).await.unwrap(), Some(SmsState::Reserved));
    assert_eq!(credit(&store).await, (6, 4));
    assert_eq!(store.withdraw(&key("a"), NOW).await.unwrap(), Some(SmsState::Refused));
    assert_eq!(store.withdraw(&key("c"), NOW).await.unwrap(), Some(SmsState::Sending));
    assert_eq!(store.withdraw_stale(NOW, 10, later).await.unwrap(), 0);
    assert_eq!(store.withdraw_stale(later, 10, later).await.unwrap(), 1);
    assert_eq!(credit(&store).await, (8, 2));
    sent.accepted("SM1", NOW).await.unwrap();
    assert!(matches!(reserve(&store, "b").await, Reservation::Over(SmsState::Refused)));
}

async fn what_was_asked_for_again_is_in_doubt_until_somebody_knows(fixture: Fixture) {
    let store = opened(&fixture).await;
    ready(&store, "a").await.unknown(NOW).await.unwrap();
    // The gateway did not take it this time, which says nothing of the first.
    in_doubt(&store, "a").await.again(NOW).await.unwrap().put_off(NOW).await.unwrap();
    assert_eq!(store.withdraw(&key("a"), NOW).await.unwrap(), Some(SmsState::Unknown));
    assert_eq!(credit(&store).await, (8, 2));
    in_doubt(&store, "a").await.again(NOW).await.unwrap().refused(NOW).await.unwrap();
    assert_eq!(credit(&store).await, (10, 0));
}

async fn a_message_goes_on_with_the_gateway_that_is_there(fixture: Fixture) {
    let store = opened(&fixture).await;
    let (key, user) = (key("a"), alice());
    let sms = Sms { provider: "vonage", ..text(&key, &user) };
    ready(&store, "a").await.put_off(NOW).await.unwrap();
    let Reservation::Ready(texting) = store.reserve(&sms, NOW).await.unwrap() else { panic!("not ready") };
    texting.unknown(NOW).await.unwrap();
    assert_eq!(in_doubt(&store, "a").await.provider(), "vonage");
    let stranger = receipt(&key, ReceiptStatus::Taken);
    assert_eq!(store.receive(&stranger, true, NOW).await.unwrap(), Received::Stranger);
    let receipt = Receipt { provider: "vonage", ..stranger };
    assert_eq!(store.receive(&receipt, true, NOW).await.unwrap(), Received::Noted);
}

async fn numbers_are_forgotten_and_what_was_paid_is_not(fixture: Fixture) {
    let (store, later) = (opened(&fixture).await, UnixMillis(NOW.0 + 1));
    ready(&store, "a").await.accepted("SM1", NOW).await.unwrap();
    ready(&store, "b").await.unknown(NOW).await.unwrap();
    ready(&store, "c").await.put_off(NOW).await.unwrap();
    store.receive(&receipt(&key("a"), ReceiptStatus::Delivered), true, NOW).await.unwrap();
    assert_eq!(store.forget_texts(NOW).await.unwrap(), 0);
    assert_eq!(store.forget_texts(later).await.unwrap(), 1);
    assert_eq!(credit(&store).await, (4, 4));
    assert_eq!(store.withdraw(&key("a"), NOW).await.unwrap(), None);
    assert_eq!(store.withdraw(&key("b"), NOW).await.unwrap(), Some(SmsState::Unknown));
    // Whoever comes with it after that finds that it was paid, and sends nothing.
    let (key, user) = (key("a"), alice());
    let sms = text(&key, &user);
    assert!(matches!(store.reserve(&sms, later).await.unwrap(), Reservation::Forgotten));
    assert_eq!(credit(&store).await, (4, 4));
}

/// As many as ask at once in the worst of bursts, each a task, on a database that others use as well.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_at_once_with_credit_for_a_hundred_send_a_hundred() {
    let fixture = Fixture::postgres().await;
    let settings = Settings { acquire_timeout: PATIENCE, statement_timeout: PATIENCE, ..fixture.settings() };
    let store = open(&settings).await;
    store.grant(&alice(), 200, "start", NOW).await.unwrap();
    let asked: Vec<_> = (0..10_000)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let Reservation::Ready(texting) = reserve(&store, &n.to_string()).await else { return 0 };
                texting.accepted("SM", NOW).await.unwrap();
                1
            })
        })
        .collect();
    let mut sent = 0;
    for asked in asked {
        sent += asked.await.unwrap();
    }
    assert_eq!((sent, credit(&store).await), (100, (0, 0)));
}

async fn a_death_leaves_a_message_in_doubt_that_nobody_sends_again(fixture: Fixture) {
    let store = opened(&fixture).await;
    drop(ready(&store, "a").await);
    in_doubt(&store, "a").await.leave(NOW).await.unwrap();
    in_doubt(&store, "a").await.leave(NOW).await.unwrap();
    assert_eq!(credit(&store).await, (8, 2));
    let listed = store.doubtful(NOW, 10).await.unwrap();
    assert_eq!(
        (listed.len(), listed[0].key.as_str(), listed[0].price),
        (1, key("a").to_string().as_str(), 2)
    );
    // A gateway that takes one reference once may be asked again.
    in_doubt(&store, "a").await.again(NOW).await.unwrap().accepted("SM1", NOW).await.unwrap();
    assert_eq!(credit(&store).await, (8, 0));
}

async fn who_was_slow_may_still_say_how_it_ended(fixture: Fixture) {
    let store = opened(&fixture).await;
    let slow = ready(&store, "a").await;
    in_doubt(&store, "a").await.leave(NOW).await.unwrap();
    slow.accepted("SM1", NOW).await.unwrap();
    assert_eq!(credit(&store).await, (8, 0));
    assert!(store.doubtful(NOW, 10).await.unwrap().is_empty());
}

async fn only_one_worker_sends_what_was_put_off(fixture: Fixture) {
    let store = opened(&fixture).await;
    ready(&store, "a").await.put_off(NOW).await.unwrap();
    assert_eq!(credit(&store).await, (8, 2));
    let second = ready(&store, "a").await;
    let _doubt = in_doubt(&store, "a").await;
    second.refused(NOW).await.unwrap();
    assert_eq!(credit(&store).await, (10, 0));
}

async fn a_rescued_worker_cannot_settle_for_its_successor(fixture: Fixture) {
    let store = opened(&fixture).await;
    let first = ready(&store, "a").await;
    let second = in_doubt(&store, "a").await.again(NOW).await.unwrap();
    assert!(matches!(first.refused(NOW).await, Err(StoreError::Taken)));
    assert!(matches!(first.put_off(NOW).await, Err(StoreError::Taken)));
    second.accepted("SM1", NOW).await.unwrap();
    assert_eq!(credit(&store).await, (8, 0));
}

async fn a_receipt_settles_a_message_in_doubt(fixture: Fixture) {
    let store = opened(&fixture).await;
    let texting = ready(&store, "a").await;
    texting.unknown(NOW).await.unwrap();
    let receipt = receipt_of("a");
    assert_eq!(store.receive(&receipt(ReceiptStatus::Taken), false, NOW).await.unwrap(), Received::Noted);
    assert_eq!(credit(&store).await, (8, 0));
    assert!(matches!(reserve(&store, "a").await, Reservation::Over(SmsState::Accepted)));
    assert!(matches!(texting.refused(NOW).await, Err(StoreError::Taken)));
}

fn receipt_of(name: &str) -> impl Fn(ReceiptStatus) -> Receipt<'static> {
    let key: &'static EffectKey = Box::leak(Box::new(key(name)));
    move |status| receipt(key, status)
}

async fn receipts_may_repeat_and_come_in_any_order(fixture: Fixture) {
    let store = opened(&fixture).await;
    let texting = ready(&store, "a").await;
    let receipt = receipt_of("a");
    // Quicker than the gateway's answer.
    assert_eq!(store.receive(&receipt(ReceiptStatus::Delivered), true, NOW).await.unwrap(), Received::Noted);
    assert!(matches!(texting.accepted("SM1", NOW).await, Err(StoreError::Taken)));
    for status in [ReceiptStatus::Taken, ReceiptStatus::Undelivered] {
        store.receive(&receipt(status), true, NOW).await.unwrap();
    }
    for status in [ReceiptStatus::Delivered, ReceiptStatus::Taken, ReceiptStatus::Undelivered] {
        assert_eq!(store.receive(&receipt(status), true, NOW).await.unwrap(), Received::Known);
    }
    assert!(matches!(reserve(&store, "a").await, Reservation::Over(SmsState::Delivered)));
    assert_eq!(credit(&store).await, (8, 0));
    let stranger = key("stranger");
    let receipt =
        Receipt { key: &stranger, provider: "twilio", provider_id: "SM2", status: ReceiptStatus::Taken };
    assert_eq!(store.receive(&receipt, true, NOW).await.unwrap(), Received::Stranger);
}

async fn what_did_not_arrive_is_refunded_once_if_the_operator_says_so(fixture: Fixture) {
    let store = opened(&fixture).await;
    for (name, refund, expected) in [("a", true, (10, 0)), ("b", false, (8, 0))] {
        ready(&store, name).await.accepted("SM1", NOW).await.unwrap();
        let receipt = receipt_of(name);
        for _ in 0..3 {
            store.receive(&receipt(ReceiptStatus::Undelivered), refund, NOW).await.unwrap();
        }
        assert_eq!(credit(&store).await, expected);
    }
}

async fn a_person_settles_a_message_in_doubt(fixture: Fixture) {
    let store = opened(&fixture).await;
    for (name, was_taken, expected) in [("a", true, (8, 0)), ("b", false, (8, 0))] {
        ready(&store, name).await.unknown(NOW).await.unwrap();
        store.resolve(&key(name), was_taken, NOW, NOW).await.unwrap();
        assert_eq!(credit(&store).await, expected);
        let again = store.resolve(&key(name), !was_taken, NOW, NOW).await;
        assert!(matches!(again, Err(CreditError::NotInDoubt)));
    }
    assert!(matches!(store.resolve(&key("c"), true, NOW, NOW).await, Err(CreditError::NotInDoubt)));
    // One that is being sent is nobody's yet.
    let sending = ready(&store, "d").await;
    assert!(matches!(store.resolve(&key("d"), false, NOW, NOW).await, Err(CreditError::NotInDoubt)));
    sending.accepted("SM1", NOW).await.unwrap();
}

async fn credit_is_granted_once_by_reference_and_never_below_zero(fixture: Fixture) {
    let store = opened(&fixture).await;
    assert!(matches!(store.grant(&alice(), 5, "start", NOW).await, Err(CreditError::Repeated)));
    assert!(matches!(store.grant(&alice(), -11, "mistake", NOW).await, Err(CreditError::TooLittle)));
    // What takes a grant away may have its name.
    store.grant(&alice(), 1, "gift", NOW).await.unwrap();
    assert_eq!(store.given("gift", -1).await.unwrap(), None);
    store.grant(&alice(), -1, "gift", NOW).await.unwrap();
    assert_eq!(store.given("gift", -1).await.unwrap().unwrap().available_change, -1);
    store.grant(&alice(), -3, "mistake", UnixMillis(NOW.0 + 1)).await.unwrap();
    assert_eq!(credit(&store).await, (7, 0));
}

async fn numbers_are_read_for_their_user(fixture: Fixture) {
    let store = fixture.open().await;
    fixture
        .by_hand(
            "INSERT INTO recipient_numbers (user_id, number) VALUES ('alice@example.org', '+491701234567'), \
             ('alice@example.org', '+12015550123'), ('bob@example.org', '+447400123456')",
        )
        .await;
    assert_eq!(store.numbers(&alice()).await.unwrap(), ["+12015550123", "+491701234567"]);
    assert!(store.numbers(&account("carol@example.org")).await.unwrap().is_empty());
    let many: Vec<_> =
        (100..201).map(|number| format!("('dave@example.org', '+49170{number}4567')")).collect();
    let insert = format!("INSERT INTO recipient_numbers (user_id, number) VALUES {}", many.join(", "));
    fixture.by_hand(&insert).await;
    let looked_at = store.numbers(&account("dave@example.org")).await.unwrap();
    assert_eq!((looked_at.len(), looked_at[99].as_str()), (100, "+491701994567"));
}

async fn what_was_spent_and_each_change_are_told(fixture: Fixture) {
    let store = opened(&fixture).await;
    assert_eq!(store.spent(&alice()).await.unwrap(), 0);
    ready(&store, "a").await.accepted("SM1", NOW).await.unwrap();
    ready(&store, "b").await.refused(NOW).await.unwrap();
    ready(&store, "c").await.accepted("SM2", NOW).await.unwrap();
    assert_eq!(store.spent(&alice()).await.unwrap(), 4);
    let undelivered = key("c");
    store.receive(&receipt(&undelivered, ReceiptStatus::Undelivered), true, NOW).await.unwrap();
    assert_eq!(store.spent(&alice()).await.unwrap(), 2);
    let entries = store.credit_entries(&alice(), 100).await.unwrap();
    let sum = |change: fn(&store::Entry) -> i64| entries.iter().map(change).sum::<i64>();
    assert_eq!((sum(|entry| entry.available_change), sum(|entry| entry.reserved_change)), (8, 0));
    assert_eq!(entries.len(), 8);
    assert_eq!(store.credit_entries(&alice(), 3).await.unwrap().len(), 3);
    let start = store.given("start", 10).await.unwrap().unwrap();
    assert_eq!((start.user.as_str(), start.available_change), ("alice@example.org", 10));
    assert_eq!(store.given(&undelivered.to_string(), 2).await.unwrap(), None);
}

#[test]
fn what_is_shown_for_a_log_holds_no_number_and_no_user() {
    let (key, user) = (key("a"), alice());
    let sms = text(&key, &user);
    let merge = Merge { user: &user, kind: NoticeKind::Text, destination: "+491701234567", flush_at: NOW };
    let shown = format!("{sms:?} {merge:?}");
    assert!(!shown.contains("alice") && !shown.contains("4917"), "{shown}");
}
