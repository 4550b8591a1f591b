//! States when the writer's thread is gone.

use futures_util::FutureExt;

use super::*;
use crate::LocalBusSettings;

const ALICE: AccountToken = AccountToken([7; 16]);
/// Far longer than the end of a thread takes.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn nobody_waits_for_a_thread_that_panicked() {
    let bus = LocalBus::in_memory(LocalBusSettings::default()).expect("in memory");
    let put = |expected| {
        let cause = EventId { relay: mailbox_event::RelayId(1), sequence: 1 };
        Box::pin(bus.put_state(ALICE, Bytes::new(), expected, cause))
    };
    let stored = put(None).await.expect("stored");
    let panics = bus.shared().writer.call(|_| -> rusqlite::Result<()> { panic!("on purpose") });
    let mut before = put(Some(stored));
    assert!((&mut before).now_or_never().is_none(), "accepted");
    assert!(panics.await.is_err());
    for put in [before, put(Some(Revision(2))), put(Some(stored))] {
        let put = tokio::time::timeout(PATIENCE, put).await.expect("an end of the wait");
        assert!(put.is_err());
    }
}
