//! The ledger.

use mailbox_event::UnixMillis;
use store::{Effect, EffectKey, EffectKind, End, Interrupted, Outcome, Planned, Store, StoreError};

use crate::fixture::{Fixture, NOW, account, beginning, on_both};

on_both! {
    what_was_sent_is_over_also_after_a_restart,
    a_death_in_the_middle_leaves_an_interrupted_effect,
    only_what_may_have_left_again_is_a_repeat,
    a_beginning_of_which_nobody_knows_is_undone_and_another_workers_is_not,
    put_off_is_planned_again_and_keeps_its_message_id,
    two_workers_that_plan_one_key_share_a_row_and_only_one_begins,
    many_workers_in_two_processes_wait_for_each_other,
    who_only_looks_leaves_nothing_behind_and_one_of_them_begins,
    a_beginning_without_a_row_is_undone_like_any_other,
    whoever_undoes_a_beginning_leaves_the_one_of_another_who_saw_the_same,
    whoever_undoes_a_repeat_leaves_the_one_of_another_who_saw_the_same,
    what_has_no_row_yet_may_be_over_at_once,
    why_it_failed_is_said_to_whoever_asks_again,
    a_look_sees_what_the_ledger_has,
    effects_are_forgotten_by_age,
}

async fn plan(store: &Store) -> Effect {
    store.plan(&EffectKey::of(&["a"]), EffectKind::AlarmMail, "<1@example.org>", NOW).await.unwrap()
}

async fn why_failed(store: &Store) -> String {
    match plan(store).await {
        Effect::Over(Outcome::Failed { reason }) => reason,
        other => panic!("effect has not failed but is {other:?}"),
    }
}

async fn planned(store: &Store) -> Planned {
    match plan(store).await {
        Effect::Planned(planned) => planned,
        other => panic!("effect is not planned but {other:?}"),
    }
}

async fn interrupted(store: &Store) -> Interrupted {
    match plan(store).await {
        Effect::Interrupted(interrupted) => interrupted,
        other => panic!("effect is not interrupted but {other:?}"),
    }
}

async fn what_was_sent_is_over_also_after_a_restart(fixture: Fixture) {
    let store = fixture.open().await;
    let sending = planned(&store).await.begin(beginning(), NOW).await.unwrap();
    sending.end(End::Sent).write(NOW).await.unwrap();
    store.close().await;
    let store = fixture.open().await;
    assert!(matches!(plan(&store).await, Effect::Over(Outcome::Sent)));
}

async fn a_death_in_the_middle_leaves_an_interrupted_effect(fixture: Fixture) {
    let store = fixture.open().await;
    drop(planned(&store).await.begin(beginning(), NOW).await.unwrap());
    let effect = interrupted(&store).await;
    assert_eq!((effect.message_id(), effect.repeats()), ("<1@example.org>", 0));
    effect.give_up("nobody knows", UnixMillis(NOW.0 + 5)).await.unwrap();
    assert_eq!(why_failed(&store).await, "nobody knows");
}

async fn only_what_may_have_left_again_is_a_repeat(fixture: Fixture) {
    let store = fixture.open().await;
    drop(planned(&store).await.begin(beginning(), NOW).await.unwrap());
    for _ in 0..3 {
        let sending = interrupted(&store).await.begin_again(beginning(), NOW).await.unwrap();
        assert_eq!(interrupted(&store).await.repeats(), 1);
        let put_off = sending.end(End::PutOff);
        put_off.write(NOW).await.unwrap();
        put_off.write(NOW).await.unwrap();
        assert_eq!(interrupted(&store).await.repeats(), 0, "it was not taken this time");
    }
    let effect = interrupted(&store).await;
    let by = beginning();
    let unbegun = effect.unbegun(by);
    drop(effect.begin_again(by, NOW).await.unwrap());
    unbegun.write(NOW).await.unwrap();
    assert_eq!(interrupted(&store).await.repeats(), 0, "nothing left");
    drop(interrupted(&store).await.begin_again(beginning(), NOW).await.unwrap());
    assert_eq!(interrupted(&store).await.repeats(), 1);
}

async fn a_beginning_of_which_nobody_knows_is_undone_and_another_workers_is_not(fixture: Fixture) {
    let store = fixture.open().await;
    let late = planned(&store).await;
    let by = beginning();
    let unbegun = late.unbegun(by);
    unbegun.write(NOW).await.unwrap();
    unbegun.write(NOW).await.unwrap_err();
    assert!(matches!(late.begin(by, NOW).await, Err(StoreError::Taken)), "it comes after it was undone");
    let effect = planned(&store).await;
    let by = beginning();
    let unbegun = effect.unbegun(by);
    drop(effect.begin(by, NOW).await.unwrap());
    unbegun.write(NOW).await.unwrap();
    drop(planned(&store).await.begin(beginning(), NOW).await.unwrap());
    assert!(matches!(unbegun.write(NOW).await, Err(StoreError::Taken)));
    interrupted(&store).await;
}

