use std::{fs, io::Write, os::unix::fs::PermissionsExt, path::Path};

use bytes::Bytes;
use mailbox_event::{RelayId, UnixMillis};
use proptest::prelude::*;
use relay::spool::{Form, Limits, OpenError, Record, Recovery, Refused, Spool, Window};

const LIMITS: Limits = Limits { octets: 1 << 20, segment: 1024 };

fn open(folder: &Path) -> (Spool, Recovery) {
    Spool::open(folder, LIMITS, RelayId(7)).unwrap()
}

fn append(spool: &Spool, payload: Vec<u8>) -> u64 {
    spool.append(UnixMillis(1), Form::Dlist, payload.into(), None).unwrap().sequence
}

fn last_segment(folder: &Path) -> std::path::PathBuf {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|e| e == "segment")).max().unwrap()
}

/// Everything from the position on, read by small windows.
fn read_all(spool: &Spool) -> Vec<Record> {
    let window = Window { records: 3, octets: 700 };
    let (mut from, mut all) = (spool.position(), Vec::new());
    loop {
        let records = spool.read(from, window).unwrap();
        let Some(last) = records.last() else { return all };
        from = last.sequence + 1;
        all.extend(records);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<u8>),
    /// Publishes this many.
    Publish(usize),
    /// A quiet minute.
    Rest,
    Reopen,
    Kill,
    /// Dies in the middle of a write.
    Tear(Vec<u8>),
}

fn any_step() -> impl Strategy<Value = Step> {
    let octets = |most| prop::collection::vec(any::<u8>(), 0..most);
    prop_oneof![
        8 => octets(600).prop_map(Step::Append),
        3 => (1..6_usize).prop_map(Step::Publish),
        1 => Just(Step::Rest),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
        1 => octets(40).prop_map(Step::Tear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_answered_record_is_lost_or_moved(steps in prop::collection::vec(any_step(), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = open(folder.path()).0;
        let mut waiting: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut highest = 0;
        for step in steps {
            match step {
                Step::Append(payload) => {
                    let sequence = append(&spool, payload.clone());
                    prop_assert!(sequence > highest, "numbers rise over restarts");
                    highest = sequence;
                    waiting.push((sequence, payload));
                }
                Step::Publish(count) => {
                    let published: Vec<_> = waiting.drain(..count.min(waiting.len())).collect();
                    if let Some((last, _)) = published.last() {
                        spool.advance(last + 1, published.len() as u64, None).unwrap();
                    }
                }
                Step::Rest => spool.tidy(UnixMillis(u64::MAX)).unwrap(),
                Step::Reopen => {
                    spool.close().unwrap();
                    drop(spool);
                    let (opened, recovery) = open(folder.path());
                    prop_assert_eq!(recovery.damaged, 0);
                    spool = opened;
                }
                Step::Kill => {
                    drop(spool);
                    let (opened, recovery) = open(folder.path());
                    prop_assert_eq!(recovery.damaged, 0);
                    spool = opened;
                }
                Step::Tear(octets) => {
                    drop(spool);
                    if !waiting.is_empty() {
                        let path = last_segment(folder.path());
                        fs::OpenOptions::new().append(true).open(path).unwrap().write_all(&octets).unwrap();
                    }
                    let (opened, recovery) = open(folder.path());
                    prop_assert_eq!(recovery.damaged, 0);
                    spool = opened;
                }
            }
            let found = read_all(&spool).into_iter().map(|r| (r.sequence, r.payload.to_vec())).collect::<Vec<_>>();
            prop_assert_eq!(&found, &waiting);
            prop_assert_eq!(spool.depth().records, waiting.len() as u64);
        }
    }
}

#[test]
fn a_record_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    let message = Some(Bytes::from_static(b"Subject: x"));
    drop(
        spool
            .append(UnixMillis(42), Form::Datagram, Bytes::from_static(b"payload"), message.clone())
            .unwrap(),
    );
    drop(spool);
    let expected = Record {
        sequence: 1,
        taken_at: UnixMillis(42),
        form: Form::Datagram,
        payload: Bytes::from_static(b"payload"),
        message,
    };
    assert_eq!(read_all(&open(folder.path()).0), [expected]);
}

#[test]
fn a_torn_tail_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    append(&spool, vec![1; 100]);
    append(&spool, vec![2; 100]);
    drop(spool);
    let file = fs::OpenOptions::new().write(true).open(last_segment(folder.path())).unwrap();
    file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    let (spool, recovery) = open(folder.path());
    assert!(recovery.torn && !recovery.clean);
    assert_eq!((recovery.pending, recovery.damaged), (1, 0));
    assert_eq!(read_all(&spool).len(), 1);
}

#[test]
fn a_damaged_record_costs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    for number in 0..30 {
        append(&spool, vec![number; 100]);
    }
    drop(spool);
    let first = folder.path().join(format!("{:020}.segment", 1));
    let mut octets = fs::read(&first).unwrap();
    octets[60] ^= 1;
    fs::write(&first, octets).unwrap();
    let (spool, recovery) = open(folder.path());
    assert_eq!((recovery.pending, recovery.damaged), (29, 1));
    assert_eq!(read_all(&spool).iter().map(|r| r.sequence).collect::<Vec<_>>(), (2..=30).collect::<Vec<_>>());
}

