//! A JMAP client (RFC 8620) that asks for states: the oracle of what a stream must show.

use reqwest::StatusCode;
use serde_json::{Value, json};

const CORE: &str = "urn:ietf:params:jmap:core";

/// The types whose state can be asked for, each with the capability that Cyrus 3.6 wants for it.
/// `AddressBook` and `ContactCard` do not exist there: it speaks of contacts in its own dialect.
const CAPABILITIES: [(&str, &str); 14] = [
    ("Email", "urn:ietf:params:jmap:mail"),
    ("Mailbox", "urn:ietf:params:jmap:mail"),
    ("Thread", "urn:ietf:params:jmap:mail"),
    ("Identity", "urn:ietf:params:jmap:submission"),
    ("EmailSubmission", "urn:ietf:params:jmap:submission"),
    ("VacationResponse", "urn:ietf:params:jmap:vacationresponse"),
    ("Calendar", "https://cyrusimap.org/ns/jmap/calendars"),
    ("CalendarEvent", "https://cyrusimap.org/ns/jmap/calendars"),
    ("AddressBook", "https://cyrusimap.org/ns/jmap/contacts"),
    ("Contact", "https://cyrusimap.org/ns/jmap/contacts"),
    ("ContactGroup", "https://cyrusimap.org/ns/jmap/contacts"),
    ("Quota", "https://cyrusimap.org/ns/jmap/quota"),
    ("SieveScript", "https://cyrusimap.org/ns/jmap/sieve"),
    ("UserCounters", "https://cyrusimap.org/ns/jmap/usercounters"),
];

/// Acts as one user.
#[derive(Debug, Clone)]
pub struct Jmap {
    client: reqwest::Client,
    url: String,
    user: String,
    password: String,
}

impl Jmap {
    /// A client of the server at `base` (`http://host:port`).
    #[must_use]
    pub fn new(base: &str, user: &str, password: &str) -> Self {
        let client = crate::http_client();
        Self { client, url: format!("{base}/jmap/"), user: user.to_owned(), password: password.to_owned() }
    }

    /// The Session object.
    pub async fn session(&self) -> Value {
        let request = self.client.get(&self.url).basic_auth(&self.user, Some(&self.password));
        body(request.send().await.expect("the HTTP port answers")).await
    }

    /// The status of the Session address: 404 where the server has no JMAP.
    pub async fn session_status(&self) -> StatusCode {
        let request = self.client.get(&self.url).basic_auth(&self.user, Some(&self.password));
        request.send().await.expect("the HTTP port answers").status()
    }

    /// The user's own account id, as the Session gives it.
    pub async fn account_id(&self) -> String {
        let session = self.session().await;
        let id = session["primaryAccounts"]["urn:ietf:params:jmap:mail"].as_str();
        id.expect("the Session has a primary account for mail").to_owned()
    }

    /// Runs one method call (`Email/set`) and returns its arguments.
    ///
    /// # Panics
    /// When the answer is a method-level error.
    pub async fn call(&self, method: &str, arguments: Value) -> Value {
        let kind = method.split('/').next().unwrap_or_default();
        let using = [CORE, capability(kind)];
        let request = json!({"using": using, "methodCalls": [[method, arguments, "0"]]});
        let post = self.client.post(&self.url).basic_auth(&self.user, Some(&self.password)).json(&request);
        let mut answer = body(post.send().await.expect("the HTTP port answers")).await;
        let mut response = answer["methodResponses"][0].take();
        assert_eq!(response[0], method, "{method} was answered {response}");
        response[1].take()
    }

    /// The state that `<kind>/get` gives now. Asking for a calendar or contact makes the user's default ones.
    pub async fn state_of(&self, kind: &str) -> String {
        let answer = self.call(&format!("{kind}/get"), json!({"ids": []})).await;
        answer["state"].as_str().expect("a get has a state").to_owned()
    }

    /// All counters of the user: `UserCounters/get`, of Cyrus only.
    pub async fn user_counters(&self) -> Value {
        self.call("UserCounters/get", json!({"ids": ["singleton"]})).await["list"][0].take()
    }

    /// The ids of all mails, in no promised order.
    pub async fn emails(&self) -> Vec<String> {
        let found = self.call("Email/query", json!({})).await;
        let ids = found["ids"].as_array().expect("a query has ids");
        ids.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// `Email/set` of one property path of one mail, such as `keywords/$flagged`. Returns the new state.
    pub async fn set_email(&self, id: &str, path: &str, value: Value) -> String {
        let answer = self.call("Email/set", json!({"update": {id: {path: value}}})).await;
        new_state(&answer, "notUpdated")
    }

    /// `Mailbox/set` that creates a folder at the top. Returns its id and the new state.
    pub async fn create_mailbox(&self, name: &str) -> (String, String) {
        let answer =
            self.call("Mailbox/set", json!({"create": {"m": {"name": name, "parentId": null}}})).await;
        let id = answer["created"]["m"]["id"].as_str();
        (id.unwrap_or_else(|| panic!("not created: {answer}")).to_owned(), new_state(&answer, "notCreated"))
    }
}

fn new_state(answer: &Value, refused: &str) -> String {
    assert!(answer[refused].is_null(), "the change was refused: {answer}");
    answer["newState"].as_str().expect("a set has a new state").to_owned()
}

fn capability(kind: &str) -> &'static str {
    let known = CAPABILITIES.iter().find(|(name, _)| *name == kind);
    known.unwrap_or_else(|| panic!("no capability is known for {kind}")).1
}

async fn body(response: reqwest::Response) -> Value {
    let status = response.status();
    assert!(status.is_success(), "JMAP was answered {status}");
    response.json().await.expect("JMAP answers are JSON")
}
