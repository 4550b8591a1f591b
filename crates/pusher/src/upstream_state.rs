//! The states that the mail server itself answers: asked for in a client's name, compared and stored.

mod inquiry;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bus::{Bus, PutError};
use mailbox_event::{AccountToken, EventId, Modseq, RelayId, codec};
use state::{AccountState, Basis, DataType, Observation, Vector};

use crate::{
    credential::Unanswered,
    hub::Channel,
    telemetry::{Telemetry, UpstreamOutcome},
};

pub use inquiry::Inquiry;

/// Others store at the same time rarely; after this many conflicts the state is known anyway.
const MOST_CONFLICTS: usize = 8;

/// Asks and stores.
pub struct UpstreamState {
    bus: Arc<dyn Bus>,
    /// Drawn at random: the causes of what this process stores.
    source: RelayId,
    sequence: AtomicU64,
    telemetry: Arc<Telemetry>,
}

/// What became of an account's first stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// The bus knows the account.
    Known,
    /// The mail server was asked and answered.
    Answered,
    /// It was asked and did not answer, or the answer could not be stored.
    Unanswered,
    /// Another stream asks.
    AskedByAnother,
}

/// How the mail server's answer differs from what was known when it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Not at all.
    Same,
    /// So many counters had moved, and were published.
    Behind {
        /// One or more.
        counters: usize,
    },
    /// The mail server is behind what it said before, and nothing was published. Its numbers tell no epoch: the account
    /// may have been created again, restored from a backup, or asked of a replica that is late.
    Ahead,
    /// The numbers of the account are ours: the server sends no counters.
    Incomparable,
}

/// Why nothing could be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCompared {
    /// The mail server did not answer.
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    /// The bus did not take the answer.
    #[error("state from the mail server cannot be stored")]
    NotStored,
}

/// What a write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    /// So many counters moved; at 0 nothing was written.
    Moved(usize),
    /// The numbers on the bus are of another kind, or cannot be read.
    Incomparable,
}

type States = Vec<(DataType, Modseq)>;

/// The question about an account of which nothing is known. Dropped without an answer, it leaves it to the next stream.
struct Asking<'a> {
    channel: &'a Channel,
    is_answered: bool,
}

impl Asking<'_> {
    fn answered(mut self) -> First {
        self.is_answered = true;
        First::Answered
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.channel.asked();
        }
    }
}

impl UpstreamState {
    /// `source` names this process among those that store states.
    pub fn new(bus: Arc<dyn Bus>, source: RelayId, telemetry: Arc<Telemetry>) -> Self {
        Self { bus, source, sequence: AtomicU64::new(0), telemetry }
    }

    /// Asks if nothing is known of the account and nobody else asks. Streams hear of the answer from the bus.
    pub async fn ask_if_unknown(&self, channel: &Channel, inquiry: &Arc<Inquiry>) -> First {
        if channel.loaded().await.known_state().is_some() {
            return First::Known;
        }
        if !channel.may_ask() {
            return First::AskedByAnother;
        }
        let asking = Asking { channel, is_answered: false };
        match self.ask_and_store(channel, inquiry).await {
            Ok(_) => asking.answered(),
            Err(_) => First::Unanswered,
        }
    }

    /// Asks, and publishes what the bus did not know.
    pub async fn compare(
        &self,
        channel: &Channel,
        inquiry: &Arc<Inquiry>,
    ) -> Result<Difference, NotCompared> {
        // Taken before the question: what is heard while it is under way makes no answer an old one.
        let known = channel.loaded().await.state.clone();
        if known.as_ref().is_some_and(|known| known.basis == Basis::ChangeNumbers) {
            return Ok(Difference::Incomparable);
        }
        let (states, stored) = self.ask_and_store(channel, inquiry).await?;
        if states.is_empty() {
            return Err(Unanswered::Nonsense.into());
        }
        let is_ahead = known.is_some_and(|known| is_ahead(&known.vector, &vector(&states)));
        Ok(match stored {
            Stored::Incomparable => Difference::Incomparable,
            Stored::Moved(0) if is_ahead => Difference::Ahead,
            Stored::Moved(0) => Difference::Same,
            Stored::Moved(counters) => Difference::Behind { counters },
        })
    }

