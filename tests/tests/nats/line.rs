//! A relay, a pusher and a stream on one NATS.

use std::collections::BTreeMap;

use testkit::{
    eventually,
    nats::{Nats, Version},
};
use tests::{Apart, Follower, apart};

use super::PATIENCE;

/// Fails if the stream ends before it tells `modseq` of the user's mail.
pub async fn reaches(stream: &Follower, user: &str, modseq: u64) {
    let expected = BTreeMap::from([("Email".to_owned(), modseq.to_string())]);
    tokio::select! {
        _ = stream.reaches(user, &expected, PATIENCE) => {}
        () = async { eventually(PATIENCE * 2, "it ends", async || stream.has_ended().then_some(())).await } => {
            panic!("the stream ended before {modseq} was told: {:?}", stream.told());
        }
    }
}

/// Relay, a pusher, and a stream of alice that has reached modseq 10.
pub struct Line {
    pub nats: Nats,
    pub relay: apart::Process,
    pub pusher: apart::Process,
    pub stream: Follower,
    pub site: Apart,
}

impl Line {
    /// Starts them.
    pub async fn start(version: Version) -> Self {
        let nats = apart::nats(version).await;
        let site = Apart::on(&nats);
        let relay = site.relay("relay").await;
        let pusher = site.pusher("one", None).await;
        relay.change("alice", 10).await;
        let stream = pusher.follow("alice").await;
        reaches(&stream, "alice", 10).await;
        Self { nats, relay, pusher, stream, site }
    }

    /// What comes while NATS is away is answered and kept, and both say that they are not ready.
    pub async fn outage(&self, modseqs: std::ops::Range<u32>) {
        for process in [&self.relay, &self.pusher] {
            process.wait_until_ready(false).await;
        }
        let waiting = f64::from(modseqs.end - modseqs.start);
        for modseq in modseqs {
            self.relay.change("alice", modseq.into()).await;
        }
        eventually(PATIENCE, &format!("{waiting} wait in the spool"), async || {
            (self.relay.metric("relay_spool_records").await >= waiting).then_some(())
        })
        .await;
    }

    /// All is told, in order, and everybody is well.
    pub async fn converges(&self, modseq: u64) {
        reaches(&self.stream, "alice", modseq).await;
        self.relay.wait_until_published().await;
        for process in [&self.relay, &self.pusher] {
            process.wait_until_ready(true).await;
        }
        apart::assert_refused_nothing(&self.nats);
        self.stream.assert_never_backwards("alice");
        assert!(!self.stream.has_ended(), "an outage of the bus ends no stream");
    }
}