#[test]
fn a_segment_that_is_garbage_costs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    for number in 0..30 {
        append(&spool, vec![number; 100]);
    }
    drop(spool);
    fs::write(folder.path().join(format!("{:020}.segment", 1)), vec![0; 2000]).unwrap();
    let (spool, recovery) = open(folder.path());
    let found = read_all(&spool);
    assert_eq!(recovery.damaged, 1);
    assert_eq!(recovery.pending, found.len() as u64);
    assert_eq!(found.last().unwrap().sequence, 30);
    assert!(found.len() >= 20);
}

#[test]
fn a_number_is_never_given_twice_after_an_unclean_stop() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    let published = append(&spool, vec![1; 100]);
    spool.advance(published + 1, 1, None).unwrap();
    drop(spool);
    // A power cut: neither the record nor the position reached the disk.
    fs::remove_file(last_segment(folder.path())).unwrap();
    fs::write(folder.path().join("position"), [0; 29]).unwrap();
    fs::write(folder.path().join(format!("{:020}.segment", 1)), b"RELAYSP1").unwrap();
    let (spool, _) = open(folder.path());
    assert!(append(&spool, vec![2; 100]) > published);
}

#[test]
fn a_number_in_the_name_of_a_segment_is_never_given_again() {
    let folder = tempfile::tempdir().unwrap();
    // A power cut took the octets of the segment and of the position, and left the names.
    let far_above_any_leap = 1 << 40;
    fs::write(folder.path().join(format!("{far_above_any_leap:020}.segment")), b"").unwrap();
    fs::write(folder.path().join("position"), [0; 29]).unwrap();
    let (spool, _) = open(folder.path());
    assert!(append(&spool, vec![2; 100]) > far_above_any_leap);
}

#[test]
fn a_sync_takes_the_position_along() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    let last = (0..3).map(|number| append(&spool, vec![number; 10])).last().unwrap();
    spool.sync().unwrap();
    let position = fs::read(folder.path().join("position")).unwrap();
    assert_eq!(position[16..24], (last + 1).to_le_bytes());
}

#[test]
fn what_a_sync_did_not_reach_is_left_for_the_next() {
    let parent = tempfile::tempdir().unwrap();
    let (folder, aside) = (parent.path().join("spool"), parent.path().join("aside"));
    let (spool, _) = open(&folder);
    append(&spool, vec![1; 100]);
    fs::rename(&folder, &aside).unwrap();
    for _ in 0..2 {
        assert!(spool.sync().is_err());
        assert!(spool.needs_sync());
    }
    fs::rename(&aside, &folder).unwrap();
    spool.sync().unwrap();
    assert!(!spool.needs_sync());
}

#[test]
fn damage_below_the_position_is_no_loss() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    for number in 0..4 {
        append(&spool, vec![number; 100]);
    }
    spool.advance(3, 2, None).unwrap();
    drop(spool);
    let path = last_segment(folder.path());
    let mut octets = fs::read(&path).unwrap();
    octets[60] ^= 1;
    fs::write(&path, octets).unwrap();
    let (spool, recovery) = open(folder.path());
    assert_eq!((recovery.pending, recovery.damaged), (2, 0));
    assert_eq!(read_all(&spool).len(), 2);
}

fn segments(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|e| e == "segment")).count()
}

