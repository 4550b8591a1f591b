//! How one Cyrus speaks: what its configuration says about names.

mod name;

use mailbox_event::{Account, Naming, Notification};

use crate::{Malformed, Notice, decode};

/// The settings of a Cyrus that decide how its notifications are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// imapd.conf's `defaultdomain`, as the one place that converts user ids.
    pub naming: Naming,
    /// `/` with `unixhierarchysep: yes` (the default since 3.0), else `.`.
    pub separator: char,
    /// Where the mailboxes of users lie in the administrator's namespace: `user`.
    pub user_prefix: String,
}

impl Dialect {
    /// A Cyrus with the default hierarchy: `/`, and users under `user`.
    pub fn new(naming: Naming) -> Self {
        Self { naming, separator: '/', user_prefix: "user".to_owned() }
    }

    /// Understands a notice.
    ///
    /// `message_file` is what was read from the notice's file path, and is kept for class SIEVE only. Classes, events
    /// and keys that we do not know are passed on, never refused. Refused is what lacks the part that everything else
    /// hangs on: an EVENT or IMIP that is not a JSON object, an event without a name, a mailbox without an owner
    /// that is an account.
    pub fn decode(&self, notice: &Notice, message_file: Option<Vec<u8>>) -> Result<Notification, Malformed> {
        match notice.class.as_str() {
            "" => Err(Malformed::Missing("class")),
            "EVENT" => decode::event(self, notice),
            "SIEVE" => decode::sieve(self, notice, message_file),
            "MAIL" => decode::new_mail(self, notice),
            "IMIP" => decode::scheduling(self, notice),
            _ => Ok(decode::unknown_class(notice)),
        }
    }

    /// The account that the server means by `user_id`, which it said as `what`.
    pub(crate) fn account(&self, user_id: &str, what: &'static str) -> Result<Account, Malformed> {
        if user_id.is_empty() {
            return Err(Malformed::Missing(what));
        }
        self.naming.account(user_id).map_err(|_| Malformed::NotAnAccount(what))
    }
}