async fn put_off_is_planned_again_and_keeps_its_message_id(fixture: Fixture) {
    let store = fixture.open().await;
    let sending = planned(&store).await.begin(beginning(), NOW).await.unwrap();
    sending.end(End::PutOff).write(NOW).await.unwrap();
    let key = EffectKey::of(&["a"]);
    let Effect::Planned(again) =
        store.plan(&key, EffectKind::AlarmMail, "<2@example.org>", NOW).await.unwrap()
    else {
        panic!("not planned")
    };
    assert_eq!(again.message_id(), "<1@example.org>");
    again.fail("refused", NOW).await.unwrap();
    assert_eq!(why_failed(&store).await, "refused");
}

async fn two_workers_that_plan_one_key_share_a_row_and_only_one_begins(fixture: Fixture) {
    let (one, other) = (fixture.open().await, fixture.open().await);
    let (first, second) = tokio::join!(planned(&one), planned(&other));
    let (first, second) = tokio::join!(first.begin(beginning(), NOW), second.begin(beginning(), NOW));
    let begun = [&first, &second].into_iter().filter(|result| result.is_ok()).count();
    assert_eq!(begun, 1);
    let refused = if first.is_err() { first } else { second };
    assert!(matches!(refused, Err(StoreError::Taken)));
    assert_eq!(one.forget(UnixMillis(NOW.0 + 1)).await.unwrap(), 1);
}

async fn many_workers_in_two_processes_wait_for_each_other(fixture: Fixture) {
    let stores = [fixture.open().await, fixture.open().await];
    let work = (0..200_u32).map(|number| {
        let store = stores[number as usize % 2].clone();
        tokio::spawn(async move {
            let key = EffectKey::of(&[&(number / 4).to_string()]);
            match store.plan(&key, EffectKind::AlarmMail, "<1@example.org>", NOW).await.unwrap() {
                Effect::Planned(planned) => planned.drop(NOW).await.is_ok(),
                Effect::Interrupted(_) | Effect::Over(_) => false,
            }
        })
    });
    let mut dropped = 0;
    for worker in work.collect::<Vec<_>>() {
        dropped += usize::from(worker.await.unwrap());
    }
    assert_eq!(dropped, 50);
}

async fn look(store: &Store) -> Effect {
    let (key, anybody) = (EffectKey::of(&["a"]), account("anybody@example.org"));
    store.look(&key, EffectKind::AlarmMail, "<1@example.org>", &anybody, None).await.unwrap().0
}

async fn looked(store: &Store) -> Planned {
    match look(store).await {
        Effect::Planned(planned) => planned,
        other => panic!("effect is not planned but {other:?}"),
    }
}

async fn who_only_looks_leaves_nothing_behind_and_one_of_them_begins(fixture: Fixture) {
    let (one, other) = (fixture.open().await, fixture.open().await);
    let (first, second, third) = (looked(&one).await, looked(&other).await, looked(&one).await);
    assert_eq!(first.message_id(), "<1@example.org>");
    assert_eq!(one.forget(UnixMillis(NOW.0 + 1)).await.unwrap(), 0, "there is no row");
    let (first, second) = tokio::join!(first.begin(beginning(), NOW), second.begin(beginning(), NOW));
    assert_eq!([&first, &second].into_iter().filter(|result| result.is_ok()).count(), 1);
    let refused = if first.is_err() { first } else { second };
    assert!(matches!(refused, Err(StoreError::Taken)));
    assert!(matches!(third.drop(NOW).await, Err(StoreError::Taken)), "another has begun it");
    interrupted(&one).await;
}

