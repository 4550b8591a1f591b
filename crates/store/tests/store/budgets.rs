//! How many notifications, and what becomes of those that are too many.

use std::time::Duration;

use mailbox_event::UnixMillis;
use store::{Admission, Budget, Effect, EffectKey, EffectKind, Merge, NoticeKind, ScopeKey, Store, Window};

use crate::fixture::{Fixture, NOW, account, on_both};

on_both! {
    within_a_budget_each_effect_is_counted_once,
    what_is_over_a_budget_is_merged_and_counts_in_no_other,
    a_hundred_at_once_use_a_budget_to_its_end_and_no_further,
    a_notice_that_is_due_is_in_one_pair_of_hands,
    spellings_of_an_address_share_a_notice_to_the_first_of_them,
    what_comes_while_a_notice_is_on_its_way_is_told_by_the_next,
    a_death_before_the_end_tells_the_same_again,
    notices_that_nobody_can_read_hold_up_no_others,
    counts_are_forgotten_by_age,
}

const CLAIM: Duration = Duration::from_secs(60);
const DUE: UnixMillis = UnixMillis(NOW.0 + 600_000);

fn budget(of: &str, most: u32) -> Budget {
    Budget { scope: ScopeKey::of(&["user", of]), since: NOW, most }
}

async fn admit(store: &Store, name: &str, budgets: &[Budget]) -> Admission {
    let user = account("alice@example.org");
    let merge =
        Merge { user: &user, kind: NoticeKind::Mail, destination: "phone@example.net", flush_at: DUE };
    let key = EffectKey::of(&[name]);
    store.admit(&key, EffectKind::SieveMail, "<1@example.org>", budgets, &merge, NOW).await.unwrap()
}

async fn is_within(store: &Store, name: &str, budgets: &[Budget]) -> bool {
    matches!(admit(store, name, budgets).await, Admission::Within(Effect::Planned(_)))
}

async fn due(store: &Store, now: UnixMillis) -> Vec<Window> {
    store.due_windows(NoticeKind::Mail, now, CLAIM, 10).await.unwrap().windows
}

fn later(after: Duration) -> UnixMillis {
    UnixMillis(DUE.0 + u64::try_from(after.as_millis()).unwrap())
}

async fn within_a_budget_each_effect_is_counted_once(fixture: Fixture) {
    let store = fixture.open().await;
    let budgets = [budget("alice", 2)];
    for _ in 0..3 {
        assert!(is_within(&store, "a", &budgets).await);
    }
    assert!(is_within(&store, "b", &budgets).await);
    assert!(!is_within(&store, "c", &budgets).await);
    // What was admitted stays so.
    assert!(is_within(&store, "a", &budgets).await);
    let next_hour = Budget { since: DUE, ..budgets[0] };
    assert!(is_within(&store, "d", &[next_hour]).await);
}

async fn what_is_over_a_budget_is_merged_and_counts_in_no_other(fixture: Fixture) {
    let store = fixture.open().await;
    let (user, phone) = (budget("alice", 2), budget("phone", 1));
    assert!(is_within(&store, "a", &[user, phone]).await);
    for nth in 0..3 {
        let Admission::Merged { is_first } = admit(&store, "b", &[user, phone]).await else {
            panic!("it is not merged")
        };
        assert_eq!(is_first, nth == 0);
    }
    assert!(is_within(&store, "c", &[user]).await);
    let windows = due(&store, DUE).await;
    assert_eq!((windows.len(), windows[0].telling), (1, 1));
    assert_eq!(windows[0].destination, "phone@example.net");
    assert!(matches!(admit(&store, "d", &[budget("nothing", 0)]).await, Admission::Merged { .. }));
}

async fn spellings_of_an_address_share_a_notice_to_the_first_of_them(fixture: Fixture) {
    let store = fixture.open().await;
    let user = account("alice@example.org");
    for (name, destination) in [("a", "Phone@example.net"), ("b", "phone@EXAMPLE.net")] {
        let merge = Merge { user: &user, kind: NoticeKind::Mail, destination, flush_at: DUE };
        let key = EffectKey::of(&[name]);
        let id = "<1@example.org>";
        store.admit(&key, EffectKind::SieveMail, id, &[budget("none", 0)], &merge, NOW).await.unwrap();
    }
    let windows = due(&store, DUE).await;
    assert_eq!((windows.len(), windows[0].telling), (1, 2));
    assert_eq!(windows[0].destination, "Phone@example.net");
}

