//! What nodes ask of the server, as a stranger overhears it.

use std::time::{Duration, Instant};

use async_nats::{Client, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use testkit::nats::{Nats, Version};

use crate::{
    scene::{Node, Outcome, Runs, clock, job, settings},
    server::{installation, shared},
};

/// Hears the requests on one subject.
pub struct Overheard {
    stranger: Client,
    requests: Subscriber,
    /// What it says to itself comes after all that the server had before.
    echo: (String, Subscriber),
}

impl Overheard {
    pub async fn on(server: &Nats, subject: String) -> Self {
        let stranger = async_nats::connect(server.url()).await.unwrap();
        let requests = stranger.subscribe(subject).await.unwrap();
        let echo = stranger.new_inbox();
        let hears = stranger.subscribe(echo.clone()).await.unwrap();
        let mut overheard = Self { stranger, requests, echo: (echo, hears) };
        overheard.askers().await;
        overheard
    }

    /// Who asked since the last time, by the inbox: one for each request.
    pub async fn askers(&mut self) -> Vec<String> {
        self.stranger.publish(self.echo.0.clone(), Bytes::new()).await.unwrap();
        self.echo.1.next().await.unwrap();
        let mut askers = Vec::new();
        while let Some(Some(request)) = self.requests.next().now_or_never() {
            let reply = request.reply.unwrap();
            askers.push(reply.rsplit_once('.').unwrap().0.to_owned());
        }
        askers
    }
}

/// Of a group of one kind.
const CONSUMERS: u64 = 6;

/// The worker looks after its requests four times meanwhile, and whoever asks without end asks hundreds of times.
const A_WHILE: Duration = Duration::from_secs(1);

/// How long a server keeps a request for a job.
const STANDING: u64 = 5;

pub async fn a_group_with_nothing_to_do_asks_for_nothing(version: Version) {
    let server = shared(version).await;
    let installation = installation(&server);
    let prefix = &installation.prefix;
    let node = Node::on(&installation, &clock()).await;
    let runs = Runs::new(|_, attempt| if attempt.number == 1 { Outcome::Fail } else { Outcome::Done });
    let _held = node.register(settings(2, Duration::ZERO), &runs).await;
    node.dispatch(job(1)).await;
    runs.until(2).await;
    node.until_done().await;
    let jobs = format!("$JS.API.CONSUMER.MSG.NEXT.{prefix}_JOBS.>");
    for subject in [jobs, format!("$JS.API.DIRECT.GET.{prefix}_PARKED")] {
        let since = Instant::now();
        let mut overheard = Overheard::on(&server, subject).await;
        while since.elapsed() < A_WHILE {
            node.depth().await;
        }
        let asked = overheard.askers().await.len() as u64;
        let elapsed = since.elapsed();
        // Each consumer may have just had its last job, and come to the end of a request as often as there is time for.
        let most = CONSUMERS * (2 + elapsed.as_secs() / STANDING);
        assert!(asked <= most, "{asked} requests in {elapsed:?}");
    }
}
