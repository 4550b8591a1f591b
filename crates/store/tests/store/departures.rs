//! Text messages that are admitted and paid in one go.

use std::time::Duration;

use futures_util::future::join_all;
use mailbox_event::Account;
use store::{
    Admission, Budget, EffectKey, EffectKind, Merge, NoticeKind, Reservation, ScopeKey, Sms, SmsState, Store,
    StoreError, Texting,
};

use testkit::eventually;

use crate::fixture::{Fixture, NOW, account, on_both};

on_both! {
    a_first_message_is_admitted_and_paid,
    what_was_asked_for_before_is_left_to_the_long_way,
    at_once_no_more_depart_than_a_budget_has_room_for,
    at_once_no_more_depart_than_are_paid,
    at_once_one_message_departs_once,
    many_users_at_once_depart_and_are_settled_each_for_itself,
}

/// Texts of one hour, each of another user.
const CROWD: usize = 640;
/// Connections end a moment after they were closed.
const WITHIN: Duration = Duration::from_secs(30);
/// Rows of an index beside the primary key that one text may look at.
const LOOKS: u64 = 5;

/// More than go into a statement.
const MANY: usize = 100;
pub const WIDE: [u32; 3] = [1_000; 3];

fn alice() -> Account {
    account("alice@example.org")
}

pub fn key(name: usize) -> EffectKey {
    EffectKey::of(&["sms", &name.to_string()])
}

fn budgets(user: &Account, most: [u32; 3]) -> [Budget; 3] {
    let scopes = ["user", "destination", "message"].map(|kind| ScopeKey::of(&[kind, user.as_str()]));
    [0, 1, 2].map(|nth| Budget { scope: scopes[nth], since: NOW, most: most[nth] })
}

pub async fn depart(store: &Store, user: &Account, name: usize, most: [u32; 3]) -> Option<Texting> {
    try_depart(store, user, name, most).await.unwrap()
}

pub async fn try_depart(
    store: &Store,
    user: &Account,
    name: usize,
    most: [u32; 3],
) -> Result<Option<Texting>, StoreError> {
    let key = key(name);
    let sms = Sms {
        key: &key,
        user,
        number: "+491701234567",
        segments: 2,
        price: 2,
        provider: "twilio",
        words: "Look",
    };
    store.depart(&sms, &budgets(user, most), NOW).await
}

async fn reserve(store: &Store, user: &Account, name: usize) -> Reservation {
    let key = key(name);
    let sms = Sms {
        key: &key,
        user,
        number: "+491701234567",
        segments: 2,
        price: 2,
        provider: "twilio",
        words: "Look",
    };
    store.reserve(&sms, NOW).await.unwrap()
}

async fn admit(store: &Store, name: usize, most: [u32; 3]) -> Admission {
    let user = alice();
    let merge = Merge { user: &user, kind: NoticeKind::Text, destination: "+491701234567", flush_at: NOW };
    let budgets = budgets(&user, most);
    store.admit(&key(name), EffectKind::SieveText, "", &budgets, &merge, NOW).await.unwrap()
}

/// At every look the entries are what the credit says.
async fn credit(store: &Store, user: &Account) -> (u64, u64) {
    assert_eq!(store.audit().await.unwrap(), 0);
    let credit = store.credit(user).await.unwrap();
    (credit.available, credit.reserved)
}

async fn opened(fixture: &Fixture, amount: i64) -> Store {
    let store = fixture.open().await;
    store.grant(&alice(), amount, "start", NOW).await.unwrap();
    store
}

/// How many of a hundred of one user depart.
async fn departed(store: &Store, most: [u32; 3]) -> usize {
    let asked = join_all((0..MANY).map(async |name| depart(store, &alice(), name, most).await));
    asked.await.into_iter().flatten().count()
}

async fn a_first_message_is_admitted_and_paid(fixture: Fixture) {
    let store = opened(&fixture, 10).await;
    let texting = depart(&store, &alice(), 1, WIDE).await.unwrap();
    assert_eq!(texting.reference(), key(1).to_string());
    assert_eq!(credit(&store, &alice()).await, (8, 2));
    texting.accepted("SM1", NOW).await.unwrap();
    assert_eq!(credit(&store, &alice()).await, (8, 0));
    assert!(matches!(reserve(&store, &alice(), 1).await, Reservation::Over(SmsState::Accepted)));
    // It counted in its budgets, once.
    assert!(matches!(admit(&store, 1, [1; 3]).await, Admission::Within(_)));
    assert!(matches!(admit(&store, 2, [1, 9, 9]).await, Admission::Merged { .. }));
    assert!(matches!(admit(&store, 3, [2; 3]).await, Admission::Within(_)));
}

