use async_trait::async_trait;
use bus::Failure;
use mailbox_event::{AccountToken, EventId, RelayId};

use super::*;
use crate::SystemClock;

const KEY: Key = Key(AccountToken([1; 16]));
const OTHER: Key = Key(AccountToken([2; 16]));

#[derive(Default)]
struct Counting(AtomicU64);

#[async_trait]
impl KeyListener for Counting {
    async fn hear(&self, _message: Arc<Message>) -> Result<(), Failure> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

fn listeners() -> KeyListeners {
    KeyListeners::new(KeyBounds { registrations: 3, live_runs: 1 }, Arc::new(SystemClock))
}

/// A listener, and the same as the node knows it.
fn listener() -> (Arc<Counting>, Arc<dyn KeyListener>) {
    let listener = Arc::new(Counting::default());
    (listener.clone(), listener)
}

fn message() -> Arc<Message> {
    let id = EventId { relay: RelayId(1), sequence: 1 };
    Arc::new(Message { id, topic: Topic::State(KEY.0), payload: "x".into() })
}

#[tokio::test]
async fn who_keeps_an_audience_tells_those_who_come_later_too() {
    let keys = listeners();
    let ((first, one), (second, two)) = (listener(), listener());
    keys.add(KEY, &one).unwrap();
    let audience = keys.audience(KEY).unwrap();
    keys.add(KEY, &two).unwrap();
    assert!(keys.begin_after(&message(), &audience, &[]).await.is_empty());
    assert_eq!((first.0.load(Ordering::SeqCst), second.0.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test]
async fn an_audience_without_listeners_is_over_for_ever() {
    let keys = listeners();
    let ((first, one), (second, two)) = (listener(), listener());
    let added = keys.add(KEY, &one).unwrap();
    let audience = keys.audience(KEY).unwrap();
    assert!(!audience.is_over());
    assert_eq!(keys.remove(added), Removed::TheLast);
    assert_eq!(keys.remove(added), Removed::Nothing);
    keys.add(KEY, &two).unwrap();
    assert!(audience.is_over());
    keys.begin_after(&message(), &audience, &[]).await;
    let other = keys.audience(KEY).unwrap();
    keys.begin_after(&message(), &other, &[]).await;
    assert_eq!((first.0.load(Ordering::SeqCst), second.0.load(Ordering::SeqCst)), (0, 1));
}

#[tokio::test]
async fn who_heard_a_message_under_an_earlier_key_does_not_hear_it_again() {
    let keys = listeners();
    let ((both, listens_twice), (late, listens_once)) = (listener(), listener());
    keys.add(OTHER, &listens_twice).unwrap();
    keys.add(KEY, &listens_twice).unwrap();
    keys.add(KEY, &listens_once).unwrap();
    let audience = keys.audience(KEY).unwrap();
    keys.begin_after(&message(), &audience, &[OTHER]).await;
    assert_eq!((both.0.load(Ordering::SeqCst), late.0.load(Ordering::SeqCst)), (0, 1));
    keys.begin(&message(), &[OTHER, KEY]).await;
    assert_eq!((both.0.load(Ordering::SeqCst), late.0.load(Ordering::SeqCst)), (1, 2));
}

#[test]
fn registrations_are_bounded_and_give_their_place_back() {
    let keys = listeners();
    let all: Vec<_> = (0..4).map(|_| listener().1).collect();
    let added: Vec<_> = all[..3].iter().map(|one| keys.add(KEY, one).unwrap()).collect();
    assert!(matches!(keys.add(OTHER, &all[3]), Err(BusError::Full)));
    assert_eq!(keys.add(KEY, &all[0]).unwrap(), added[0], "it is found registered");
    assert_eq!(keys.remove(added[1]), Removed::OneOfSome);
    assert!(keys.add(OTHER, &all[3]).is_ok());
}
