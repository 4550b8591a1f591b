//! What the parts of a node share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use async_nats::{
    Client,
    jetstream::{Context, context::ContextBuilder},
};
use bus::BusError;
use bus_node::{KeyBounds, KeyListeners, Surroundings};
use mailbox_event::UnixMillis;
use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

use crate::{
    NatsSettings, Refusal,
    call::Caller,
    counters::Counters,
    error::CallError,
    groups::Groups,
    interest::Interest,
    link::Link,
    provision::OtherBounds,
    round_trip::RoundTrips,
    subjects::Names,
    takers::Takers,
    trouble::{Troubles, Unreachable},
};

/// Whether NATS can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// It has not been reached yet, or its streams are being made; what stood in the way the last time.
    Waiting(Option<String>),
    /// It can.
    Ready,
    /// It cannot: a person must act.
    Refused(Refusal),
}

/// See the module.
pub(crate) struct Node {
    /// Calls with a bound on their time. Does not know whether the bus is closed: see [`Self::check_open`].
    pub(crate) caller: Caller,
    pub(crate) client: Client,
    /// For consumers; calls time out as those of `caller`.
    pub(crate) jetstream: Context,
    pub(crate) names: Names,
    pub(crate) settings: NatsSettings,
    pub(crate) surroundings: Surroundings,
    pub(crate) keys: KeyListeners,
    pub(crate) interest: Interest,
    pub(crate) round_trips: RoundTrips,
    pub(crate) groups: Groups,
    pub(crate) takers: Takers,
    pub(crate) counters: Arc<Counters>,
    pub(crate) troubles: Arc<Troubles>,
    /// Whether what lies in NATS was seen to be of our key. Nothing is stored and nothing is told before.
    pub(crate) is_ours: AtomicBool,
    /// The connection, by its number, on which all was found or made as it is to be. There is no connection 0.
    pub(crate) ready_on: AtomicU64,
    /// Becomes true when the bus closes. Whoever works in the background holds a receiver until he has ended.
    pub(crate) closing: watch::Sender<bool>,
    pub(crate) readiness: watch::Sender<Readiness>,
    /// Bounds that differ from the settings, as they were told.
    pub(crate) other_bounds: watch::Sender<OtherBounds>,
    runtime: Handle,
}

impl Node {
    /// To be called in a runtime.
    pub(crate) fn new(link: Link, settings: NatsSettings, surroundings: Surroundings) -> Self {
        let bounds = &settings.bounds;
        let Link { client, troubles, counters, .. } = link.clone();
        let keys = KeyBounds { registrations: bounds.max_key_registrations, live_runs: bounds.max_live_runs };
        let is_ours = settings.fingerprint.is_none();
        Self {
            caller: Caller::new(&link, settings.request_timeout, bounds.largest_value),
            jetstream: ContextBuilder::new().timeout(settings.request_timeout).build(client.clone()),
            client,
            names: Names::new(&settings.prefix),
            keys: KeyListeners::new(keys, surroundings.clock.clone()),
            settings,
            surroundings,
            interest: Interest::default(),
            round_trips: RoundTrips::default(),
            groups: Groups::default(),
            takers: Takers::default(),
            counters,
            troubles,
            is_ours: AtomicBool::new(is_ours),
            ready_on: AtomicU64::new(0),
            closing: watch::Sender::new(false),
            readiness: watch::Sender::new(Readiness::Waiting(None)),
            other_bounds: watch::Sender::default(),
            runtime: Handle::current(),
        }
    }

    /// Refuses whoever comes when the bus is closed, or may be of another installation.
    ///
    /// After a reconnect what was seen before stands until the keeper has looked again, so that a server of a cluster that
    /// goes stops nobody. Should it be another installation's NATS: what is stored meanwhile lies under names that nobody
    /// there reads, no job is taken before the look ([`crate::takers`]), and no group works ([`Self::check_ready`]).
    pub(crate) fn check_open(&self) -> Result<(), BusError> {
        self.check_not_closed()?;
        // Whoever has something to say keeps it until then.
        if self.is_ours.load(Ordering::Relaxed) { Ok(()) } else { Err(CallError::NotOurs.into()) }
    }

    /// Refuses whoever comes when the bus is closed.
    pub(crate) fn check_not_closed(&self) -> Result<(), CallError> {
        if *self.closing.borrow() { Err(CallError::Closed) } else { Ok(()) }
    }

    /// Refuses work for a group until the NATS of this connection was looked at: its jobs may be another installation's.
    pub(crate) fn check_ready(&self) -> Result<(), CallError> {
        self.caller.check()?;
        let is_ready = self.ready_on.load(Ordering::SeqCst) == self.connection();
        if is_ready { Ok(()) } else { Err(CallError::NotOurs) }
    }

    /// The number of the connection, from 1; while there is none, of the last.
    pub(crate) fn connection(&self) -> u64 {
        self.client.statistics().connects.load(Ordering::SeqCst)
    }

    /// Why NATS cannot be used, where it cannot.
    pub(crate) fn unreadiness(&self) -> BusError {
        if let Err(away) = self.caller.check() {
            return match away {
                CallError::Unreachable(Unreachable::Credentials) => Refusal::Credentials.into(),
                away => away.into(),
            };
        }
        match &*self.readiness.borrow() {
            Readiness::Refused(refusal) => refusal.clone().into(),
            Readiness::Waiting(Some(why)) => CallError::NotMade(why.clone()).into(),
            Readiness::Waiting(None) | Readiness::Ready => {
                CallError::NotMade("they are being looked at".to_owned()).into()
            }
        }
    }

    /// Has `work` done in the background, in the runtime in which the bus was started: what a caller of another begins
    /// ends with the bus, not with him.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.runtime.spawn(work)
    }

    pub(crate) fn now(&self) -> UnixMillis {
        self.surroundings.clock.now()
    }
}
