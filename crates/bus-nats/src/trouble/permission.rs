//! A permission that is missing, told without naming anybody.

use std::fmt;

/// What is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// To send there.
    Publish,
    /// To hear what is sent there.
    Subscribe,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
        })
    }
}

/// What the server said. The subject may name an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) action: Action,
    pub(crate) subject: String,
}

/// What a person has to allow. Names streams and kinds of subjects, and no account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Permission {
    pub(crate) action: Action,
    /// Written as in NATS' own files.
    pub(crate) subjects: String,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {:?}", self.action, self.subjects)
    }
}

impl Complaint {
    /// Reads a server's words: `Permissions Violation for Publish to "a.b"`, and of a queue what follows is left out.
    pub(crate) fn read(words: &str) -> Option<Self> {
        let rest = words.strip_prefix("Permissions Violation for ")?;
        let (action, rest) = rest.split_once(" to \"")?;
        let action = match action {
            "Publish" => Action::Publish,
            "Subscription" => Action::Subscribe,
            _ => return None,
        };
        let (subject, _) = rest.split_once('"')?;
        Some(Self { action, subject: subject.to_owned() })
    }

    /// The kind of subject: the tokens that say what it is for, and whatever follows.
    pub(crate) fn permission(&self) -> Permission {
        let tokens: Vec<_> = self.subject.split('.').collect();
        let telling = match tokens.as_slice() {
            ["$JS", "API", "DIRECT", "GET", ..] => 5,
            ["$JS", "API", ..] => 6,
            ["$JS", "ACK", ..] => 2,
            [inbox, ..] if inbox.starts_with("_INBOX") => 1,
            _ => 2,
        };
        let mut subjects = tokens.iter().take(telling).copied().collect::<Vec<_>>().join(".");
        if tokens.len() > telling {
            subjects.push_str(".>");
        }
        Permission { action: self.action, subjects }
    }
}
