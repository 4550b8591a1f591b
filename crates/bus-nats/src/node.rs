//! What the parts of a node share.

use std::sync::Arc;

use async_nats::{
    Client,
    jetstream::{Context, context::ContextBuilder},
};
use bus::BusError;
use bus_node::{KeyBounds, KeyListeners, Surroundings};
use mailbox_event::UnixMillis;
use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

use crate::{
    NatsSettings, Refusal, call::Caller, counters::Counters, error::CallError, groups::Groups,
    interest::Interest, link::Happened, round_trip::RoundTrips, subjects::Names, takers::Takers,
};

/// Whether NATS can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// It has not been reached yet, or its streams are being made.
    Waiting,
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
    /// Becomes true when the bus closes. Whoever works in the background holds a receiver until he has ended.
    pub(crate) closing: watch::Sender<bool>,
    pub(crate) readiness: watch::Sender<Readiness>,
    runtime: Handle,
}

impl Node {
    /// To be called in a runtime.
    pub(crate) fn new(
        (client, happened): (Client, watch::Receiver<Happened>),
        settings: NatsSettings,
        surroundings: Surroundings,
        counters: Arc<Counters>,
    ) -> Self {
        let bounds = &settings.bounds;
        let keys = KeyBounds { registrations: bounds.max_key_registrations, live_runs: bounds.max_live_runs };
        Self {
            caller: Caller::new(client.clone(), happened, settings.request_timeout, bounds.largest_value),
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
            closing: watch::Sender::new(false),
            readiness: watch::Sender::new(Readiness::Waiting),
            runtime: Handle::current(),
        }
    }

    /// Refuses whoever comes when the bus is closed.
    pub(crate) fn check_open(&self) -> Result<(), BusError> {
        if *self.closing.borrow() { Err(CallError::Closed.into()) } else { Ok(()) }
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
