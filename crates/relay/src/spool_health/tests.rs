use kit::readiness::Readiness;

use super::*;

const EMPTY: Depth = Depth { records: 0, octets: 0, limit: 100, oldest: None };

fn opened() -> (Readiness, SpoolHealth) {
    let readiness = Readiness::new();
    let health = SpoolHealth::new(readiness.gate("relay"), 0.5);
    health.open();
    assert!(readiness.is_ready());
    (readiness, health)
}

fn error() -> io::Error {
    io::Error::other("of the test")
}

fn cannot_be_written() -> Refused {
    Refused::Write(error())
}

#[test]
fn the_disk_is_probed_without_keeping_the_answer_path_waiting() {
    let (readiness, health) = opened();
    health.refused(&cannot_be_written());
    health.check_by(EMPTY, || {
        assert!(health.told.try_lock().is_ok());
        Ok(())
    });
    assert!(readiness.is_ready());
}

#[test]
fn a_write_that_failed_during_the_probe_counts_for_more_than_the_probe() {
    let (readiness, health) = opened();
    health.refused(&cannot_be_written());
    health.check_by(EMPTY, || {
        health.taken();
        health.refused(&cannot_be_written());
        Ok(())
    });
    assert_eq!(readiness.down()[0].reason, "spool cannot be written");
}

#[test]
fn a_failed_sync_is_forgotten_at_the_next_good_one_and_not_at_a_write() {
    let (readiness, health) = opened();
    health.unsynced(&error());
    health.refused(&cannot_be_written());
    health.taken();
    health.check_by(EMPTY, || Ok(()));
    assert_eq!(readiness.down()[0].reason, "spool does not reach the disk");
    health.synced();
    assert!(readiness.is_ready());
}

#[test]
fn a_good_sync_does_not_hide_that_nothing_can_be_written() {
    let (readiness, health) = opened();
    health.unsynced(&error());
    health.refused(&cannot_be_written());
    health.synced();
    assert_eq!(readiness.down()[0].reason, "spool cannot be written");
    health.taken();
    assert!(readiness.is_ready());
}
