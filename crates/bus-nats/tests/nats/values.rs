//! Bounds of what is kept.

use std::time::Duration;

use bus::{Bucket, BusError, PutError, Retained};
use bytes::Bytes;
use mailbox_event::AccountToken;
use testkit::nats::Version;

use crate::{
    server::{installation, shared},
    support::{ALICE, id, node, text},
};

pub async fn a_value_may_not_outlive_its_bucket(version: Version) {
    let server = shared(version).await;
    let bus = node(&installation(&server)).await;
    let put = bus.put(Bucket::Leases, "key", text(1), Duration::from_hours(48)).await;
    assert!(matches!(put, Err(BusError::Unusable(_))), "{put:?}");
    assert_eq!(bus.get(Bucket::Leases, "key").await.unwrap(), None);
}

pub async fn a_full_stream_says_so(version: Version) {
    let server = shared(version).await;
    let mut settings = installation(&server);
    settings.bounds.state = 64 << 10;
    let bus = node(&settings).await;
    let value = Bytes::from(vec![7; 4 << 10]);
    let mut stored = Vec::new();
    let refused = loop {
        let account = AccountToken([u8::try_from(stored.len()).unwrap(); 16]);
        match bus.put_state(account, value.clone(), None, id(1)).await {
            Ok(revision) => stored.push((account, revision)),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, PutError::Bus(BusError::Full)), "{refused:?}");
    assert!((10..16).contains(&stored.len()), "{}", stored.len());
    let (account, revision) = stored[0];
    bus.put_state(account, value, Some(revision), id(2))
        .await
        .expect("what takes no more room than before is stored");
}

pub async fn a_put_whose_answer_was_lost_is_no_duplicate(version: Version) {
    let server = shared(version).await;
    let bus = node(&installation(&server)).await;
    // Its writer never heard of this one.
    let lost = bus.put_state(ALICE, text(1), None, id(1)).await.unwrap();
    let again = bus.put_state(ALICE, text(1), None, id(1)).await;
    assert!(matches!(again, Err(PutError::Conflict)));
    let merged = bus.put_state(ALICE, text(2), Some(lost), id(1)).await.unwrap();
    let state = bus.state(ALICE).await.unwrap().unwrap();
    assert_eq!((state.revision, state.value), (merged, text(2)));
}
