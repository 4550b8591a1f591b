//! Callers that come at the same time may share a transaction, and nothing else.

mod file;

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join, join_all};
use store::{Credit, Reservation, Sms, Store, Texting};

use crate::{
    departures::{WIDE, depart, key},
    fixture::{Fixture, NOW, account, on_both},
};

on_both! {
    each_of_many_at_once_learns_what_became_of_its_own,
    what_is_refused_to_one_is_done_for_the_others,
    at_every_commit_the_entries_are_what_the_credit_says,
}

/// More than go in a transaction.
const MANY: usize = 100;

async fn reserve(store: &Store, name: usize, user: &str, number: &str) -> Result<Reservation, ()> {
    let (key, user) = (key(name), account(user));
    let sms = Sms { key: &key, user: &user, number, segments: 2, price: 2, provider: "twilio", words: "" };
    store.reserve(&sms, NOW).await.map_err(drop)
}

/// Of four one is new and paid, one was asked for before, one was so in another way, and one has no credit.
async fn each_of_many_at_once_learns_what_became_of_its_own(fixture: Fixture) {
    let store = fixture.open().await;
    store.grant(&account("alice@example.org"), 1_000, "start", NOW).await.unwrap();
    for name in (0..MANY).filter(|name| name % 4 == 1 || name % 4 == 2) {
        let Ok(Reservation::Ready(texting)) = reserve(&store, name, "alice@example.org", "+1").await else {
            panic!("{name} is not ready")
        };
        if name % 4 == 2 {
            texting.refused(NOW).await.unwrap();
        }
    }
    let asked = join_all((0..MANY).map(async |name| {
        let user = if name % 4 == 3 { "bob@example.org" } else { "alice@example.org" };
        reserve(&store, name, user, "+1").await.unwrap()
    }));
    for (name, reserved) in asked.await.into_iter().enumerate() {
        match (name % 4, reserved) {
            (0, Reservation::Ready(_)) | (1, Reservation::InDoubt(_)) => {}
            (2, Reservation::Over(_)) | (3, Reservation::NoCredit) => {}
            (_, reserved) => panic!("{name} is {reserved:?}"),
        }
    }
    let credit = store.credit(&account("alice@example.org")).await.unwrap();
    assert_eq!((credit.available, credit.reserved), (900, 100));
    assert_eq!(store.audit().await.unwrap(), 0);
    assert_eq!(fixture.count("SELECT COUNT(*) FROM sms_messages").await, 75);
}

async fn what_is_refused_to_one_is_done_for_the_others(fixture: Fixture) {
    fixture.open().await.close().await;
    fixture.by_hand("CREATE UNIQUE INDEX one_each ON sms_messages (number);").await;
    let store = fixture.open().await;
    store.grant(&account("alice@example.org"), 1_000, "start", NOW).await.unwrap();
    let asked = join_all((0..MANY).map(async |name| {
        let number = format!("+{}", if name % 10 == 7 { 7 } else { name });
        reserve(&store, name, "alice@example.org", &number).await
    }));
    let asked = asked.await;
    assert!(asked.iter().enumerate().all(|(name, asked)| asked.is_ok() || name % 10 == 7));
    assert_eq!(asked.iter().filter(|asked| asked.is_err()).count(), MANY / 10 - 1);
    let credit = store.credit(&account("alice@example.org")).await.unwrap();
    assert_eq!((credit.available, credit.reserved), (1_000 - 182, 182));
    assert_eq!(store.audit().await.unwrap(), 0);
}

const USERS: [&str; 3] = ["alice@example.org", "bob@example.org", "carol@example.org"];
const AT_ONCE: usize = 64;
const ROUNDS: usize = 4;
/// Not enough for all that a user's texts take.
const GRANTED: i64 = 40;

/// Each is asked for at two nodes. Of those that depart a third is taken, a third refused and a third left.
async fn at_every_commit_the_entries_are_what_the_credit_says(fixture: Fixture) {
    let (store, other, onlooker) = (fixture.open().await, fixture.open().await, fixture.open().await);
    for user in USERS {
        store.grant(&account(user), GRANTED, user, NOW).await.unwrap();
    }
    let is_over = AtomicBool::new(false);
    let texts = async {
        let mut told = [0, 0];
        for round in 0..ROUNDS {
            let asked = (0..AT_ONCE).map(async |nth| {
                let name = (round * AT_ONCE + nth) / 2;
                let store = if nth % 2 == 0 { &store } else { &other };
                match depart(store, &account(USERS[name % USERS.len()]), name, WIDE).await {
                    Some(texting) => settle(texting, name).await,
                    None => [0, 0],
                }
            });
            told = join_all(asked).await.iter().fold(told, |sum, one| [sum[0] + one[0], sum[1] + one[1]]);
            let credits =
                join_all(USERS.map(async |user| onlooker.credit(&account(user)).await.unwrap())).await;
            let sum = |of: fn(&Credit) -> u64| credits.iter().map(of).sum::<u64>();
            let [available, reserved] = [sum(|credit| credit.available), sum(|credit| credit.reserved)];
            assert_eq!(
                [3 * GRANTED.unsigned_abs() - available - reserved, reserved],
                told,
                "spent and kept back"
            );
        }
        assert!(told.iter().min() > Some(&30), "{told:?}");
        is_over.store(true, Ordering::Relaxed);
    };
    let looks = async {
        while !is_over.load(Ordering::Relaxed) {
            assert_eq!(onlooker.audit().await.unwrap(), 0);
        }
    };
    join(texts, looks).await;
}

/// What it spent, and what it still keeps back.
async fn settle(texting: Texting, name: usize) -> [u64; 2] {
    match name / USERS.len() % 3 {
        0 => texting.accepted("SM", NOW).await.map(|()| [2, 0]).unwrap(),
        1 => texting.refused(NOW).await.map(|()| [0, 0]).unwrap(),
        _ => [0, 2],
    }
}