async fn a_beginning_without_a_row_is_undone_like_any_other(fixture: Fixture) {
    let store = fixture.open().await;
    let late = looked(&store).await;
    let by = beginning();
    let unbegun = late.unbegun(by);
    unbegun.write(NOW).await.unwrap();
    assert!(matches!(late.begin(by, NOW).await, Err(StoreError::Taken)), "it comes after it was undone");
    let effect = looked(&store).await;
    let by = beginning();
    let unbegun = effect.unbegun(by);
    drop(effect.begin(by, NOW).await.unwrap());
    unbegun.write(NOW).await.unwrap();
    store.forget(UnixMillis(NOW.0 + 1)).await.unwrap();
    let effect = looked(&store).await;
    let by = beginning();
    let unbegun = effect.unbegun(by);
    drop(effect.begin(by, NOW).await.unwrap());
    unbegun.write(NOW).await.unwrap();
    drop(planned(&store).await.begin(beginning(), NOW).await.unwrap());
    assert!(matches!(unbegun.write(NOW).await, Err(StoreError::Taken)), "another has begun it since");
    interrupted(&store).await;
}

async fn whoever_undoes_a_beginning_leaves_the_one_of_another_who_saw_the_same(fixture: Fixture) {
    let (one, other) = (fixture.open().await, fixture.open().await);
    // With no row, and with one.
    for _ in 0..2 {
        let unbegun = looked(&one).await.unbegun(beginning());
        let sending = looked(&other).await.begin(beginning(), NOW).await.unwrap();
        assert!(matches!(unbegun.write(NOW).await, Err(StoreError::Taken)));
        let effect = interrupted(&one).await;
        assert_eq!(effect.repeats(), 0);
        sending.end(End::PutOff).write(NOW).await.unwrap();
        assert!(matches!(unbegun.write(NOW).await, Err(StoreError::Taken)));
    }
}

async fn whoever_undoes_a_repeat_leaves_the_one_of_another_who_saw_the_same(fixture: Fixture) {
    let (one, other) = (fixture.open().await, fixture.open().await);
    drop(looked(&one).await.begin(beginning(), NOW).await.unwrap());
    let unbegun = interrupted(&one).await.unbegun(beginning());
    let sending = interrupted(&other).await.begin_again(beginning(), NOW).await.unwrap();
    assert!(matches!(unbegun.write(NOW).await, Err(StoreError::Taken)));
    assert_eq!(interrupted(&one).await.repeats(), 1, "the other's counts");
    sending.end(End::Sent).write(NOW).await.unwrap();
}

async fn what_has_no_row_yet_may_be_over_at_once(fixture: Fixture) {
    let store = fixture.open().await;
    looked(&store).await.drop(NOW).await.unwrap();
    assert!(matches!(look(&store).await, Effect::Over(Outcome::Dropped)));
    store.forget(UnixMillis(NOW.0 + 1)).await.unwrap();
    looked(&store).await.fail("refused", NOW).await.unwrap();
    assert_eq!(why_failed(&store).await, "refused");
}

async fn why_it_failed_is_said_to_whoever_asks_again(fixture: Fixture) {
    let store = fixture.open().await;
    let sending = planned(&store).await.begin(beginning(), NOW).await.unwrap();
    let reason = format!("host answered 410{}", "é".repeat(200));
    let ending = sending.end(End::Failed { reason: reason.clone() });
    ending.write(NOW).await.unwrap();
    let kept = why_failed(&store).await;
    assert!(reason.starts_with(&kept) && (250..=256).contains(&kept.len()), "{kept}");
    assert!(matches!(look(&store).await, Effect::Over(Outcome::Failed { reason }) if reason == kept));
}

async fn a_look_sees_what_the_ledger_has(fixture: Fixture) {
    let store = fixture.open().await;
    let key = EffectKey::of(&["a"]);
    store.plan(&key, EffectKind::AlarmMail, "<first@example.org>", NOW).await.unwrap();
    let effect = looked(&store).await;
    assert_eq!(effect.message_id(), "<first@example.org>");
    let sending = effect.begin(beginning(), NOW).await.unwrap();
    let Effect::Interrupted(again) = look(&store).await else { panic!("it was begun") };
    assert_eq!((again.message_id(), again.repeats()), ("<first@example.org>", 0));
    sending.end(End::Sent).write(NOW).await.unwrap();
    assert!(matches!(look(&store).await, Effect::Over(Outcome::Sent)));
}

async fn effects_are_forgotten_by_age(fixture: Fixture) {
    let store = fixture.open().await;
    planned(&store).await.drop(NOW).await.unwrap();
    assert_eq!(store.forget(NOW).await.unwrap(), 0);
    assert!(matches!(plan(&store).await, Effect::Over(Outcome::Dropped)));
    assert_eq!(store.forget(UnixMillis(NOW.0 + 1)).await.unwrap(), 1);
    let later = UnixMillis(NOW.0 + 9);
    planned(&store).await.drop(later).await.unwrap();
    assert_eq!(store.forget(later).await.unwrap(), 0, "somebody has touched it since it was made");
}
