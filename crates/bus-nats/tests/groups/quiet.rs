//! What nodes ask of the server, as a stranger overhears it.

use std::time::Duration;

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

/// Looks at the server, one after the other: whoever asks without end asks as often.
const LOOKS: usize = 50;

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
        let mut overheard = Overheard::on(&server, subject).await;
        for _ in 0..LOOKS {
            node.depth().await;
        }
        let asked = overheard.askers().await.len();
        // Each of its six consumers may have come to the end of a request.
        assert!(asked < LOOKS / 4, "{asked} requests in the time of {LOOKS}");
    }
}
