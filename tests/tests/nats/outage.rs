//! NATS that is away, hangs, or comes back empty.

use testkit::{eventually, nats::Version};
use tests::{Apart, Follower, apart};

use super::{
    PATIENCE,
    line::{Line, reaches},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_nats_delays_and_loses_nothing() {
    for version in Version::ALL {
        let mut line = Line::start(version).await;
        line.nats.kill();
        line.outage(11..40).await;
        line.nats.restart().await;
        line.converges(39).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_that_hangs_is_told_and_waited_for() {
    for version in Version::ALL {
        let line = Line::start(version).await;
        line.nats.pause();
        line.outage(11..20).await;
        line.nats.resume();
        line.converges(19).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_begin_and_end_in_order_while_nats_is_away() {
    let mut line = Line::start(Version::Debian).await;
    line.nats.kill();
    line.outage(11..15).await;
    let mut waiting = line.site.waiting_pusher().await;
    waiting.wait_until_ready(false).await;
    assert_eq!(waiting.admin("/live").await.trim(), "live");
    waiting.stop().await;
    line.pusher.stop().await;
    line.relay.stop().await;
    // What was answered is published after it.
    line.nats.restart().await;
    let relay = line.site.relay("relay").await;
    relay.wait_until_published().await;
    let pusher = line.site.pusher("one", None).await;
    reaches(&pusher.follow("alice").await, "alice", 14).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_nats_in_place_of_the_old_one_is_filled_again() {
    for version in Version::ALL {
        let mut line = Line::start(version).await;
        line.nats.kill();
        line.outage(11..20).await;
        line.nats.restart_empty().await;
        line.converges(19).await;
        // Who comes later finds the state there.
        let later = line.site.pusher("two", None).await;
        reaches(&later.follow("alice").await, "alice", 19).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_spool_of_another_relay_moves_nothing_backwards() {
    for version in Version::ALL {
        let mut nats = apart::nats(version).await;
        let site = Apart::on(&nats);
        nats.kill();
        let mut late = site.relay("late").await;
        for modseq in 1..60 {
            late.change("alice", modseq).await;
        }
        late.program.kill();
        nats.restart().await;

        let relay = site.relay("relay").await;
        let pusher = site.pusher("one", None).await;
        relay.change("alice", 60).await;
        let stream = pusher.follow("alice").await;
        reaches(&stream, "alice", 60).await;
        let late = site.relay("late").await;
        for modseq in 61..90 {
            relay.change("alice", modseq).await;
        }
        late.wait_until_published().await;
        reaches(&stream, "alice", 89).await;
        stream.assert_never_backwards("alice");
        // Both write on, each to what the other left.
        late.change("alice", 90).await;
        reaches(&stream, "alice", 90).await;
        stream.assert_never_backwards("alice");
    }
}

/// A stream that stays. A bucket of a young cluster may have no leader yet: then no credential can be verified, and a client
/// comes again.
async fn opened(pusher: &apart::Process) -> Follower {
    eventually(PATIENCE, "a stream stays", async || {
        let stream = pusher.follow("alice").await;
        let has_begun = || stream.told().iter().any(|told| told.frame.id.is_some());
        let is_settled = async || (stream.has_ended() || has_begun()).then_some(());
        eventually(PATIENCE, "a stream begins or ends", is_settled).await;
        (!stream.has_ended()).then_some(stream)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn three_servers_go_on_when_one_dies() {
    for version in Version::ALL {
        let mut cluster = apart::cluster(version).await;
        let [one, two, three] = &cluster;
        let site = Apart::on_all(&[one, two, three], 3);
        let relay = site.relay("relay").await;
        let pusher = site.pusher("one", None).await;
        relay.change("alice", 10).await;
        relay.wait_until_published().await;
        pusher.wait_until_ready(true).await;
        let stream = opened(&pusher).await;
        reaches(&stream, "alice", 10).await;
        for (number, modseq) in [(0, 11), (1, 12)] {
            cluster[number].kill();
            relay.change("alice", modseq).await;
            reaches(&stream, "alice", modseq).await;
            cluster[number].restart().await;
            relay.wait_until_ready(true).await;
        }
        stream.assert_never_backwards("alice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn relay_takes_notifications_before_there_is_a_nats() {
    let mut nats = apart::nats(Version::Current).await;
    nats.kill();
    let site = Apart::on(&nats);
    let relay = site.relay("relay").await;
    relay.wait_until_ready(false).await;
    relay.change("alice", 7).await;
    nats.restart().await;
    relay.wait_until_published().await;
    relay.wait_until_ready(true).await;
    let pusher = site.pusher("one", None).await;
    reaches(&pusher.follow("alice").await, "alice", 7).await;
}