/// Nothing is removed where the caller must not be kept waiting.
#[test]
fn files_go_when_the_spool_is_cleared_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    let last = (0..30).map(|number| append(&spool, vec![number; 100])).last().unwrap();
    let before = segments(folder.path());
    spool.advance(last + 1, 30, None).unwrap();
    assert_eq!(segments(folder.path()), before);
    assert!(spool.needs_clear());
    spool.clear().unwrap();
    assert_eq!(segments(folder.path()), 1);
    assert!(!spool.needs_clear());
}

#[test]
fn a_published_segment_goes_when_it_is_a_minute_old() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    let first = append(&spool, vec![1; 100]);
    spool.tidy(UnixMillis(60_001)).unwrap();
    assert_eq!(segments(folder.path()), 1, "it is not published");
    spool.advance(first + 1, 1, None).unwrap();
    spool.tidy(UnixMillis(60_000)).unwrap();
    assert_eq!(segments(folder.path()), 1, "it is young");
    spool.tidy(UnixMillis(60_001)).unwrap();
    assert_eq!((segments(folder.path()), spool.depth().octets), (0, 0));
    append(&spool, vec![2; 100]);
    assert_eq!(read_all(&spool).len(), 1);
}

#[test]
fn what_is_published_does_not_outlive_an_end_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    let first = append(&spool, vec![1; 100]);
    spool.advance(first + 1, 1, None).unwrap();
    spool.close().unwrap();
    drop(spool);
    assert_eq!(segments(folder.path()), 0);
    let (spool, recovery) = open(folder.path());
    assert!(recovery.clean);
    assert_eq!(append(&spool, vec![2; 100]), first + 1);
}

#[test]
fn a_segment_that_somebody_took_away_is_a_loss_and_costs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    let mut taken_away = Vec::new();
    for number in 0..20 {
        append(&spool, vec![number; 200]);
        taken_away.push(last_segment(folder.path()));
    }
    taken_away.dedup();
    spool.advance(2, 1, None).unwrap();
    spool.close().unwrap();
    drop(spool);
    fs::remove_file(&taken_away[0]).unwrap();
    let (spool, recovery) = open(folder.path());
    assert_eq!((recovery.clean, recovery.damaged), (true, 1));
    let found = read_all(&spool);
    assert_eq!(found.len() as u64, recovery.pending);
    assert_eq!(found.last().unwrap().sequence, 20);
    spool.advance(21, recovery.pending, None).unwrap();
    spool.close().unwrap();
    drop(spool);
    assert_eq!(open(folder.path()).1.damaged, 0);
}

#[test]
fn a_folder_whose_segments_are_all_gone_is_a_loss() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(folder.path());
    append(&spool, vec![1; 100]);
    spool.close().unwrap();
    drop(spool);
    fs::remove_file(last_segment(folder.path())).unwrap();
    let (spool, recovery) = open(folder.path());
    assert_eq!((recovery.clean, recovery.damaged, recovery.pending), (true, 1, 0));
    assert!(read_all(&spool).is_empty());
}

#[test]
fn one_process_has_it_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let (_spool, _) = open(folder.path());
    assert!(matches!(Spool::open(folder.path(), LIMITS, RelayId(8)), Err(OpenError::Taken)));
}

#[test]
fn the_identity_stays() {
    let folder = tempfile::tempdir().unwrap();
    assert!(open(folder.path()).1.drawn);
    let (spool, recovery) = Spool::open(folder.path(), LIMITS, RelayId(8)).unwrap();
    assert_eq!((spool.id(), recovery.drawn), (RelayId(7), false));
}

#[test]
fn nobody_else_can_read_it() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("spool");
    let (spool, _) = open(&folder);
    append(&spool, vec![1; 100]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[test]
fn the_bound_is_kept_and_room_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { octets: 8192, segment: 1024 };
    let (spool, _) = Spool::open(folder.path(), limits, RelayId(7)).unwrap();
    let mut last = 0;
    let why = loop {
        match spool.append(UnixMillis(1), Form::Dlist, vec![0; 300].into(), None) {
            Ok(taken) => last = taken.sequence,
            Err(why) => break why,
        }
    };
    assert!(matches!(why, Refused::Full));
    assert!(spool.depth().octets <= limits.octets);
    spool.advance(last + 1, last, None).unwrap();
    append(&spool, vec![0; 300]);
}
