//! An operator's order: streams are made and changed as the settings say, and what was done is told.
//!
//! All that is to be done is looked at before anything is. Nothing is done that would drop what is stored, and less room
//! or another number of copies is given only to whoever says that it is meant.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, State};
use bus_node::Surroundings;
use kit::config::Validate;
use mailbox_event::UnixMillis;
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    NotReady,
    ask::Streams,
    check_server,
    difference::{self, Change, octets},
};
use crate::{
    NatsSettings, Refusal,
    call::Caller,
    error::CallError,
    groups::millis,
    installation, link,
    streams::streams,
    subjects::Names,
    trouble::{Action, Unreachable},
};

/// What the operator says is meant.
#[derive(Debug, Clone, Copy, Default)]
pub struct Consent {
    /// Bounds may fall, and the number of copies may be another.
    pub bounds: bool,
    /// What to do about the key.
    pub key: KeyOrder,
}

/// What is to become of the fingerprint that NATS has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyOrder {
    /// It is noted where there is none; another one is refused.
    #[default]
    Keep,
    /// It is replaced.
    Replace,
}

/// What was done about a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioned {
    /// Its name.
    pub stream: String,
    /// What was done.
    pub outcome: Outcome,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was not there, and has this bound of octets, as it is written in the configuration.
    Made(String),
    /// It differed.
    Changed(Vec<Change>),
    /// It was as it is to be.
    Same,
}

/// Why it was not done, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// NATS cannot be used.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It does not answer. What was done may be done again.
    #[error("NATS does not answer: {0}")]
    Away(String),
    /// A bound is below what is stored.
    #[error("stream {stream}: {change} would drop what is stored ({stored})")]
    Drops {
        /// Its name.
        stream: String,
        /// The bound.
        change: Box<Change>,
        /// What is there.
        stored: String,
    },
    /// Each line is a change that nobody said is meant.
    #[error("bounds would fall, or copies be more or fewer, and that has to be allowed: {}", .0.join("; "))]
    NotAllowed(Vec<String>),
}

impl From<NotReady> for NotDone {
    fn from(why: NotReady) -> Self {
        match why {
            NotReady::Refused(refusal) => refusal.into(),
            NotReady::Away(CallError::Unreachable(Unreachable::Credentials)) => Refusal::Credentials.into(),
            NotReady::Away(error) => Self::Away(error.to_string()),
        }
    }
}

/// Between two attempts at what may pass by itself.
const PAUSE: Duration = Duration::from_millis(200);

/// A connection on which an order is carried out, until the settings' patience is over.
struct Provisioner {
    caller: Caller,
    names: Names,
    settings: NatsSettings,
    now: UnixMillis,
    until: Instant,
}

/// What is to be done about one stream.
struct Step {
    wanted: Config,
    found: Option<(Config, State)>,
    changes: Vec<Change>,
}

/// Carries out the order; gives back what was done about each stream, and whether a fingerprint was noted.
pub async fn provision(
    settings: NatsSettings,
    surroundings: Surroundings,
    consent: Consent,
) -> Result<(Vec<Provisioned>, bool), NotDone> {
    let problems = settings.problems();
    if !problems.is_empty() {
        return Err(Refusal::Settings(problems.join("; ")).into());
    }
    let until = Instant::now() + settings.connect_timeout;
    let link = link::connect(&settings, &surroundings.jitter).await?;
    let caller = Caller::new(&link, settings.request_timeout, settings.bounds.largest_value);
    let (names, now) = (Names::new(&settings.prefix), surroundings.clock.now());
    let provisioner = Provisioner { caller, names, settings, now, until };
    provisioner.wait(link.happened.clone()).await?;
    let server = link.client.server_info();
    check_server(&server, &provisioner.settings)?;
    let replicas = provisioner.settings.replicas;
    if replicas > 1 && server.cluster.is_none() {
        return Err(Refusal::NoCluster { replicas }.into());
    }
    let done = provisioner.carry_out(consent).await.map_err(|why| provisioner.explain(why));
    // Fails when the connection is gone already.
    link.client.drain().await.ok();
    done
}

impl Provisioner {
    async fn wait(&self, mut happened: tokio::sync::watch::Receiver<link::Happened>) -> Result<(), NotDone> {
        let has_come = |happened: &link::Happened| happened.connected > 0 || happened.refused > 0;
        match timeout_at(self.until, happened.wait_for(has_come)).await {
            Ok(Ok(happened)) if happened.connected > 0 => Ok(()),
            // It is known by then why.
            _ => self.caller.check().map_err(|error| NotReady::from(error).into()),
        }
    }

