//! The headers of a message: which event it is, what it is about, and for whom.

use async_nats::{HeaderMap, HeaderName, HeaderValue};
use bus::{Key, Message, Topic};
use mailbox_event::{AccountToken, EventId, RelayId};

use super::place::Place;

/// The event that a message came from: `<relay, 16 hex digits>-<sequence>`.
const ID: &str = "Mailpush-Id";

/// What it is about, as a subject without prefix; absent: the STATE of the account it is told to.
const TOPIC: &str = "Mailpush-Topic";

/// Every key it is told to, in the order in which it is told; absent: one.
const KEYS: &str = "Mailpush-Keys";

/// What NATS adds to a state: where it lies, and where the one before it of the same account did.
const SEQUENCE: &str = "Nats-Sequence";
const LAST_SEQUENCE: &str = "Nats-Last-Sequence";

/// What a message says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heading {
    pub(crate) id: EventId,
    pub(crate) topic: Topic,
    pub(crate) place: Option<Place>,
    keys: Vec<Key>,
}

impl Heading {
    /// The keys under which a listener of `key` may have heard it before.
    pub(crate) fn keys_before(&self, key: Key) -> &[Key] {
        let place = self.keys.iter().position(|&one| one == key).unwrap_or(0);
        &self.keys[..place]
    }
}

/// Headers that name the event.
pub(crate) fn with_id(id: EventId) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // Made once: a name that is given as a text is checked and copied each time.
    headers.insert(const { HeaderName::from_static(ID) }, id.to_string());
    headers
}

/// The event that headers name.
pub(crate) fn id_of(headers: &HeaderMap) -> Option<EventId> {
    event_id(headers.get(ID)?.as_str())
}

fn event_id(text: &str) -> Option<EventId> {
    let (relay, sequence) = text.split_once('-')?;
    Some(EventId { relay: RelayId(u64::from_str_radix(relay, 16).ok()?), sequence: sequence.parse().ok()? })
}

/// The headers of a message that is told to `keys`.
pub(super) fn write(message: &Message, keys: &[Key]) -> HeaderMap {
    let mut headers = with_id(message.id);
    headers.insert(TOPIC, message.topic.to_string());
    if keys.len() > 1 {
        let keys: Vec<_> = keys.iter().map(|key| key.0.to_string()).collect();
        headers.insert(KEYS, keys.join(","));
    }
    headers
}

/// Reads what [`write()`], or a state's writer and then NATS, wrote. In one pass: the map of a few headers costs less to
/// walk than one question costs, which makes a name of ours first.
pub(super) fn read(headers: &HeaderMap, state: impl FnOnce() -> Topic) -> Option<Heading> {
    let (mut id, mut topic, mut keys, mut sequence, mut last) = (None, None, Vec::new(), None, 0);
    for (name, values) in headers.iter() {
        let Some(text) = values.first().map(HeaderValue::as_str) else { continue };
        match name.as_ref() {
            ID => id = Some(event_id(text)?),
            TOPIC => topic = Some(text.parse().ok()?),
            KEYS => keys = text.split(',').map(key).collect::<Option<_>>()?,
            SEQUENCE => sequence = text.parse().ok(),
            LAST_SEQUENCE => last = text.parse().unwrap_or(0),
            _ => {}
        }
    }
    let place = sequence.map(|sequence| Place { sequence, last });
    Some(Heading { id: id?, topic: topic.unwrap_or_else(state), place, keys })
}

fn key(token: &str) -> Option<Key> {
    let octets = u128::from_str_radix(token, 16).ok()?;
    Some(Key(AccountToken(octets.to_be_bytes())))
}

#[cfg(test)]
mod tests {
    use bus::LiveKind;
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn message(relay: u64, sequence: u64) -> Message {
        let topic = Topic::Live(AccountToken([7; 16]), LiveKind::Revoked);
        Message { id: EventId { relay: RelayId(relay), sequence }, topic, payload: Bytes::new() }
    }

    fn no_state() -> Topic {
        panic!("the topic is in the headers")
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(relay in any::<u64>(), sequence in any::<u64>(), count in 1..5_u8) {
            let keys: Vec<_> = (0..count).map(|key| Key(AccountToken([key; 16]))).collect();
            let message = message(relay, sequence);
            let read = read(&write(&message, &keys), no_state).expect("it is read");
            prop_assert_eq!((read.id, read.topic, read.place), (message.id, message.topic, None));
            for (place, &key) in keys.iter().enumerate() {
                let before = if keys.len() > 1 { &keys[..place] } else { &[] };
                prop_assert_eq!(read.keys_before(key), before);
            }
        }

        #[test]
        fn any_header_may_be_read(id in ".{0,20}", topic in ".{0,20}", keys in ".{0,20}") {
            let mut headers = HeaderMap::new();
            for (name, value) in [(ID, id), (TOPIC, topic), (KEYS, keys)] {
                if let Ok(value) = value.parse::<async_nats::HeaderValue>() {
                    headers.insert(name, value);
                }
            }
            read(&headers, || Topic::State(AccountToken([0; 16])));
        }
    }

    #[test]
    fn headers_never_change() {
        let headers = write(&message(1, 2), &[Key(AccountToken([1; 16])), Key(AccountToken([2; 16]))]);
        assert_eq!(headers.get("Mailpush-Id").map(|id| id.as_str()), Some("0000000000000001-2"));
        let topic = "ev.07.07070707070707070707070707070707.revoked";
        assert_eq!(headers.get("Mailpush-Topic").map(|topic| topic.as_str()), Some(topic));
        let keys = "01010101010101010101010101010101,02020202020202020202020202020202";
        assert_eq!(headers.get("Mailpush-Keys").map(|keys| keys.as_str()), Some(keys));
    }

    #[test]
    fn a_republished_state_has_its_place() {
        let mut headers = with_id(message(1, 2).id);
        headers.insert("Nats-Sequence", "9");
        headers.insert("Nats-Last-Sequence", "4");
        let topic = Topic::State(AccountToken([3; 16]));
        let heading = read(&headers, || topic).unwrap();
        assert_eq!((heading.topic, heading.place), (topic, Some(Place { sequence: 9, last: 4 })));
    }
}
