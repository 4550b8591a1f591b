//! What every stream is to be. Nothing here is new since NATS 2.9, which ignores in silence what it does not know.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, Republish, RetentionPolicy, StorageType};
use bus::Bucket;

use crate::{NatsSettings, subjects::Names};

/// The STATE of every account.
pub(crate) const STATE: &str = "STATE";
/// Jobs that wait or run, and retries that are due.
pub(crate) const JOBS: &str = "JOBS";
/// Retries that are not due yet.
pub(crate) const PARKED: &str = "PARKED";
/// Dead letters.
pub(crate) const DEAD: &str = "DEAD";

/// NATS' own: but for JOBS, an id is compared in DEAD alone, where doubles follow each other closely.
const UNUSED_WINDOW: Duration = Duration::from_mins(2);

/// Every stream of an installation.
pub(crate) fn streams(settings: &NatsSettings, names: &Names) -> Vec<Config> {
    let mut streams = vec![
        state(settings, names),
        jobs(settings, names),
        parked(settings, names),
        kept(DEAD, "dead", settings.bounds.dead, settings, names),
    ];
    streams.extend(Bucket::ALL.into_iter().map(|bucket| values(bucket, settings, names)));
    streams.push(installation(settings, names));
    streams
}

fn base(name: String, subjects: Vec<String>, octets: u64, settings: &NatsSettings) -> Config {
    Config {
        name,
        subjects,
        max_bytes: i64::try_from(octets).unwrap_or(i64::MAX),
        max_messages: -1,
        max_messages_per_subject: -1,
        max_consumers: -1,
        max_message_size: -1,
        // What is full says so, and its sender keeps the message.
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: settings.replicas,
        duplicate_window: UNUSED_WINDOW,
        ..Config::default()
    }
}

fn state(settings: &NatsSettings, names: &Names) -> Config {
    let (source, destination) = names.republished();
    Config {
        max_messages_per_subject: 1,
        allow_direct: true,
        deny_delete: true,
        republish: Some(Republish { source, destination, headers_only: false }),
        ..base(names.stream(STATE), vec![names.all_of("state")], settings.bounds.state, settings)
    }
}

fn jobs(settings: &NatsSettings, names: &Names) -> Config {
    Config {
        // A job is gone when each group that takes its kind has acknowledged it.
        retention: RetentionPolicy::Interest,
        duplicate_window: settings.duplicate_window,
        // For figures alone: how old the oldest is.
        allow_direct: true,
        ..base(
            names.stream(JOBS),
            vec![names.all_of("job"), names.all_of("retry")],
            settings.bounds.jobs,
            settings,
        )
    }
}

fn kept(stream: &str, first: &str, octets: u64, settings: &NatsSettings, names: &Names) -> Config {
    Config { allow_direct: true, ..base(names.stream(stream), vec![names.all_of(first)], octets, settings) }
}

fn parked(settings: &NatsSettings, names: &Names) -> Config {
    Config {
        // A job that is parked a second time after the same attempt, for want of an acknowledgement, takes its own place.
        max_messages_per_subject: 1,
        ..kept(PARKED, "parked", settings.bounds.parked, settings, names)
    }
}

fn values(bucket: Bucket, settings: &NatsSettings, names: &Names) -> Config {
    Config {
        max_messages_per_subject: 1,
        // Whatever a value's own time.
        max_age: bucket.longest_time_to_live(),
        allow_direct: true,
        allow_rollup: true,
        deny_delete: true,
        ..base(names.bucket(bucket), vec![names.values(bucket)], settings.bounds.bucket, settings)
    }
}

/// Octets of what is noted of the installation: a few short values.
const INSTALLATION: u64 = 64 << 10;

fn installation(settings: &NatsSettings, names: &Names) -> Config {
    Config {
        max_messages_per_subject: 1,
        allow_direct: true,
        deny_delete: true,
        ..base(names.installation(), vec![names.installation_values()], INSTALLATION, settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = include_str!("streams/golden.json");

    #[test]
    fn streams_never_change_unseen() {
        let streams = streams(&NatsSettings::default(), &Names::new("mailpush"));
        let found = serde_json::to_string_pretty(&streams).unwrap();
        assert_eq!(found.trim(), GOLDEN.trim(), "a stream that differs is migrated in every installation");
    }
}
