//! What stands between a node and NATS, as the connection was told: why nobody answers, and what the server does not let
//! us do. NATS answers nothing to what it does not allow, it only complains; without this a permission that is missing
//! would look like a server that is slow.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::ConnectErrorKind;
use tokio::{sync::watch, time::Instant};

use crate::error::CallError;

mod permission;

pub use permission::Action;
pub(crate) use permission::{Complaint, Permission};

/// Permissions that are remembered as missing, and other complaints of one connection: as many say enough.
const MOST: usize = 16;

/// A server whose configuration is read again gives a permission without another word; whoever still lacks it is told so
/// again long before.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Why an attempt to connect failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreachable {
    Name,
    Silent,
    Tls,
    Cut,
    Credentials,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "its name is not known",
            Self::Silent => "it does not answer",
            Self::Tls => "it and we do not agree on TLS (bus.nats.tls)",
            Self::Cut => "the connection is refused or cut",
            Self::Credentials => "it refused our credentials",
        })
    }
}

impl Unreachable {
    /// The client tells why an attempt failed in words only.
    pub(crate) fn of(words: &str) -> Option<Self> {
        let kinds = [
            (ConnectErrorKind::Dns, Self::Name),
            (ConnectErrorKind::TimedOut, Self::Silent),
            (ConnectErrorKind::Tls, Self::Tls),
            (ConnectErrorKind::Io, Self::Cut),
            (ConnectErrorKind::Authentication, Self::Credentials),
            (ConnectErrorKind::AuthorizationViolation, Self::Credentials),
        ];
        kinds.into_iter().find(|(kind, _)| kind.to_string() == words).map(|(_, why)| why)
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Troubles {
    /// The first token of the subjects on which answers come.
    inbox: String,
    known: Mutex<Known>,
    /// The last complaint and its number.
    complaints: watch::Sender<(u64, Option<Complaint>)>,
}

#[derive(Debug, Default)]
struct Known {
    /// Why the last attempt to connect failed; nothing when it did not.
    attempt: Option<Unreachable>,
    /// Why any failed since there was a connection: of two servers each may have its own reason.
    failed: Vec<Unreachable>,
    /// What the server complained of that is no permission.
    complained: BTreeSet<String>,
    missing: BTreeMap<Permission, Instant>,
    /// The last attempt but this one failed over TLS.
    is_tls: bool,
    /// No answer can come.
    is_deaf: bool,
}

impl Troubles {
    pub(crate) fn new(inbox: &str) -> Self {
        Self { inbox: inbox.to_owned(), known: Mutex::default(), complaints: watch::Sender::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Every change is one assignment: a thread that panicked left nothing half done.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is a connection, and with it nothing that was said on another.
    pub(crate) fn connected(&self) {
        *self.known() = Known::default();
    }

    /// Another attempt begins, after one that failed over TLS or did not.
    pub(crate) fn note_tls(&self, is_tls: bool) {
        self.known().is_tls = is_tls;
    }

    /// An attempt failed: why, as far as is known, and whether that is news.
    pub(crate) fn failed(&self, why: Unreachable) -> (Unreachable, bool) {
        let mut known = self.known();
        let why = if known.is_tls && why == Unreachable::Cut { Unreachable::Tls } else { why };
        known.attempt = Some(why);
        let is_news = !known.failed.contains(&why);
        if is_news {
            known.failed.push(why);
        }
        (why, is_news)
    }

    /// The server complained of what is no permission. Whether that is news on this connection.
    pub(crate) fn complained(&self, words: String) -> bool {
        let mut known = self.known();
        known.complained.len() < MOST && known.complained.insert(words)
    }

    /// The server did not allow something. Whether that is news.
    pub(crate) fn denied(&self, complaint: Complaint, now: Instant) -> bool {
        let permission = complaint.permission();
        let is_news = {
            let mut known = self.known();
            known.is_deaf |= complaint.action == Action::Subscribe && self.is_inbox(&complaint.subject);
            known.missing.retain(|permission, since| stands(permission, *since, now));
            let has_room = known.missing.len() < MOST || known.missing.contains_key(&permission);
            !is_the_operators(&complaint) && has_room && known.missing.insert(permission, now).is_none()
        };
        self.complaints.send_modify(|(number, last)| {
            *number += 1;
            *last = Some(complaint);
        });
        is_news
    }

    fn is_inbox(&self, subject: &str) -> bool {
        subject.split('.').next() == Some(&self.inbox)
    }

    /// Why there is no connection.
    pub(crate) fn absence(&self) -> CallError {
        self.known().attempt.map_or(CallError::Away, CallError::Unreachable)
    }

    /// Fails when a permission is missing.
    pub(crate) fn check(&self, now: Instant) -> Result<(), CallError> {
        let known = self.known();
        let mut standing =
            known.missing.iter().filter(|(permission, since)| stands(permission, **since, now));
        standing.next().map_or(Ok(()), |(permission, _)| Err(CallError::Denied(permission.clone())))
    }

    /// Fails when no answer can come.
    pub(crate) fn check_answers(&self) -> Result<(), CallError> {
        let is_deaf = self.known().is_deaf;
        if is_deaf { Err(CallError::Denied(self.of_inbox())) } else { Ok(()) }
    }

    fn of_inbox(&self) -> Permission {
        Complaint { action: Action::Subscribe, subject: format!("{}.>", self.inbox) }.permission()
    }

    /// Why no answer came to what was sent to `subject`, if its permission is known to be missing.
    pub(crate) fn explain(&self, subject: &str) -> CallError {
        let complaint = Complaint { action: Action::Publish, subject: subject.to_owned() };
        let permission = complaint.permission();
        let now = Instant::now();
        let is_known =
            self.known().missing.get(&permission).is_some_and(|since| stands(&permission, *since, now));
        if is_known { CallError::Denied(permission) } else { CallError::TimedOut }
    }

    /// To be taken before a message is sent; see [`Self::denies`].
    pub(crate) fn watch(&self) -> watch::Receiver<(u64, Option<Complaint>)> {
        self.complaints.subscribe()
    }

    /// Comes when the server does not let us send to `subject`, or hear any answer, from `watched` on. A complaint
    /// that another followed before anybody looked is found by [`Self::explain`].
    pub(crate) async fn denies(
        &self,
        subject: &str,
        mut watched: watch::Receiver<(u64, Option<Complaint>)>,
    ) -> CallError {
        let is_ours = |complaint: &Complaint| match complaint.action {
            Action::Publish => complaint.subject == subject,
            Action::Subscribe => self.is_inbox(&complaint.subject),
        };
        loop {
            if watched.changed().await.is_err() {
                // Nobody complains any more: whoever waits has an end of his own.
                std::future::pending::<()>().await;
            }
            let last = watched.borrow_and_update().1.clone();
            if let Some(complaint) = last.filter(is_ours) {
                return CallError::Denied(complaint.permission());
            }
        }
    }
}

/// Changing a stream is an operator's: a service tries it, and goes on without.
fn is_the_operators(complaint: &Complaint) -> bool {
    complaint.action == Action::Publish && complaint.subject.contains(".STREAM.UPDATE.")
}

/// A subscription that was refused is not there until the next connection, whatever becomes allowed.
fn stands(permission: &Permission, since: Instant, now: Instant) -> bool {
    permission.action == Action::Subscribe || now.saturating_duration_since(since) < REMEMBERED
}

#[cfg(test)]
mod tests;