async fn what_was_asked_for_before_is_left_to_the_long_way(fixture: Fixture) {
    let store = opened(&fixture, 10).await;
    drop(depart(&store, &alice(), 1, WIDE).await.unwrap());
    assert!(depart(&store, &alice(), 1, WIDE).await.is_none());
    assert!(matches!(reserve(&store, &alice(), 1).await, Reservation::InDoubt(_)));
    drop(admit(&store, 2, WIDE).await);
    assert!(depart(&store, &alice(), 2, WIDE).await.is_none());
    assert!(matches!(reserve(&store, &alice(), 2).await, Reservation::Ready(_)));
    assert!(depart(&store, &account("bob@example.org"), 3, WIDE).await.is_none(), "nobody gave him credit");
    assert!(depart(&store, &alice(), 4, [9, 0, 9]).await.is_none(), "there is room for none");
    assert_eq!(credit(&store, &alice()).await, (6, 4));
}

async fn at_once_no_more_depart_than_a_budget_has_room_for(fixture: Fixture) {
    let store = opened(&fixture, 1_000).await;
    for (name, most) in [[7, 1_000, 1_000], [1_000, 19, 1_000], [1_000, 1_000, 30]].into_iter().enumerate() {
        let before = credit(&store, &alice()).await.1;
        let asked = join_all(
            (0..MANY).map(async |nth| depart(&store, &alice(), name * MANY + nth, most).await.is_some()),
        );
        let departed = asked.await.into_iter().filter(|departs| *departs).count();
        // Those of the rounds before count, too.
        let expected = [7, 12, 11][name];
        assert_eq!(departed, expected);
        assert_eq!(credit(&store, &alice()).await.1 - before, 2 * u64::try_from(expected).unwrap());
    }
}

async fn at_once_no_more_depart_than_are_paid(fixture: Fixture) {
    let store = opened(&fixture, 75).await;
    assert_eq!(departed(&store, WIDE).await, 37);
    assert_eq!(credit(&store, &alice()).await, (1, 74));
    assert_eq!(departed(&store, WIDE).await, 0);
}

async fn at_once_one_message_departs_once(fixture: Fixture) {
    let (store, other) = (opened(&fixture, 1_000).await, fixture.open().await);
    for name in 0..10 {
        let asked = join_all((0..20).map(async |nth| {
            depart(if nth % 2 == 0 { &store } else { &other }, &alice(), name, WIDE).await.is_some()
        }));
        assert_eq!(asked.await.into_iter().filter(|departs| *departs).count(), 1);
    }
    assert_eq!(credit(&store, &alice()).await, (980, 20));
}

async fn many_users_at_once_depart_and_are_settled_each_for_itself(fixture: Fixture) {
    let (store, other) = (fixture.open().await, fixture.open().await);
    let users: Vec<_> = (0..7).map(|user| account(&format!("u{user}@example.org"))).collect();
    for user in &users {
        store.grant(user, 40, user.as_str(), NOW).await.unwrap();
    }
    let way = async |name: usize| {
        let (store, user) =
            (if name.is_multiple_of(2) { &store } else { &other }, &users[name % users.len()]);
        let texting = depart(store, user, name, WIDE).await.unwrap();
        match name % 3 {
            0 => texting.refused(NOW).await.unwrap(),
            _ => texting.accepted("SM", NOW).await.unwrap(),
        }
        assert!(texting.accepted("SM", NOW).await.is_err(), "it is settled");
    };
    join_all((0..MANY).map(way)).await;
    let accepted = |user| (0..MANY).filter(|name| name % users.len() == user && name % 3 > 0).count();
    for (nth, user) in users.iter().enumerate() {
        let left = 40 - 2 * u64::try_from(accepted(nth)).unwrap();
        assert_eq!(credit(&store, user).await, (left, 0));
    }
}

/// Of young tables, which the server has not counted yet.
#[tokio::test]
async fn what_a_text_reads_does_not_grow_with_those_of_its_hour_and_those_under_way() {
    let fixture = Fixture::postgres().await;
    let store = fixture.open().await;
    let grants =
        (0..CROWD).map(|user| format!("('u{user}@example.org', 2, 0)")).collect::<Vec<_>>().join(", ");
    fixture.by_hand(&format!("INSERT INTO sms_credit VALUES {grants}")).await;
    let ways = (0..CROWD).map(async |name| {
        let user = account(&format!("u{name}@example.org"));
        depart(&store, &user, name, WIDE).await.unwrap()
    });
    let texts = join_all(ways).await;
    join_all(texts.iter().take(CROWD / 2).map(async |texting| texting.accepted("SM", NOW).await.unwrap()))
        .await;
    // Connections tell what they read at their end.
    store.close().await;
    let told = "SELECT SUM(CASE relname WHEN 'budgets' THEN n_tup_ins ELSE n_tup_upd END) FROM pg_stat_user_tables \
        WHERE relname IN ('budgets', 'sms_messages')";
    let all = u64::try_from(3 * CROWD + CROWD / 2).unwrap();
    eventually(WITHIN, "all is counted", async || (fixture.count(told).await == all).then_some(())).await;
    for index in ["budgets_by_age", "sms_messages_by_state"] {
        let read = format!("SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = '{index}'");
        let read = fixture.count(&read).await;
        assert!(read < LOOKS * u64::try_from(CROWD).unwrap(), "{index}: {read}");
    }
}
