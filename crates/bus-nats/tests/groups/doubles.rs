//! A node that dies between two steps leaves a job twice. Each test does again by hand what such a death leaves undone.

use std::time::Duration;

use async_nats::{HeaderMap, jetstream};
use bus::DeadLetters;
use futures_util::future::join_all;
use testkit::{eventually, nats::Version};

use crate::{
    scene::{Node, Outcome, PATIENCE, Runs, group, job, settings},
    server::{installation, shared},
};

/// The message of a stream that is there at this moment.
async fn first(context: &jetstream::Context, stream: &str) -> Option<(String, HeaderMap, bytes::Bytes)> {
    let stream = context.get_stream(stream).await.ok()?;
    let message = stream.get_raw_message(stream.cached_info().state.first_sequence).await.ok()?;
    Some((message.subject.to_string(), message.headers, message.payload))
}

/// A job that nobody acknowledged is given out again: the same headers under no id that the stream would know.
fn original() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("Mailpush-Id", job(1).id.to_string());
    headers
}

struct Scene {
    node: Node,
    context: jetstream::Context,
    prefix: String,
    _server: std::sync::Arc<testkit::nats::Nats>,
}

async fn scene(version: Version) -> Scene {
    let server = shared(version).await;
    let installation = installation(&server);
    let node = Node::start(&installation).await;
    let context = jetstream::new(async_nats::connect(server.url()).await.unwrap());
    Scene { node, context, prefix: installation.prefix, _server: server }
}

impl Scene {
    /// Has the job given out again as it was dispatched.
    async fn give_out_again(&self) {
        let subject = format!("{}.{}", self.prefix, job(1).topic);
        let sent = self.context.publish_with_headers(subject, original(), job(1).payload).await.unwrap();
        sent.await.unwrap();
    }

    async fn parked(&self) -> u64 {
        self.node.depth().await.unwrap().parked
    }
}

pub async fn a_job_that_was_parked_and_not_acknowledged_is_parked_once(version: Version) {
    let scene = scene(version).await;
    let runs = Runs::new(|_, attempt| if attempt.number == 1 { Outcome::Fail } else { Outcome::Done });
    let _held = scene.node.register(settings(1, Duration::from_secs(3)), &runs).await;
    scene.node.dispatch(job(1)).await;
    runs.until(1).await;
    scene.give_out_again().await;
    runs.until(2).await;
    let is_settled = async || (scene.node.depth().await?.pending == 0).then_some(());
    eventually(PATIENCE, "both are parked", is_settled).await;
    assert_eq!(scene.parked().await, 1);
    scene.node.until_done().await;
    assert_eq!(runs.all(), [(1, 1), (1, 1), (1, 2)]);
}

pub async fn a_retry_that_was_given_back_and_not_taken_away_runs_once(version: Version) {
    let scene = scene(version).await;
    let runs = Runs::new(|sequence, attempt| match (sequence, attempt.number) {
        (1, 1) => Outcome::Fail,
        _ => Outcome::Done,
    });
    let _held = scene.node.register(settings(1, Duration::from_secs(2)), &runs).await;
    scene.node.dispatch(job(1)).await;
    let stream = format!("{}_PARKED", scene.prefix);
    let lies = async || first(&scene.context, &stream).await;
    let (subject, headers, payload) = eventually(PATIENCE, "it is parked", lies).await;
    runs.until(2).await;
    scene.node.until_done().await;
    scene.context.publish_with_headers(subject, headers, payload).await.unwrap().await.unwrap();
    scene.node.until_done().await;
    scene.node.dispatch(job(2)).await;
    runs.until(3).await;
    assert_eq!(runs.all(), [(1, 1), (1, 2), (2, 1)]);
}

pub async fn a_job_that_died_and_was_not_acknowledged_is_one_dead_letter(version: Version) {
    let scene = scene(version).await;
    let runs = Runs::new(|_, _| Outcome::Fail);
    let mut hopeless = settings(1, Duration::ZERO);
    hopeless.backoff.retries = 0;
    let _held = scene.node.register(hopeless, &runs).await;
    scene.node.dispatch(job(1)).await;
    runs.until(1).await;
    scene.give_out_again().await;
    runs.until(2).await;
    scene.node.until_done().await;
    assert_eq!(scene.node.bus.dead_letters(&group(), 9).await.unwrap().len(), 1);
}

/// They all have seen it before the first has it taken away.
const AT_ONCE: usize = 8;

pub async fn a_dead_letter_that_several_remove_at_once_is_no_error(version: Version) {
    let scene = scene(version).await;
    let (bus, group) = (&scene.node.bus, group());
    let mut letters = Vec::new();
    for sequence in 1..=3 {
        letters.push(bus.store_dead_letter(&group, job(sequence), "put down by hand", 1).await.unwrap());
    }
    // One between others, the last, and the only one.
    for letter in [letters[1], letters[2], letters[0]] {
        join_all((0..AT_ONCE).map(|_| bus.remove_dead_letter(&group, letter)))
            .await
            .into_iter()
            .for_each(Result::unwrap);
    }
    assert!(!bus.has_dead_letters().await.unwrap());
}
