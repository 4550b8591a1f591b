//! What a group is called on the broker: its token, its consumers, the subjects of its retries and dead letters.
//! Frozen in golden tests: they name durable things.

use bus::{Group, JobKind, Topic, Urgency};

/// The longest token of a group, in octets: it is part of the name of a folder on the server, and of subjects.
const LONGEST: usize = 128;

/// A group's name, written with what a subject and a name of a consumer may hold: ASCII letters, digits and `-` stand
/// for themselves, every other octet is `_` and two hex digits, and the empty name is `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct GroupToken(String);

/// A name of a group that the broker cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("name of the group takes {octets} octets on the broker, which is over the limit of {limit}")]
pub(crate) struct NameTooLong {
    pub(crate) octets: usize,
    pub(crate) limit: usize,
}

impl GroupToken {
    /// The token of `group`.
    pub(crate) fn new(group: &Group) -> Result<Self, NameTooLong> {
        let mut token = String::with_capacity(group.0.len());
        for octet in group.0.bytes() {
            if octet.is_ascii_alphanumeric() || octet == b'-' {
                token.push(char::from(octet));
            } else {
                token.push_str(&format!("_{octet:02x}"));
            }
        }
        if token.is_empty() {
            token.push('_');
        }
        if token.len() > LONGEST {
            Err(NameTooLong { octets: token.len(), limit: LONGEST })
        } else {
            Ok(Self(token))
        }
    }

    /// The group that a token stands for, if it is one that [`Self::new`] gives.
    pub(crate) fn group(token: &str) -> Option<Group> {
        let mut octets = Vec::with_capacity(token.len());
        let mut rest = if token == "_" { &[] } else { token.as_bytes() };
        while let Some((&first, tail)) = rest.split_first() {
            if first == b'_' {
                let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
                octets.push(u8::from_str_radix(digits, 16).ok()?);
                rest = tail.get(2..)?;
            } else {
                octets.push(first);
                rest = tail;
            }
        }
        let group = Group(String::from_utf8(octets).ok()?);
        Self::new(&group).is_ok_and(|own| own.0 == token).then_some(group)
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a consumer's jobs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// Dispatched, of this kind.
    Dispatched(JobKind),
    /// Given back to this group: retries that are due, and dead letters redelivered.
    Returned,
}

/// One of a group's consumers. Servers before 2.10 ignore more than one filter, so that each has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Source {
    /// How urgent its jobs are.
    pub(crate) urgency: Urgency,
    /// Where they come from.
    pub(crate) origin: Origin,
}

impl Source {
    /// All of a group that takes `kinds`, the most urgent first.
    pub(crate) fn all(kinds: &[JobKind]) -> Vec<Self> {
        let mut kinds = kinds.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        let origins: Vec<_> =
            std::iter::once(Origin::Returned).chain(kinds.into_iter().map(Origin::Dispatched)).collect();
        let of = |urgency| origins.clone().into_iter().map(move |origin| Self { urgency, origin });
        Urgency::ALL.into_iter().flat_map(of).collect()
    }

    /// The name of the durable consumer.
    pub(crate) fn consumer(self, group: &GroupToken) -> String {
        let origin = match self.origin {
            Origin::Dispatched(kind) => kind.name(),
            Origin::Returned => "retry",
        };
        format!("{}-{origin}-{}", self.urgency.name(), group.0)
    }

    /// Reads what [`Self::consumer`] wrote.
    pub(crate) fn of_consumer(name: &str) -> Option<(Self, Group)> {
        let mut parts = name.splitn(3, '-');
        let (urgency, origin, group) = (parts.next()?, parts.next()?, parts.next()?);
        let urgency = Urgency::ALL.into_iter().find(|one| one.name() == urgency)?;
        let origin = match origin {
            "retry" => Origin::Returned,
            kind => Origin::Dispatched(JobKind::ALL.into_iter().find(|one| one.name() == kind)?),
        };
        Some((Self { urgency, origin }, GroupToken::group(group)?))
    }

    /// What the consumer filters.
    pub(crate) fn filter(self, prefix: &str, group: &GroupToken) -> String {
        let urgency = self.urgency.name();
        match self.origin {
            Origin::Dispatched(kind) => format!("{prefix}.job.{urgency}.{}.*", kind.name()),
            Origin::Returned => format!("{prefix}.retry.{}.{urgency}.>", group.0),
        }
    }
}

/// Where a job goes that is given back to its group. What is no job by its topic was put down by a caller, and has no
/// urgency of its own.
pub(crate) fn retry(prefix: &str, group: &GroupToken, topic: &Topic) -> String {
    let (urgency, kind) =
        topic.job().map_or((Urgency::Normal, "other"), |(urgency, kind)| (urgency, kind.name()));
    format!("{prefix}.retry.{}.{}.{kind}.{}", group.0, urgency.name(), topic.account())
}

/// Where everything lies that is parked for a group.
pub(crate) fn all_parked(prefix: &str, group: &GroupToken) -> String {
    format!("{prefix}.parked.{}.>", group.0)
}

/// Where one job is parked after one attempt: parked again, it takes its own place.
pub(crate) fn parked(prefix: &str, group: &GroupToken, stay: &str) -> String {
    format!("{prefix}.parked.{}.{stay}", group.0)
}

/// Where the dead letters of a group lie.
pub(crate) fn dead(prefix: &str, group: &GroupToken) -> String {
    format!("{prefix}.dead.{}", group.0)
}

/// Where a node answers that has a listener of the group.
pub(crate) fn present(prefix: &str, group: &GroupToken) -> String {
    format!("{prefix}.group.{}.present", group.0)
}

/// Where a node says that it parked a job of the group.
pub(crate) fn bell(prefix: &str, group: &GroupToken) -> String {
    format!("{prefix}.group.{}.parked", group.0)
}

#[cfg(test)]
mod tests;
