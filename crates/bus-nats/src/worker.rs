//! The worker of a live group on one node: takes jobs, runs them, settles them.

mod delivery;
mod ends;
mod job;
mod pulls;
mod run;
mod settle;

use std::{sync::Arc, time::Duration};

use async_nats::Subscriber;
use bus::BusError;
use bus_node::{Sleep, pause};
use futures_util::{StreamExt, future::OptionFuture};
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
    time::{Instant, MissedTickBehavior, interval, timeout},
};

pub(crate) use delivery::{Arrival, read};
pub(crate) use ends::Ends;
pub(crate) use job::{Job, READ_FROM, death, due, set_death, since};
pub(crate) use run::Runner;
pub(crate) use settle::bury;

use crate::{
    error::CallError,
    groups::{Source, make_consumers},
    node::Readiness,
    streams::JOBS,
};
use delivery::{Delivery, Refused, request};
use pulls::{Ask, Pulls};
use run::Ended;
use settle::give_back;

/// How often the worker looks whether the server knows its requests still.
const LOOK: Duration = Duration::from_millis(250);

/// A group whose backoff is zero must not ask in a tight loop either.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);

/// Settlements that have begun when the worker is to end may take so long; then their jobs run again.
const LAST_SETTLEMENTS: Duration = Duration::from_secs(5);

/// What the server sent before it knew that nobody asks any more comes within this time.
const LAST_ARRIVALS: Duration = Duration::from_millis(500);

/// See the module.
pub(crate) struct Worker {
    runner: Arc<Runner>,
    /// The consumers with their names, in the order of [`Pulls`].
    sources: Vec<(Source, String)>,
    pulls: Pulls,
    /// Where the server sends jobs: this, the place of the source, and the number of the request.
    address: String,
    inbox: Subscriber,
    running: JoinSet<(usize, Ended)>,
    /// Dropped when runs are to be cut off.
    cut: (watch::Sender<()>, watch::Receiver<()>),
    /// Changes when the streams were looked after.
    readiness: watch::Receiver<Readiness>,
    /// The worst that the server said since the last look: nothing is asked until it is mended.
    refused: Refused,
    /// Pauses since the last run that found its dependencies there.
    pauses: u32,
    /// Nothing is taken before its end.
    pause: Option<Sleep>,
}

impl Worker {
    /// Opens the inbox.
    pub(crate) async fn begin(runner: Runner) -> Result<Self, BusError> {
        let (broker, place) = (&runner.broker, &runner.place);
        let address = broker.client.new_inbox();
        let inbox = broker.client.subscribe(format!("{address}.>")).await;
        let inbox = inbox.map_err(|error| CallError::Sending(error.into()))?;
        let sources: Vec<_> = Source::all(&runner.settings.kinds)
            .into_iter()
            .map(|source| (source, source.consumer(&place.token)))
            .collect();
        Ok(Self {
            pulls: Pulls::new(sources.iter().map(|(source, _)| source.urgency)),
            readiness: runner.broker.readiness.subscribe(),
            runner: Arc::new(runner),
            sources,
            address,
            inbox,
            running: JoinSet::new(),
            cut: watch::channel(()),
            refused: Refused::Empty,
            pauses: 0,
            pause: None,
        })
    }

