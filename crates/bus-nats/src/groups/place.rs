//! A group as its parts on one node know it.

use bus::Group;

use super::names::{self, GroupToken};

/// The group's name, and what it is called on the broker.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) group: Group,
    pub(crate) token: GroupToken,
    prefix: String,
}

impl Place {
    pub(crate) fn new(prefix: &str, group: &Group) -> Result<Self, names::NameTooLong> {
        Ok(Self { group: group.clone(), token: GroupToken::new(group)?, prefix: prefix.to_owned() })
    }

    /// Where it is given back a job of this topic.
    pub(crate) fn retry(&self, topic: &bus::Topic) -> String {
        names::retry(&self.prefix, &self.token, topic)
    }

    pub(crate) fn parked(&self, stay: &str) -> String {
        names::parked(&self.prefix, &self.token, stay)
    }

    pub(crate) fn all_parked(&self) -> String {
        names::all_parked(&self.prefix, &self.token)
    }

    pub(crate) fn dead(&self) -> String {
        names::dead(&self.prefix, &self.token)
    }

    pub(crate) fn present(&self) -> String {
        names::present(&self.prefix, &self.token)
    }

    pub(crate) fn bell(&self) -> String {
        names::bell(&self.prefix, &self.token)
    }

    pub(crate) fn filter(&self, source: names::Source) -> String {
        source.filter(&self.prefix, &self.token)
    }

    /// What a dispatched job's subject says about it.
    pub(crate) fn topic(&self, subject: &str) -> Option<bus::Topic> {
        subject.strip_prefix(self.prefix.as_str())?.strip_prefix('.')?.parse().ok()
    }
}