    async fn carry_out(&self, consent: Consent) -> Result<(Vec<Provisioned>, bool), NotDone> {
        let mut steps = Vec::new();
        for wanted in streams(&self.settings, &self.names) {
            steps.push(self.patiently(async || self.plan(&wanted).await).await?);
        }
        self.judge(&steps, consent)?;
        let is_there = |step: &Step| step.wanted.name == self.names.installation() && step.found.is_some();
        let mut is_noted = false;
        if steps.iter().any(is_there) {
            // Before anything is changed in what belongs to another.
            is_noted = self.see_to_the_key(consent.key).await?;
        }
        let mut done = Vec::new();
        for step in steps {
            self.patiently(async || self.do_one(&step).await).await?;
            done.push(step.told());
        }
        is_noted |= self.see_to_the_key(consent.key).await?;
        Ok((done, is_noted))
    }

    /// Names the user that is meant, rather than a permission that no other should have.
    fn explain(&self, why: NotDone) -> NotDone {
        let inbox = &self.settings.inbox;
        match why {
            NotDone::Refused(Refusal::Permission { action: Action::Subscribe, subjects })
                if subjects.split('.').next() == Some(inbox) =>
            {
                Refusal::NotOperator { inbox: inbox.clone() }.into()
            }
            why => why,
        }
    }

    async fn see_to_the_key(&self, order: KeyOrder) -> Result<bool, NotDone> {
        let Some(fingerprint) = &self.settings.fingerprint else { return Ok(false) };
        self.patiently(async || match order {
            KeyOrder::Keep => installation::claim(&self.caller, &self.names, fingerprint).await,
            KeyOrder::Replace => installation::replace(&self.caller, &self.names, fingerprint).await,
        })
        .await
    }

    /// Tries again what may pass by itself.
    async fn patiently<T>(&self, attempt: impl AsyncFn() -> Result<T, NotReady>) -> Result<T, NotDone> {
        loop {
            match attempt().await {
                Err(NotReady::Away(error)) if Instant::now() + PAUSE < self.until => {
                    tracing::debug!(%error, "NATS does not do it yet");
                    sleep(PAUSE).await;
                }
                outcome => return Ok(outcome?),
            }
        }
    }

    async fn plan(&self, wanted: &Config) -> Result<Step, NotReady> {
        let wanted = wanted.clone();
        let Some(found) = Streams(&self.caller).find(&wanted).await? else {
            return Ok(Step { wanted, found: None, changes: Vec::new() });
        };
        let difference = difference::between(&found.config, &wanted);
        if let Some(what) = difference.fixed {
            return Err(Refusal::Differs { stream: wanted.name, what }.into());
        }
        let changes = [difference.promises, difference.bounds].concat();
        Ok(Step { wanted, found: Some((found.config, found.state)), changes })
    }

    /// Refuses what would drop something, and what nobody allowed.
    fn judge(&self, steps: &[Step], consent: Consent) -> Result<(), NotDone> {
        for step in steps {
            step.check_stored(self.now)?;
        }
        let delicate: Vec<_> = steps.iter().flat_map(Step::delicate).collect();
        if consent.bounds || delicate.is_empty() { Ok(()) } else { Err(NotDone::NotAllowed(delicate)) }
    }

    async fn do_one(&self, step: &Step) -> Result<(), NotReady> {
        let streams = Streams(&self.caller);
        match &step.found {
            None => streams.make(&step.wanted).await,
            Some(_) if step.changes.is_empty() => Ok(()),
            Some((found, _)) => {
                streams.change(&difference::bounded(found, &step.wanted), &step.changes).await
            }
        }
    }
}

impl Step {
    fn delicate(&self) -> impl Iterator<Item = String> {
        let delicate = self.changes.iter().filter(|change| change.is_delicate);
        delicate.map(|change| format!("{}: {change}", self.wanted.name))
    }

    fn check_stored(&self, now: UnixMillis) -> Result<(), NotDone> {
        let Some((_, held)) = &self.found else { return Ok(()) };
        let drops = |what: &str, stored: String| {
            let change = self.changes.iter().find(|change| change.what == what && change.is_delicate)?;
            Some(NotDone::Drops {
                stream: self.wanted.name.clone(),
                change: Box::new(change.clone()),
                stored,
            })
        };
        let stored = i64::try_from(held.bytes).unwrap_or(i64::MAX);
        let is_too_much = stored > 0 && difference::is_below(self.wanted.max_bytes, stored);
        let oldest = bus_node::until(millis(held.first_timestamp.unix_timestamp_nanos()), now);
        let age = self.wanted.max_age;
        let is_too_old = held.messages > 0 && !age.is_zero() && oldest > age;
        let found = None
            .or_else(|| drops("max_bytes", octets(stored)).filter(|_| is_too_much))
            .or_else(|| drops("max_age", format!("{}s old", oldest.as_secs())).filter(|_| is_too_old));
        found.map_or(Ok(()), Err)
    }

    fn told(self) -> Provisioned {
        let outcome = match self.found {
            None => Outcome::Made(octets(self.wanted.max_bytes)),
            Some(_) if self.changes.is_empty() => Outcome::Same,
            Some(_) => Outcome::Changed(self.changes),
        };
        Provisioned { stream: self.wanted.name, outcome }
    }
}
