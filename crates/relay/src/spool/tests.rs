//! A disk that fails to take what is synced. What Linux does then is done here by hand: the next sync of the same file
//! succeeds, and its octets are gone.

use std::{
    collections::HashMap,
    os::unix::fs::{FileExt, MetadataExt},
};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const LIMITS: Limits = Limits { octets: 64 << 20, segment: 1024 };
const ALL: Window = Window { records: usize::MAX, octets: usize::MAX };

fn open(folder: &Path) -> Spool {
    Spool::open(folder, LIMITS, RelayId(7)).unwrap().0
}

fn new() -> (TempDir, Spool) {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path());
    (folder, spool)
}

fn append(spool: &Spool, payload: Vec<u8>) -> u64 {
    spool.append(UnixMillis(1), Form::Dlist, payload.into(), None).unwrap().sequence
}

fn fails(_: &File) -> io::Result<()> {
    Err(io::Error::other("of the test"))
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let firsts = segment::list(folder).unwrap();
    firsts.into_iter().map(|first| segment::path(folder, first)).collect()
}

/// The disk has none of it.
fn lose(path: &Path) {
    lose_from(path, 0);
}

fn lose_from(path: &Path, offset: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    let rest = file.metadata().unwrap().len().saturating_sub(offset);
    file.write_all_at(&vec![0; rest as usize], offset).unwrap();
}

fn read_all(spool: &Spool) -> Vec<u64> {
    let (mut from, mut all) = (spool.position(), Vec::new());
    loop {
        let records = spool.read(from, ALL).unwrap();
        let Some(last) = records.last() else { return all };
        from = last.sequence + 1;
        all.extend(records.iter().map(|record| record.sequence));
    }
}

#[test]
fn a_file_whose_sync_failed_is_not_synced_again_but_replaced() {
    let (folder, spool) = new();
    append(&spool, vec![1; 10]);
    let failed = fs::metadata(&segments(folder.path())[0]).unwrap().ino();
    assert!(spool.sync_by(&fails).is_err());
    assert!(spool.needs_sync());
    append(&spool, vec![2; 10]);
    assert_eq!(segments(folder.path()).len(), 2, "it is appended to another one");
    let synced = Mutex::new(Vec::new());
    let note = |file: &File| {
        synced.lock().unwrap().push(file.metadata()?.ino());
        Ok(())
    };
    spool.sync_by(&note).unwrap();
    assert!(!spool.needs_sync());
    let synced = synced.into_inner().unwrap();
    assert!(!synced.contains(&failed));
    for segment in segments(folder.path()) {
        assert!(synced.contains(&fs::metadata(segment).unwrap().ino()));
    }
}

#[test]
fn what_the_disk_lost_is_written_again_from_memory() {
    let (folder, spool) = new();
    let first = append(&spool, vec![1; 10]);
    append(&spool, vec![2; 10]);
    assert!(spool.sync_by(&fails).is_err());
    lose(&segments(folder.path())[0]);
    append(&spool, vec![3; 10]);
    spool.sync().unwrap();
    drop(spool);
    assert_eq!(read_all(&open(folder.path())), [first, first + 1, first + 2]);
}

#[test]
fn while_the_disk_fails_nothing_but_the_first_segment_is_written_again_and_again() {
    let (folder, spool) = new();
    append(&spool, vec![1; 10]);
    for _ in 0..5 {
        assert!(spool.sync_by(&fails).is_err());
        append(&spool, vec![2; 10]);
    }
    assert_eq!(segments(folder.path()).len(), 2);
    assert!(!folder.path().join(doubt::ASIDE).exists());
    spool.sync().unwrap();
    assert_eq!(read_all(&spool).len(), 6);
}

#[test]
fn what_is_neither_on_the_disk_nor_in_memory_is_told_and_costs_no_other() {
    let (folder, spool) = new();
    // More than memory keeps: each of them has a segment of its own.
    let sequences: Vec<_> = (0..4).map(|_| append(&spool, vec![1; 4 << 20])).collect();
    assert!(spool.sync_by(&fails).is_err());
    lose(&segments(folder.path())[0]);
    spool.sync().unwrap();
    assert_eq!(spool.take_damaged(), 0, "it is counted where it is met");
    assert_eq!(read_all(&spool), sequences[1..]);
    assert_eq!(spool.take_damaged(), 1);
    drop(spool);
    assert_eq!(read_all(&open(folder.path())), sequences[1..]);
}

