//! What the mail server's JMAP Session says of a credential (RFC 8620 §2).

use std::collections::BTreeMap;

use mailbox_event::UnixMillis;
use serde::{Deserialize, Serialize, de::IgnoredAny};

/// What the mail server said of a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// 200
    Accepted(Grant),
    /// 401 or 403
    Refused,
}

/// A verdict and its age. This is what is remembered in the bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// What the mail server said.
    pub verdict: Verdict,
    /// When it was asked, or a little later: it answered after that.
    pub asked_at: UnixMillis,
}

/// What a credential that was accepted gives.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The user id, as the mail server has it.
    pub username: String,
    /// The account of the user's own mail.
    pub account_id: String,
    /// Where questions are sent, as the Session has it: it may be relative.
    pub api_url: String,
    /// The capabilities that the server has, of those with states that we tell.
    pub using: Vec<String>,
}

/// Holds an address.
impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Grant(..)")
    }
}

/// Why a Session gives no grant.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSession {
    /// Not a Session.
    #[error("session is malformed")]
    Json(#[from] serde_json::Error),
    /// No account of the user's own.
    #[error("session has no account of the user's own")]
    NoAccount,
}

const MAIL: &str = "urn:ietf:params:jmap:mail";

/// Standard names and, for calendars and contacts, those of Cyrus before 3.8.
const KNOWN_CAPABILITIES: [&str; 8] = [
    "urn:ietf:params:jmap:core",
    MAIL,
    "urn:ietf:params:jmap:calendars",
    "urn:ietf:params:jmap:contacts",
    "https://cyrusimap.org/ns/jmap/calendars",
    "https://cyrusimap.org/ns/jmap/contacts",
    "https://cyrusimap.org/ns/jmap/notes",
    "urn:ietf:params:jmap:submission",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    username: String,
    api_url: String,
    capabilities: BTreeMap<String, IgnoredAny>,
    accounts: BTreeMap<String, SessionAccount>,
    #[serde(default)]
    primary_accounts: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionAccount {
    #[serde(default)]
    is_personal: bool,
}

impl Grant {
    /// Reads a Session. The account is the primary one of mail, else the only one or the only personal one.
    pub fn of_session(octets: &[u8]) -> Result<Self, InvalidSession> {
        let session: Session = serde_json::from_slice(octets)?;
        let account_id = session.own_account().ok_or(InvalidSession::NoAccount)?.to_owned();
        let using = KNOWN_CAPABILITIES.into_iter().filter(|name| session.capabilities.contains_key(*name));
        let using = using.map(str::to_owned).collect();
        Ok(Self { username: session.username, account_id, api_url: session.api_url, using })
    }
}

impl Session {
    fn own_account(&self) -> Option<&str> {
        let personal = self.accounts.iter().filter(|(_, account)| account.is_personal).map(|(id, _)| id);
        let primary = self.primary_accounts.get(MAIL);
        primary.or_else(|| only(self.accounts.keys())).or_else(|| only(personal)).map(String::as_str)
    }
}

fn only<T>(mut these: impl Iterator<Item = T>) -> Option<T> {
    these.next().filter(|_| these.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(accounts: &str, primary: &str) -> Result<Grant, InvalidSession> {
        Grant::of_session(
            format!(
                r#"{{"username":"alice","apiUrl":"/jmap/","capabilities":{{"urn:ietf:params:jmap:core":{{}},
                "urn:ietf:params:jmap:mail":{{}},"x:unknown":{{}}}},"accounts":{accounts},"primaryAccounts":{primary}}}"#
            )
            .as_bytes(),
        )
    }

    #[test]
    fn primary_account_of_mail_comes_first() {
        let accounts = r#"{"a":{"isPersonal":false},"b":{"isPersonal":true},"c":{"isPersonal":true}}"#;
        let grant = session(accounts, r#"{"urn:ietf:params:jmap:mail":"c"}"#).unwrap();
        assert_eq!((grant.username.as_str(), grant.account_id.as_str()), ("alice", "c"));
        assert_eq!(grant.using, ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]);
    }

    #[test]
    fn without_it_the_only_or_the_only_personal_account_is_the_users_own() {
        assert_eq!(session(r#"{"a":{"isPersonal":false}}"#, "{}").unwrap().account_id, "a");
        let shared = r#"{"a":{"isPersonal":false},"b":{"isPersonal":true}}"#;
        assert_eq!(session(shared, "{}").unwrap().account_id, "b");
        let two = r#"{"a":{"isPersonal":true},"b":{"isPersonal":true}}"#;
        assert!(matches!(session(two, "{}"), Err(InvalidSession::NoAccount)));
        assert!(matches!(session("{}", "{}"), Err(InvalidSession::NoAccount)));
    }

    #[test]
    fn grants_show_no_address() {
        assert_eq!(format!("{:?}", session(r#"{"a":{}}"#, "{}").unwrap()), "Grant(..)");
    }
}
