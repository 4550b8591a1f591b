//! Nodes with a runtime of their own, jobs, and a listener that does as told.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bus::{
    Attempt, Backoff, Bus, Failure, Group, GroupListener, GroupSettings, JobKind, Message, Registration,
    Topic, Urgency,
};
use bus_nats::{GroupDepth, NatsBus, NatsSettings};
use bus_node::{ManualClock, Surroundings};
use bytes::Bytes;
use mailbox_event::{AccountToken, EventId, RelayId, UnixMillis};
use testkit::eventually;
use tokio::runtime::{Builder, Runtime};

/// A busy machine takes a while.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A wait that no test sees the end of.
pub const LONG: Duration = Duration::from_hours(1);

/// A node that ends as its process would: with nothing tidied.
pub struct Node {
    pub bus: NatsBus,
    runtime: Option<Runtime>,
}

impl Node {
    /// On the machine's clock; every wait is as long as it may be.
    pub async fn start(settings: &NatsSettings) -> Self {
        Self::amid(settings, Surroundings { jitter: Arc::new(|wait| wait), ..Surroundings::default() }).await
    }

    /// On a clock that the test moves.
    pub async fn on(settings: &NatsSettings, clock: &ManualClock) -> Self {
        Self::amid(settings, Surroundings { clock: Arc::new(clock.clone()), jitter: Arc::new(|wait| wait) })
            .await
    }

    /// One that tries to come back to a server only after `wait`.
    pub async fn returning_after(settings: &NatsSettings, wait: Duration) -> Self {
        Self::amid(settings, Surroundings { jitter: Arc::new(move |_| wait), ..Surroundings::default() })
            .await
    }

    async fn amid(settings: &NatsSettings, surroundings: Surroundings) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let bus = runtime.spawn(NatsBus::connect(settings.clone(), surroundings)).await.unwrap().unwrap();
        Self { bus, runtime: Some(runtime) }
    }

    /// Registers on the node's own runtime, so that the work ends with it.
    pub async fn register(
        &self,
        settings: GroupSettings,
        listener: &Arc<impl GroupListener>,
    ) -> Registration {
        self.register_as(group(), settings, listener).await
    }

    /// Registers another group.
    pub async fn register_as(
        &self,
        group: Group,
        settings: GroupSettings,
        listener: &Arc<impl GroupListener>,
    ) -> Registration {
        let (bus, listener) = (self.bus.clone(), listener.clone());
        let registering = async move { bus.register_group(group, settings, listener).await };
        self.runtime.as_ref().unwrap().spawn(registering).await.unwrap().unwrap()
    }

    pub async fn dispatch(&self, job: Message) {
        self.bus.dispatch(job, &[]).await.unwrap();
    }

    /// Tries until the server has it, as whoever keeps his jobs would.
    pub async fn dispatch_until_taken(&self, job: Message) {
        let dispatch = async || self.bus.dispatch(job.clone(), &[]).await.ok();
        eventually(PATIENCE, "a job is taken", dispatch).await;
    }

    /// What the group has before it.
    pub async fn depth(&self) -> Option<GroupDepth> {
        self.depth_of(&group()).await
    }

    /// What another group has before it.
    pub async fn depth_of(&self, group: &Group) -> Option<GroupDepth> {
        // Fails while the server is away.
        self.bus.depth().await.ok()?.into_iter().find(|depth| depth.group == *group)
    }

    /// Waits until nothing waits, runs or is parked.
    pub async fn until_done(&self) {
        self.until_done_of(&group()).await;
    }

    /// The same of another group.
    pub async fn until_done_of(&self, group: &Group) {
        let is_done = async || {
            let depth = self.depth_of(group).await?;
            (depth.pending == 0 && depth.parked == 0).then_some(())
        };
        eventually(PATIENCE, "every job is settled", is_done).await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What a listener makes of a job.
type Does = dyn Fn(u64, Attempt) -> Outcome + Send + Sync;

/// How one run goes.
pub enum Outcome {
    /// Ends well.
    Done,
    /// Ends well after a while.
    DoneAfter(Duration),
    /// Fails.
    Fail,
    /// No retry can help.
    Reject,
    /// Something that it needs is away.
    Outage,
}

/// A listener that notes every run.
pub struct Runs {
    does: Box<Does>,
    noted: Mutex<Vec<(u64, u32)>>,
}

impl Runs {
    pub fn new(does: impl Fn(u64, Attempt) -> Outcome + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { does: Box::new(does), noted: Mutex::default() })
    }

    /// Sequence and attempt of each run that began.
    pub fn all(&self) -> Vec<(u64, u32)> {
        self.noted.lock().unwrap().clone()
    }

    /// How often each job was run.
    pub fn counts(&self) -> BTreeMap<u64, usize> {
        let mut counts = BTreeMap::new();
        self.all().into_iter().for_each(|(sequence, _)| *counts.entry(sequence).or_default() += 1);
        counts
    }

    /// Waits until as many runs have begun.
    pub async fn until(&self, runs: usize) {
        let has_run = async || (self.all().len() >= runs).then_some(());
        eventually(PATIENCE, &format!("{runs} runs"), has_run).await;
    }
}

#[async_trait]
impl GroupListener for Runs {
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        let sequence = message.id.sequence;
        self.noted.lock().unwrap().push((sequence, attempt.number));
        match (self.does)(sequence, attempt) {
            Outcome::Done => Ok(()),
            Outcome::DoneAfter(wait) => {
                tokio::time::sleep(wait).await;
                Ok(())
            }
            Outcome::Fail => Err(Failure::Retry("told to fail".into())),
            Outcome::Reject => Err(Failure::Reject("told to reject".into())),
            Outcome::Outage => Err(Failure::Outage("told of an outage".into())),
        }
    }
}

/// A clock that stands.
pub fn clock() -> ManualClock {
    ManualClock::new(UnixMillis(1_700_000_000_000))
}

pub fn group() -> Group {
    Group("alarm mail".to_owned())
}

/// Three retries, `wait` before each.
pub fn settings(concurrency: usize, wait: Duration) -> GroupSettings {
    GroupSettings {
        kinds: vec![JobKind::Alarm],
        concurrency,
        run_timeout: LONG,
        backoff: Backoff { retries: 3, first: wait, factor: 1, longest: wait },
    }
}

pub fn job(sequence: u64) -> Message {
    job_of(Urgency::Normal, sequence)
}

pub fn job_of(urgency: Urgency, sequence: u64) -> Message {
    Message {
        id: EventId { relay: RelayId(7), sequence },
        topic: Topic::Job(urgency, JobKind::Alarm, AccountToken([1; 16])),
        payload: Bytes::from(format!("payload {sequence}")),
    }
}