    /// Works until the registration is dropped or the bus closes; then runs are cut off, and their jobs are the
    /// server's again.
    pub(crate) async fn work(mut self, mut ends: Ends) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ends.or(self.ask()).await;
            tokio::select! {
                biased;
                () = ends.come() => break,
                Some(ended) = self.running.join_next() => self.note(ended),
                arrival = self.inbox.next() => match arrival {
                    Some(message) => self.take(message).await,
                    // The client is gone, and with it the bus.
                    None => break,
                },
                Some(()) = OptionFuture::from(self.pause.as_mut()) => self.pause = None,
                Ok(()) = self.readiness.changed() => ends.or(self.begin_again()).await,
                _ = look.tick() => ends.or(self.look()).await,
            }
            while let Some(ended) = self.running.try_join_next() {
                self.note(ended);
            }
        }
        // The bus is not closed before `ends` is dropped.
        self.end().await;
        drop(ends);
    }

    /// Places without a job; `None`: the group pauses. After an outage one job goes ahead, to find out whether it is
    /// over.
    fn free(&self) -> Option<usize> {
        let places = if self.pauses > 0 { 1 } else { self.runner.settings.concurrency.max(1) };
        self.pause.is_none().then(|| places.saturating_sub(self.running.len()))
    }

    /// May be given up at any time: what was not sent lapses, and is asked for again.
    async fn ask(&mut self) {
        let Some(free) = self.free().filter(|_| self.refused == Refused::Empty) else { return };
        // What is asked while the server is away would be sent to whichever comes next.
        if self.runner.broker.check_ready().is_err() {
            return;
        }
        let asks = self.pulls.next(free, Instant::now());
        let lost = self.runner.broker.caller.lost();
        tokio::select! {
            biased;
            // The client's queue may be full, and is not emptied before the next connection.
            () = lost => {}
            () = self.send(asks) => {}
        }
    }

    async fn send(&mut self, asks: Vec<Ask>) {
        let broker = &self.runner.broker;
        let stream = broker.names.stream(JOBS);
        for Ask { source, number, is_probe } in asks {
            let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{}", self.sources[source].1);
            let reply = format!("{}.{source}.{number}", self.address);
            let sent = broker.client.publish_with_reply(subject, reply, request(is_probe));
            timeout(broker.settings.request_timeout, sent).await.ok();
        }
    }

    async fn take(&mut self, message: async_nats::Message) {
        let context = &self.runner.broker.jetstream;
        match delivery::read(message, &self.runner.place, &self.sources, context) {
            Arrival::Job(delivery) => {
                let free = self.free().unwrap_or(0);
                if self.pulls.arrived(delivery.source, delivery.pending, free) {
                    self.run(*delivery);
                } else {
                    give_back(&self.runner.broker, &delivery.reply).await;
                }
            }
            Arrival::Refused { source, number, why } => {
                self.pulls.refused(source, number, why == Refused::Empty);
                self.refused = self.refused.max(why);
            }
            Arrival::Nothing => {}
        }
    }

    fn run(&mut self, delivery: Delivery) {
        let (runner, cut, source) = (self.runner.clone(), self.cut.1.clone(), delivery.source);
        self.running.spawn(async move { (source, runner.run(delivery, cut).await) });
    }

    fn note(&mut self, ended: Result<(usize, Ended), JoinError>) {
        match ended {
            Ok((_, Ended::Settled)) => self.pauses = 0,
            Ok((source, Ended::Outage)) => {
                self.pulls.returned(source);
                let listener = self.runner.listener.clone();
                self.start_pause(|wait| pause(wait, listener));
            }
            Ok((source, Ended::Unsettled)) => {
                self.pulls.returned(source);
                self.start_pause(|wait| wait);
            }
            // Nothing in a run panics but the listener, which is caught.
            Err(_) => self.start_pause(|wait| wait),
        }
    }

    /// `until` says what ends the pause, beside its time.
    fn start_pause(&mut self, until: impl FnOnce(Sleep) -> Sleep) {
        // Jobs that ran beside the one that told of the outage tell of the same.
        if self.pause.is_some() {
            return;
        }
        self.pauses = self.pauses.saturating_add(1);
        let wait = self.runner.settings.backoff.ceiling(self.pauses).max(SHORTEST_PAUSE);
        // What is away is told by the listener, who knows.
        tracing::debug!(group = %self.runner.place.group, ?wait, "Group pauses");
        self.pause = Some(until(self.runner.broker.surroundings.clock.sleep(wait)));
    }

    /// A server that was away has forgotten the requests. It may be an empty one, or another installation's.
    async fn begin_again(&mut self) {
        self.refused = Refused::Gone;
        self.look().await;
    }

    /// Makes what is not there any more, and has requests made again that nobody answered.
    async fn look(&mut self) {
        if self.refused == Refused::Gone {
            let Runner { broker, place, settings, .. } = &*self.runner;
            let is_ready = broker.check_ready().is_ok();
            if !is_ready || make_consumers(broker, place, &settings.kinds).await.is_err() {
                return;
            }
            self.pulls.reset();
        }
        self.refused = Refused::Empty;
        self.pulls.lapse(Instant::now());
    }

    /// Cuts off what runs, lets settlements end, and gives back what comes after all.
    async fn end(self) {
        let Self { runner, mut inbox, mut running, cut, sources, .. } = self;
        drop(cut);
        let settled = timeout(LAST_SETTLEMENTS, async { while running.join_next().await.is_some() {} });
        if settled.await.is_err() {
            running.shutdown().await;
        }
        // Fails when the client is gone, and then nothing comes. Where its queue is full, nothing is said to the server.
        if !matches!(timeout(LAST_ARRIVALS, inbox.drain()).await, Ok(Ok(()))) {
            return;
        }
        let giving_back = async {
            while let Ok(Some(message)) = timeout(LAST_ARRIVALS, inbox.next()).await {
                let read = delivery::read(message, &runner.place, &sources, &runner.broker.jetstream);
                if let Arrival::Job(delivery) = read {
                    give_back(&runner.broker, &delivery.reply).await;
                }
            }
        };
        // What is left goes to others when the server has waited long enough.
        timeout(LAST_SETTLEMENTS, giving_back).await.ok();
    }
}