#[test]
fn what_a_reader_misses_of_this_run_is_told_once() {
    let (folder, spool) = new();
    let sequences: Vec<_> = (0..4).map(|_| append(&spool, vec![1; 4 << 20])).collect();
    lose(&segments(folder.path())[1]);
    assert_eq!(read_all(&spool), [sequences[0], sequences[2], sequences[3]]);
    assert_eq!((spool.take_damaged(), spool.take_damaged()), (1, 0));
}

#[test]
fn a_loss_that_was_not_told_makes_the_end_unclean() {
    let (folder, spool) = new();
    for _ in 0..4 {
        append(&spool, vec![1; 4 << 20]);
    }
    assert!(spool.sync_by(&fails).is_err());
    lose(&segments(folder.path())[0]);
    spool.close().unwrap();
    drop(spool);
    assert!(!Spool::open(folder.path(), LIMITS, RelayId(7)).unwrap().1.clean);
}

#[test]
fn damage_that_one_start_has_counted_is_not_counted_by_the_next() {
    let (folder, spool) = new();
    for _ in 0..2 {
        append(&spool, vec![1; 1024]);
    }
    let sequences = read_all(&spool);
    drop(spool);
    lose(&segments(folder.path())[0]);
    for damaged in [1, 0] {
        let (spool, recovery) = Spool::open(folder.path(), LIMITS, RelayId(7)).unwrap();
        assert_eq!(recovery.damaged, damaged);
        assert_eq!(read_all(&spool), sequences[1..]);
        spool.close().unwrap();
    }
}

#[test]
fn a_damaged_record_at_the_head_of_a_rewritten_segment_is_counted_by_the_next_start() {
    let (folder, spool) = new();
    let first = append(&spool, vec![1; 10]);
    append(&spool, vec![2; 10]);
    append(&spool, vec![3; 10]);
    assert!(spool.sync_by(&fails).is_err());
    spool.advance(first + 1, 1, None).unwrap();
    // The first record is published, so it is left out.
    spool.sync().unwrap();
    drop(spool);
    let file = fs::OpenOptions::new().write(true).open(&segments(folder.path())[0]).unwrap();
    file.write_all_at(&[0xFF], segment::START + record::HEAD as u64).unwrap();
    let (spool, recovery) = Spool::open(folder.path(), LIMITS, RelayId(7)).unwrap();
    assert_eq!((recovery.damaged, recovery.pending), (1, 1));
    assert_eq!(read_all(&spool), [first + 2]);
}

#[test]
fn what_is_published_is_not_written_again() {
    let (folder, spool) = new();
    let sequence = append(&spool, vec![1; 10]);
    assert!(spool.sync_by(&fails).is_err());
    spool.advance(sequence + 1, 1, None).unwrap();
    spool.sync().unwrap();
    spool.tidy(UnixMillis(1)).unwrap();
    assert_eq!(segments(folder.path()), [] as [PathBuf; 0]);
    assert_eq!(spool.depth().octets, 0);
}

#[test]
fn a_segment_that_is_published_while_it_is_written_again_goes_all_the_same() {
    let (folder, spool) = new();
    let sequence = append(&spool, vec![1; 10]);
    assert!(spool.sync_by(&fails).is_err());
    let publish_meanwhile = |_: &File| {
        spool.advance(sequence + 1, 1, None)?;
        spool.clear()
    };
    spool.sync_by(&publish_meanwhile).unwrap();
    spool.clear().unwrap();
    assert_eq!(segments(folder.path()), [] as [PathBuf; 0]);
}

#[test]
fn an_end_brings_to_the_disk_what_failed_before() {
    let (folder, spool) = new();
    let sequence = append(&spool, vec![1; 10]);
    assert!(spool.sync_by(&fails).is_err());
    lose(&segments(folder.path())[0]);
    spool.close().unwrap();
    drop(spool);
    assert_eq!(read_all(&open(folder.path())), [sequence]);
}