    async fn ask_and_store(
        &self,
        channel: &Channel,
        inquiry: &Arc<Inquiry>,
    ) -> Result<(States, Stored), NotCompared> {
        let states = self.ask(channel, inquiry).await?;
        let observation = Observation::of_upstream(inquiry.account().clone(), states.iter().copied());
        let stored = self.store(channel.account(), &observation).await?;
        Ok((states, stored))
    }

    /// A credential that the mail server refuses is forgotten.
    async fn ask(&self, channel: &Channel, inquiry: &Arc<Inquiry>) -> Result<States, Unanswered> {
        let answer = inquiry.ask().await;
        self.telemetry.state_question(match &answer {
            Ok(_) => UpstreamOutcome::Answered,
            Err(unanswered) => (*unanswered).into(),
        });
        if let Err(unanswered) = &answer {
            tracing::debug!(error = %unanswered, "Mail server does not tell a state");
        }
        if matches!(answer, Err(Unanswered::Refused)) {
            channel.forget_inquiry(inquiry);
        }
        answer
    }

    async fn store(&self, account: AccountToken, observation: &Observation) -> Result<Stored, NotCompared> {
        for _ in 0..MOST_CONFLICTS {
            match self.try_store(account, observation).await {
                Ok(stored) => return Ok(stored),
                Err(PutError::Conflict) => {}
                Err(PutError::Bus(error)) => {
                    self.telemetry.bus_failed();
                    tracing::debug!(%error, "State from the mail server cannot be stored");
                    break;
                }
            }
        }
        Err(NotCompared::NotStored)
    }

    async fn try_store(&self, account: AccountToken, observation: &Observation) -> Result<Stored, PutError> {
        let stored = self.bus.state(account).await?;
        // What cannot be read is newer than this program, or broken: relay's to replace, not ours.
        let known = stored.as_ref().map(|stored| codec::decode(&stored.value)).transpose();
        let Ok(known) = known else { return Ok(Stored::Incomparable) };
        let mut state = known.unwrap_or_else(|| AccountState::new(observation.account().clone()));
        if state.basis == Basis::ChangeNumbers {
            return Ok(Stored::Incomparable);
        }
        let before = state.vector;
        if !state.merge(observation).is_change() {
            return Ok(Stored::Moved(0));
        }
        let Ok(value) = codec::encode(&state, codec::Form::MessagePack) else {
            return Ok(Stored::Incomparable);
        };
        let expected = stored.map(|stored| stored.revision);
        self.bus.put_state(account, value.into(), expected, self.cause()).await?;
        Ok(Stored::Moved(state.vector.changed_since(&before).count()))
    }

    fn cause(&self) -> EventId {
        EventId { relay: self.source, sequence: self.sequence.fetch_add(1, Ordering::Relaxed) + 1 }
    }
}

fn vector(states: &[(DataType, Modseq)]) -> Vector {
    states.iter().map(|(data_type, modseq)| (data_type.counter(), *modseq)).collect()
}

/// Whether `answer` is below what was known, in any counter that it tells.
fn is_ahead(known: &Vector, answer: &Vector) -> bool {
    known.changed_since(answer).any(|counter| answer.get(counter).is_some())
}

#[cfg(test)]
mod tests {
    use state::Counter;

    use super::*;

    fn numbers(mail: u64, contacts: u64) -> Vector {
        [(Counter::Mail, Modseq(mail)), (Counter::Contacts, Modseq(contacts))].into_iter().collect()
    }

    #[test]
    fn a_lower_number_is_ahead_and_one_that_is_not_told_is_not() {
        assert!(is_ahead(&numbers(42, 7), &numbers(41, 8)));
        assert!(!is_ahead(&numbers(42, 7), &numbers(42, 0)));
        assert!(!is_ahead(&numbers(42, 0), &numbers(43, 7)));
    }
}
