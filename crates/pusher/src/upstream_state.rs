//! The state of an account that the bus does not know: the mail server is asked once, in the client's name.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bus::{Bus, PutError};
use mailbox_event::{Account, AccountToken, EventId, Modseq, RelayId, codec};
use serde::Deserialize;
use serde_json::{Value, json};
use state::{AccountState, DataType, Observation};

use crate::{
    credential::{Question, Unanswered},
    hub::Channel,
    telemetry::{Telemetry, UpstreamOutcome},
};

/// Others store at the same time rarely; after this many conflicts the state is known anyway.
const MOST_CONFLICTS: usize = 8;

/// The methods that tell a state; what the server does not have fails alone and is skipped.
const METHODS: [(&str, DataType); 8] = [
    ("Email/get", DataType::Email),
    ("Mailbox/get", DataType::Mailbox),
    ("Calendar/get", DataType::Calendar),
    ("CalendarEvent/get", DataType::CalendarEvent),
    ("AddressBook/get", DataType::AddressBook),
    ("Contact/get", DataType::Contact),
    ("ContactCard/get", DataType::ContactCard),
    ("Note/get", DataType::Note),
];

/// Asks and stores.
pub struct UpstreamState {
    bus: Arc<dyn Bus>,
    /// Drawn at random: the causes of what this process stores.
    source: RelayId,
    sequence: AtomicU64,
    telemetry: Arc<Telemetry>,
}

impl UpstreamState {
    /// `source` names this process among those that store states.
    pub fn new(bus: Arc<dyn Bus>, source: RelayId, telemetry: Arc<Telemetry>) -> Self {
        Self { bus, source, sequence: AtomicU64::new(0), telemetry }
    }

    /// Asks if nothing is known of the account and nobody else asks. Streams hear of the answer from the bus.
    pub async fn ask_if_unknown(&self, channel: &Channel, account: Account, question: Question) {
        if channel.loaded().await.known_state().is_some() || !channel.may_ask() {
            return;
        }
        let stored = match ask(&question).await {
            Ok(states) => {
                self.telemetry.state_question(UpstreamOutcome::Answered);
                self.store(channel.account(), &Observation::of_upstream(account, states)).await
            }
            Err(unanswered) => {
                self.telemetry.state_question(unanswered.into());
                tracing::debug!(error = %unanswered, "Mail server does not tell a state");
                false
            }
        };
        if !stored {
            channel.asked();
        }
    }

    async fn store(&self, account: AccountToken, observation: &Observation) -> bool {
        for _ in 0..MOST_CONFLICTS {
            match self.try_store(account, observation).await {
                Ok(()) => return true,
                Err(PutError::Conflict) => {}
                Err(PutError::Bus(error)) => {
                    self.telemetry.bus_failed();
                    tracing::debug!(%error, "State from the mail server cannot be stored");
                    return false;
                }
            }
        }
        false
    }

    async fn try_store(&self, account: AccountToken, observation: &Observation) -> Result<(), PutError> {
        let stored = self.bus.state(account).await?;
        // What cannot be read is newer than this program, or broken: relay's to replace, not ours.
        let known = stored.as_ref().map(|stored| codec::decode(&stored.value)).transpose();
        let Ok(known) = known else { return Ok(()) };
        let mut state = known.unwrap_or_else(|| AccountState::new(observation.account().clone()));
        if !state.merge(observation).is_change() {
            return Ok(());
        }
        let Ok(value) = codec::encode(&state, codec::Form::MessagePack) else { return Ok(()) };
        let expected = stored.map(|stored| stored.revision);
        self.bus.put_state(account, value.into(), expected, self.cause()).await.map(|_revision| ())
    }

    fn cause(&self) -> EventId {
        EventId { relay: self.source, sequence: self.sequence.fetch_add(1, Ordering::Relaxed) + 1 }
    }
}

async fn ask(question: &Question) -> Result<Vec<(DataType, Modseq)>, Unanswered> {
    let answer = question.send(&request(question.account_id(), question.using())).await?;
    states(&answer).ok_or(Unanswered::Nonsense)
}

/// No ids: the state alone is wanted (RFC 8620 §5.1).
fn request(account_id: &str, using: &[String]) -> Value {
    let arguments = json!({"accountId": account_id, "ids": []});
    let calls: Vec<Value> = METHODS.iter().map(|(method, _)| json!([method, arguments, method])).collect();
    json!({"using": using, "methodCalls": calls})
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    method_responses: Vec<(String, Value, String)>,
}

/// States that are no decimal numbers are skipped: nothing that a notification brings could be compared with them.
fn states(octets: &[u8]) -> Option<Vec<(DataType, Modseq)>> {
    let answer: Answer = serde_json::from_slice(octets).ok()?;
    let state = |(method, arguments, _): &(String, Value, String)| {
        let (_, data_type) = METHODS.iter().find(|(name, _)| name == method)?;
        Some((*data_type, Modseq(arguments.get("state")?.as_str()?.parse().ok()?)))
    };
    Some(answer.method_responses.iter().filter_map(state).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_asked_with_no_ids() {
        let request = request("alice", &["urn:ietf:params:jmap:core".to_owned()]);
        assert_eq!(request["using"], json!(["urn:ietf:params:jmap:core"]));
        assert_eq!(
            request["methodCalls"][0],
            json!(["Email/get", {"accountId": "alice", "ids": []}, "Email/get"])
        );
        assert_eq!(request["methodCalls"].as_array().unwrap().len(), METHODS.len());
    }

    #[test]
    fn methods_that_fail_and_states_that_are_no_numbers_are_skipped() {
        let answer = json!({"methodResponses": [
            ["Email/get", {"accountId": "alice", "state": "12", "list": []}, "Email/get"],
            ["error", {"type": "unknownMethod"}, "Calendar/get"],
            ["Contact/get", {"state": "J7"}, "Contact/get"],
        ]});
        assert_eq!(states(answer.to_string().as_bytes()), Some(vec![(DataType::Email, Modseq(12))]));
        assert_eq!(states(b"{}"), None);
    }
}
