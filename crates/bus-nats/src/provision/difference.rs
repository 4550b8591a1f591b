//! What lies between a stream that is there and what it is to be.

use async_nats::jetstream::stream::Config;

/// See the module.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// It is as it is to be.
    None,
    /// It can be changed to this.
    Changed(Box<Config>),
    /// This cannot be changed.
    Fixed(&'static str),
}

/// Compares what we ask for; whatever else the stream has is its server's or its operator's.
pub(super) fn between(found: &Config, wanted: &Config) -> Difference {
    if found.storage != wanted.storage {
        return Difference::Fixed("storage");
    }
    if found.retention != wanted.retention {
        return Difference::Fixed("retention");
    }
    let next = changed(found.clone(), wanted);
    if next == *found { Difference::None } else { Difference::Changed(Box::new(next)) }
}

fn changed(found: Config, wanted: &Config) -> Config {
    Config {
        subjects: wanted.subjects.clone(),
        max_bytes: wanted.max_bytes,
        max_messages: wanted.max_messages,
        max_messages_per_subject: wanted.max_messages_per_subject,
        max_age: wanted.max_age,
        discard: wanted.discard,
        num_replicas: wanted.num_replicas,
        duplicate_window: wanted.duplicate_window,
        allow_direct: wanted.allow_direct,
        allow_rollup: wanted.allow_rollup,
        // Once denied, NATS lets nobody allow it again.
        deny_delete: wanted.deny_delete || found.deny_delete,
        republish: wanted.republish.clone(),
        ..found
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_nats::jetstream::stream::{DiscardPolicy, RetentionPolicy, StorageType};

    use super::*;

    fn wanted() -> Config {
        Config {
            name: "p_STATE".to_owned(),
            max_bytes: 1000,
            discard: DiscardPolicy::New,
            ..Config::default()
        }
    }

    #[test]
    fn what_the_server_adds_is_no_difference() {
        let found = Config { max_consumers: 7, description: Some("an operator's".to_owned()), ..wanted() };
        assert_eq!(between(&found, &wanted()), Difference::None);
    }

    #[test]
    fn a_bound_is_migrated_and_the_operators_words_stay() {
        let found = Config {
            max_bytes: 5,
            max_age: Duration::from_secs(1),
            description: Some("o".to_owned()),
            ..wanted()
        };
        let next = Config { description: Some("o".to_owned()), ..wanted() };
        assert_eq!(between(&found, &wanted()), Difference::Changed(Box::new(next)));
    }

    #[test]
    fn storage_and_retention_are_fixed() {
        let memory = Config { storage: StorageType::Memory, ..wanted() };
        assert_eq!(between(&memory, &wanted()), Difference::Fixed("storage"));
        let queue = Config { retention: RetentionPolicy::WorkQueue, ..wanted() };
        assert_eq!(between(&queue, &wanted()), Difference::Fixed("retention"));
    }
}
