//! What text messages say, for as long as somebody may say it again.

use mailbox_event::UnixMillis;
use store::Worded;

use super::{alice, in_doubt, key, opened, ready};
use crate::fixture::{Fixture, NOW, on_both};

on_both! {
    what_a_message_says_is_kept_for_the_next_attempt_and_no_longer,
}

async fn what_a_message_says_is_kept_for_the_next_attempt_and_no_longer(fixture: Fixture) {
    let store = opened(&fixture).await;
    let is_kept = async || fixture.count("SELECT COUNT(*) FROM sms_messages WHERE words <> ''").await == 1;
    let first = ready(&store, "a").await;
    assert_eq!(first.worded(), None);
    first.put_off(NOW).await.unwrap();
    let again = Worded { words: Some("Look".to_owned()), segments: 2 };
    let second = ready(&store, "a").await;
    assert_eq!(second.worded(), Some(&again));
    second.unanswered(NOW).await.unwrap();
    let third = in_doubt(&store, "a").await.again(NOW).await.unwrap();
    assert_eq!(third.worded(), Some(&again));
    assert!(is_kept().await);
    third.accepted("SM1", NOW).await.unwrap();
    assert!(!is_kept().await);
    ready(&store, "b").await.refused(NOW).await.unwrap();
    ready(&store, "c").await.unknown(NOW).await.unwrap();
    drop(ready(&store, "d").await);
    assert!(is_kept().await);
    in_doubt(&store, "d").await.leave(NOW).await.unwrap();
    assert!(!is_kept().await);
    // Those of gateways that may be asked again, which nobody did.
    for name in ["e", "f"] {
        store.grant(&alice(), 2, name, NOW).await.unwrap();
        ready(&store, name).await.unanswered(NOW).await.unwrap();
        assert!(is_kept().await);
        match name {
            "e" => drop(store.withdraw(&key(name), NOW).await.unwrap()),
            _ => drop(store.forget_texts(UnixMillis(NOW.0 + 1)).await.unwrap()),
        }
        assert!(!is_kept().await, "{name}");
    }
}