async fn a_hundred_at_once_use_a_budget_to_its_end_and_no_further(fixture: Fixture) {
    let store = fixture.open().await;
    let admitted = (0..100).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { is_within(&store, &n.to_string(), &[budget("alice", 10)]).await })
    });
    let mut within = 0;
    for admitted in admitted.collect::<Vec<_>>() {
        within += usize::from(admitted.await.unwrap());
    }
    assert_eq!(within, 10);
    assert_eq!(due(&store, DUE).await[0].telling, 90);
}

async fn a_notice_that_is_due_is_in_one_pair_of_hands(fixture: Fixture) {
    let (store, other) = (fixture.open().await, fixture.open().await);
    admit(&store, "a", &[budget("alice", 0)]).await;
    assert!(due(&store, UnixMillis(DUE.0 - 1)).await.is_empty());
    let (first, second) = tokio::join!(due(&store, DUE), due(&other, DUE));
    assert_eq!(first.len() + second.len(), 1);
    let window = first.into_iter().chain(second).next().unwrap();
    store.close_window(&window, DUE, DUE).await.unwrap();
    assert!(due(&store, later(2 * CLAIM)).await.is_empty());
}

async fn what_comes_while_a_notice_is_on_its_way_is_told_by_the_next(fixture: Fixture) {
    let store = fixture.open().await;
    let none = [budget("alice", 0)];
    admit(&store, "a", &none).await;
    let first = due(&store, DUE).await.remove(0);
    for name in ["b", "c"] {
        admit(&store, name, &none).await;
    }
    let again = later(CLAIM);
    store.close_window(&first, DUE, again).await.unwrap();
    assert!(due(&store, DUE).await.is_empty());
    let second = due(&store, again).await.remove(0);
    assert_eq!((first.telling, second.telling), (1, 2));
    assert_ne!(first.notice(), second.notice());
}

async fn a_death_before_the_end_tells_the_same_again(fixture: Fixture) {
    let store = fixture.open().await;
    let none = [budget("alice", 0)];
    admit(&store, "a", &none).await;
    let first = due(&store, DUE).await.remove(0);
    admit(&store, "b", &none).await;
    let again = due(&store, later(CLAIM)).await.remove(0);
    assert_eq!((again.notice(), again.telling), (first.notice(), first.telling));
}

async fn notices_that_nobody_can_read_hold_up_no_others(fixture: Fixture) {
    let store = fixture.open().await;
    admit(&store, "a", &[budget("alice", 0)]).await;
    // More than one look takes, and due before the one that can be read.
    for nth in 0..12 {
        let due = DUE.0 - 1_000 + nth;
        let unreadable = format!(
            "INSERT INTO windows (id, user_id, kind, destination, opened, flush_at, more, telling, claimed_until) \
            VALUES ('{nth:064}', 'no address', 'mail', 'x', 1, {due}, 1, 0, 0);"
        );
        fixture.by_hand(&unreadable).await;
    }
    let look = async |now| store.due_windows(NoticeKind::Mail, now, CLAIM, 10).await;
    let first = look(DUE).await.unwrap();
    assert_eq!((first.windows.len(), first.unreadable), (0, 10));
    let second = look(DUE).await.unwrap();
    assert_eq!((second.windows.len(), second.unreadable), (1, 2));
    assert_eq!(look(later(CLAIM / 2)).await.unwrap().unreadable, 0, "told of once");
    let next_hour = later(Duration::from_secs(60 * 60));
    assert_eq!(look(next_hour).await.unwrap().unreadable, 10);
}

async fn counts_are_forgotten_by_age(fixture: Fixture) {
    let store = fixture.open().await;
    assert!(is_within(&store, "a", &[budget("alice", 1)]).await);
    assert_eq!(store.forget_budgets(NOW).await.unwrap(), 0);
    assert_eq!(store.forget_budgets(DUE).await.unwrap(), 1);
    assert!(is_within(&store, "b", &[budget("alice", 1)]).await);
}
