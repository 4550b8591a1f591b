use async_nats::jetstream::stream::{DiscardPolicy, RetentionPolicy, StorageType};

use super::*;

fn wanted() -> Config {
    Config {
        name: "p_STATE".to_owned(),
        subjects: vec!["p.state.>".to_owned()],
        max_bytes: 2 << 20,
        max_messages: -1,
        max_messages_per_subject: 1,
        max_message_size: -1,
        num_replicas: 1,
        discard: DiscardPolicy::New,
        ..Config::default()
    }
}

fn told(changes: &[Change]) -> Vec<String> {
    changes.iter().map(Change::to_string).collect()
}

#[test]
fn what_the_server_adds_is_no_difference() {
    let found = Config { max_consumers: 7, description: Some("an operator's".to_owned()), ..wanted() };
    assert_eq!(between(&found, &wanted()), Difference::default());
}

#[test]
fn bounds_are_told_and_left_and_the_operators_words_stay() {
    let description = Some("an operator's".to_owned());
    let found = Config {
        max_bytes: 1 << 30,
        num_replicas: 3,
        duplicate_window: Duration::from_secs(60),
        description: description.clone(),
        ..wanted()
    };
    let difference = between(&found, &wanted());
    assert_eq!((difference.fixed, difference.promises), (None, Vec::new()));
    assert_eq!(
        told(&difference.bounds),
        ["max_bytes 1GiB -> 2MiB", "duplicate_window 60s -> unlimited", "num_replicas 3 -> 1"]
    );
    assert_eq!(mended(&found, &wanted()), found);
    assert_eq!(bounded(&found, &wanted()), Config { description, ..wanted() });
}

#[test]
fn a_bound_that_falls_and_other_copies_are_delicate() {
    let bound = |max_bytes, max_age, num_replicas| Config {
        max_bytes,
        max_age: Duration::from_secs(max_age),
        num_replicas,
        ..wanted()
    };
    let delicate = |found: &Config, wanted: &Config| -> Vec<bool> {
        between(found, wanted).bounds.iter().map(|change| change.is_delicate).collect()
    };
    assert_eq!(delicate(&bound(5, 0, 1), &bound(6, 0, 1)), [false]);
    assert_eq!(delicate(&bound(5, 0, 1), &bound(4, 0, 1)), [true]);
    assert_eq!(delicate(&bound(-1, 0, 1), &bound(4, 0, 1)), [true], "there was none");
    assert_eq!(delicate(&bound(5, 0, 1), &bound(-1, 0, 1)), [false]);
    assert_eq!(delicate(&bound(5, 0, 1), &bound(5, 9, 1)), [true]);
    for (found, wanted) in [(1, 3), (3, 1)] {
        assert_eq!(delicate(&bound(5, 0, found), &bound(5, 0, wanted)), [true]);
    }
}

#[test]
fn a_stream_that_forgets_too_early_breaks_a_promise_and_one_that_keeps_longer_does_not() {
    let ages = |seconds| Config { max_age: Duration::from_secs(seconds), ..wanted() };
    for (found, kept) in [(60, 120), (60, 0)] {
        let difference = between(&ages(found), &ages(kept));
        assert_eq!((difference.promises.len(), difference.bounds.len()), (1, 0));
        assert_eq!(mended(&ages(found), &ages(kept)), ages(kept));
    }
    for (found, kept) in [(120, 60), (0, 60)] {
        let difference = between(&ages(found), &ages(kept));
        assert_eq!((difference.promises.len(), difference.bounds.len()), (0, 1));
        assert_eq!(mended(&ages(found), &ages(kept)), ages(found));
        assert!(difference.bounds[0].is_delicate);
    }
}

#[test]
fn what_breaks_a_promise_is_told() {
    for (found, change) in [
        (Config { subjects: vec!["q.>".to_owned()], ..wanted() }, "subjects q.> -> p.state.>"),
        (Config { max_messages_per_subject: -1, ..wanted() }, "max_msgs_per_subject unlimited -> 1"),
        (Config { discard: DiscardPolicy::Old, ..wanted() }, "discard Old -> New"),
        (Config { max_message_size: 10, ..wanted() }, "max_msg_size 10B -> unlimited"),
        (Config { no_ack: true, ..wanted() }, "no_ack true -> false"),
        (Config { allow_rollup: true, ..wanted() }, "allow_rollup_hdrs true -> false"),
    ] {
        let difference = between(&found, &wanted());
        assert_eq!((told(&difference.promises), difference.bounds), (vec![change.to_owned()], Vec::new()));
        assert_eq!(mended(&found, &wanted()), wanted());
    }
}

#[test]
fn what_is_denied_stays_denied() {
    let denied = Config { deny_delete: true, ..wanted() };
    assert_eq!(between(&denied, &wanted()), Difference::default());
    assert_eq!(told(&between(&wanted(), &denied).promises), ["deny_delete false -> true"]);
}

#[test]
fn storage_and_retention_are_fixed() {
    let memory = Config { storage: StorageType::Memory, ..wanted() };
    assert_eq!(between(&memory, &wanted()).fixed, Some("storage"));
    let queue = Config { retention: RetentionPolicy::WorkQueue, ..wanted() };
    assert_eq!(between(&queue, &wanted()).fixed, Some("retention"));
}

#[test]
fn sizes_are_written_as_in_the_configuration() {
    for (octets_, text) in
        [(-1, "unlimited"), (5, "5B"), (1536, "1536B"), (3 << 10, "3KiB"), (1 << 30, "1GiB")]
    {
        assert_eq!(octets(octets_), text);
    }
    for (seconds, text) in [(0, "unlimited"), (90, "90s"), (DAY, "1d"), (400 * DAY, "400d")] {
        assert_eq!(in_seconds(seconds), text);
    }
}
