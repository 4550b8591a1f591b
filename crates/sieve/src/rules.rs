//! Messages of which nobody is notified, so that no two programs talk to each other for ever.

use crate::Facts;

/// Why nobody is notified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Silence {
    /// A program sent the message (RFC 5436 §2.7.1: such messages should not be notified of).
    AutoSubmitted,
    /// We sent it.
    Ours,
}

/// Whether the message is one to be silent about. `own_domain` is that of our Message-IDs. A message from nobody (a
/// null sender) is notified of all the same (RFC 5436 §2.7.1).
pub fn silence(facts: &Facts, own_domain: &str) -> Option<Silence> {
    if facts.message_id.as_deref().is_some_and(|id| is_ours(id, own_domain)) {
        return Some(Silence::Ours);
    }
    facts.is_auto_submitted.then_some(Silence::AutoSubmitted)
}

/// The sorts of mail that we send. Each is told by its Message-ID, so that no script is notified of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OwnMail {
    /// Of a script's notification, or the notice of several.
    Sieve,
    /// Of an alarm.
    Alarm,
    /// Of messages that were not sent.
    Unscheduled,
}

impl OwnMail {
    /// How the local part of its Message-ID ends, after a hash and a dot. Mail that was sent keeps it: it never changes.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Sieve => "sieve",
            Self::Alarm => "alarm",
            Self::Unscheduled => "unscheduled",
        }
    }

    /// The first of them, and the one after each: whoever adds one has to say where it stands.
    const FIRST: Self = Self::Sieve;

    const fn next(self) -> Option<Self> {
        match self {
            Self::Sieve => Some(Self::Alarm),
            Self::Alarm => Some(Self::Unscheduled),
            Self::Unscheduled => None,
        }
    }

    /// Every one.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::successors(Some(Self::FIRST), |mail| mail.next())
    }
}

/// Whoever takes our mark from the header leaves the Message-ID, by which the mail is known on its way.
fn is_ours(message_id: &str, own_domain: &str) -> bool {
    let mark = message_id.rsplit_once('@').and_then(|(local, domain)| {
        domain.eq_ignore_ascii_case(own_domain).then_some(local)?.rsplit_once('.')
    });
    mark.is_some_and(|(_, mark)| OwnMail::all().any(|mail| mail.mark() == mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(header: &str) -> Facts {
        Facts::read(format!("From: a@example.org\r\n{header}\r\n\r\nx\r\n").as_bytes())
    }

    #[test]
    fn programs_are_not_answered_and_people_are() {
        let rows = [
            ("Auto-Submitted: auto-replied", Some(Silence::AutoSubmitted)),
            ("auto-submitted: Auto-Notified; owner-email=\"a@example.org\"", Some(Silence::AutoSubmitted)),
            ("Auto-Submitted: (it is) auto-generated", Some(Silence::AutoSubmitted)),
            ("Auto-Submitted: auto-replied\r\nAuto-Submitted: no", Some(Silence::AutoSubmitted)),
            ("Auto-Submitted: no", None),
            ("Auto-Submitted: No (a person)", None),
            ("Subject: x", None),
            ("Return-Path: <>", None),
            ("Message-ID: <0123.sieve@push.example.org>", Some(Silence::Ours)),
            ("Message-ID: <0123.sieve@elsewhere.example.org>", None),
            ("Message-ID: <0123@push.example.org>", None),
        ];
        for (header, expected) in rows {
            assert_eq!(silence(&facts(header), "push.example.org"), expected, "{header}");
        }
    }
}
