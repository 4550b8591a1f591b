//! What somebody else put among the jobs.

use async_nats::HeaderMap;
use bus::{Bus, DeadLetters, JobKind, Topic, Urgency};
use mailbox_event::AccountToken;
use testkit::{eventually, nats::Version};

use crate::{
    scene::{LONG, Node, Outcome, PATIENCE, Runs, group, job, settings},
    server::{installation, shared},
};

pub async fn what_is_no_job_is_a_dead_letter_and_stops_nobody(version: Version) {
    let server = shared(version).await;
    let installation = installation(&server);
    let node = Node::start(&installation).await;
    let runs = Runs::new(|_, _| Outcome::Done);
    let _held = node.register(settings(1, LONG), &runs).await;
    let stranger = async_nats::connect(server.url()).await.unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("Mailpush-Id", "no event");
    let mut attempts = HeaderMap::new();
    attempts.insert("Mailpush-Id", "0000000000000001-1");
    attempts.insert("Mailpush-Attempts", "many");
    let account = "01".repeat(16);
    for (last, headers) in [
        ("x", HeaderMap::new()),
        ("y", headers),
        (account.as_str(), HeaderMap::new()),
        (account.as_str(), attempts),
    ] {
        let subject = format!("{}.job.high.alarm.{last}", installation.prefix);
        stranger.publish_with_headers(subject, headers, b"\x00\xff"[..].into()).await.unwrap();
    }
    stranger.flush().await.unwrap();
    node.dispatch(job(1)).await;
    runs.until(1).await;
    let dead = async || {
        let letters = node.bus.dead_letters(&group(), 9).await.unwrap();
        (letters.len() == 4).then_some(letters)
    };
    let letters = eventually(PATIENCE, "they are dead letters", dead).await;
    assert!(letters.iter().all(|letter| letter.message.payload == b"\x00\xff"[..] && letter.attempts == 0));
    assert!(letters.iter().all(|letter| letter.reason.contains("this release")), "{letters:?}");
    let topic = Topic::Job(Urgency::High, JobKind::Alarm, AccountToken([1; 16]));
    assert!(letters[2..].iter().all(|letter| letter.message.topic == topic), "their subject says so much");
    node.until_done().await;
    assert_eq!(runs.all(), [(1, 1)]);
    // An operator who gives one back has it run as it is.
    node.bus.redeliver(&group(), letters[0].id).await.unwrap();
    runs.until(2).await;
    node.until_done().await;
}

pub async fn what_was_read_from_a_stream_and_answered_here_is_not_run(version: Version) {
    let server = shared(version).await;
    let installation = installation(&server);
    let node = Node::start(&installation).await;
    let runs = Runs::new(|_, _| Outcome::Done);
    let _held = node.register(settings(1, LONG), &runs).await;
    let stranger = async_nats::connect(server.url()).await.unwrap();
    let prefix = &installation.prefix;
    let topic = Topic::Job(Urgency::High, JobKind::Alarm, AccountToken([1; 16]));
    let mut headers = HeaderMap::new();
    headers.insert("Mailpush-Id", "0000000000000001-1");
    headers.insert("Mailpush-Topic", topic.to_string());
    let value = format!("$KV.{prefix}_verdicts.evil");
    let stored = stranger.request_with_headers(value.clone(), headers, "evil".into()).await.unwrap();
    assert!(!stored.payload.is_empty());
    // What may be published to is not asked of an answer: any of these comes from who may only read the bucket.
    let group_token = "alarm_20mail";
    let account = "01".repeat(16);
    for reply in [
        format!("{prefix}.job.high.alarm.{account}"),
        format!("{prefix}.parked.{group_token}.0.0.x"),
        format!("{prefix}.dead.{group_token}"),
    ] {
        let read = format!("$JS.API.DIRECT.GET.KV_{prefix}_verdicts.{value}");
        stranger.publish_with_reply(read, reply, "".into()).await.unwrap();
    }
    stranger.flush().await.unwrap();
    node.dispatch(job(1)).await;
    runs.until(1).await;
    let dead = async || {
        let letters = node.bus.dead_letters(&group(), 9).await.unwrap();
        (letters.len() == 2).then_some(letters)
    };
    // What came to be among the dead letters by itself is none.
    let letters = eventually(PATIENCE, "they are dead letters", dead).await;
    let reason = "job was not dispatched but read from a stream and sent on";
    assert!(letters.iter().all(|letter| letter.reason == reason), "{letters:?}");
    node.until_done().await;
    assert_eq!(runs.all(), [(1, 1)]);
}
