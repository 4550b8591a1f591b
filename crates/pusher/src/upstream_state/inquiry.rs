//! What is asked of the mail server in a client's name, and what its answer says.

use mailbox_event::{Account, Modseq};
use serde::Deserialize;
use serde_json::{Value, json};
use state::DataType;

use crate::{
    credential::{Question, Unanswered},
    revocation::Holding,
};

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

/// The right to ask for the states of an account in the name of one of its clients. Holds a credential: never shown.
pub struct Inquiry {
    account: Account,
    question: Question,
    holding: Holding,
}

impl Inquiry {
    /// `question` is that of a client of `account`, good for as long as its streams are by `holding`.
    pub fn new(account: Account, question: &Question, holding: Holding) -> Self {
        Self { account, question: question.to_be_kept(), holding }
    }

    /// Whose states.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What its credential is judged by.
    pub fn holding(&self) -> &Holding {
        &self.holding
    }

    /// Asks.
    pub(super) async fn ask(&self) -> Result<Vec<(DataType, Modseq)>, Unanswered> {
        let question = &self.question;
        let answer = question.send(&request(question.account_id(), question.using())).await?;
        states(&answer).ok_or(Unanswered::Nonsense)
    }
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