#[test]
fn a_start_removes_what_was_half_written_again() {
    let (folder, spool) = new();
    drop(spool);
    fs::write(folder.path().join(doubt::ASIDE), "somebody's mail").unwrap();
    open(folder.path());
    assert!(!folder.path().join(doubt::ASIDE).exists());
}

/// What the disk has of each file, as Linux has it: what one sync could not bring there never comes there any more,
/// although the next sync of the file is well.
#[derive(Default)]
struct Disk(Mutex<HashMap<u64, OnDisk>>);

struct OnDisk {
    /// Open, so that no other file gets its number.
    _file: File,
    octets: u64,
    is_lost: bool,
}

impl Disk {
    fn sync(&self, file: &File, is_well: bool) -> io::Result<()> {
        let (metadata, mut files) = (file.metadata()?, unpoisoned(&self.0));
        let opened = OnDisk { _file: file.try_clone()?, octets: 0, is_lost: false };
        let on_disk = files.entry(metadata.ino()).or_insert(opened);
        on_disk.is_lost |= !is_well;
        if !on_disk.is_lost {
            on_disk.octets = metadata.len();
        }
        if is_well { Ok(()) } else { fails(file) }
    }

    /// Takes from the files what the disk does not have because of an error.
    fn cut_power(&self, folder: &Path) {
        for path in segments(folder) {
            let found = fs::metadata(&path).unwrap();
            if let Some(on_disk) = unpoisoned(&self.0).get(&found.ino()).filter(|on_disk| on_disk.is_lost) {
                lose_from(&path, on_disk.octets);
            }
        }
        unpoisoned(&self.0).clear();
    }
}

#[test]
fn no_number_of_a_day_without_a_sync_is_given_again_after_a_power_cut() {
    let (folder, spool) = new();
    let on_disk = append(&spool, vec![1; 10]);
    drop(spool);
    let ten_thousand_a_second = 10_000 * 24 * 60 * 60;
    assert!(append(&open(folder.path()), vec![2; 10]) > on_disk + ten_thousand_a_second);
}

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Publish(usize),
    Sync,
    /// The sync of this file in turn fails.
    FailingSync(usize),
    PowerCut,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..400_usize).prop_map(Step::Append),
        3 => (1..6_usize).prop_map(Step::Publish),
        3 => Just(Step::Sync),
        3 => (0..3_usize).prop_map(Step::FailingSync),
        1 => Just(Step::PowerCut),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_was_synced_survives_a_power_cut_whatever_failed_before(
        steps in prop::collection::vec(any_step(), 1..60),
    ) {
        let (folder, disk) = (tempfile::tempdir().unwrap(), Disk::default());
        let mut spool = open(folder.path());
        let (mut waiting, mut synced) = (Vec::new(), 0);
        for step in steps {
            match step {
                Step::Append(octets) => waiting.push(append(&spool, vec![1; octets])),
                Step::Publish(count) => {
                    let published: Vec<_> = waiting.drain(..count.min(waiting.len())).collect();
                    if let Some(last) = published.last() {
                        spool.advance(last + 1, published.len() as u64, None).unwrap();
                    }
                }
                Step::Sync => {
                    spool.sync_by(&|file: &File| disk.sync(file, true)).unwrap();
                    synced = spool.next();
                }
                Step::FailingSync(place) => {
                    let turns = Mutex::new(0..);
                    let sync = |file: &File| disk.sync(file, unpoisoned(&turns).next() != Some(place));
                    if spool.sync_by(&sync).is_ok() {
                        synced = spool.next();
                    }
                }
                Step::PowerCut => {
                    drop(spool);
                    disk.cut_power(folder.path());
                    spool = open(folder.path());
                    let found = read_all(&spool);
                    let is_safe = |sequence: &&u64| **sequence < synced;
                    prop_assert!(waiting.iter().filter(is_safe).all(|sequence| found.contains(sequence)));
                    waiting = found;
                }
            }
            prop_assert_eq!(&read_all(&spool), &waiting);
        }
    }
}
