//! What a start finds in the folder.

use std::{collections::VecDeque, fs, io, path::Path};

use super::{
    doubt,
    position::Position,
    segment::{self, Segment, Step, Walk},
};

/// Added to the sequence after an unclean stop. A power cut may take records that were published already, and their
/// numbers must not be given again: an event of the same id would be taken for a repetition. No more than this many
/// can be written between two fdatasyncs, nor by 49,000 in a second while a disk fails to take any for a day.
const LEAP: u64 = 1 << 32;

/// What was found; for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Records that wait to be published.
    pub pending: u64,
    /// Places in the middle where records that were not published could not be read.
    pub damaged: u64,
    /// Whether the last segment ended within a record, which nobody was answered for.
    pub torn: bool,
    /// Whether the last stop was in order, or there was none.
    pub clean: bool,
    /// Whether the spool was given its identity just then.
    pub drawn: bool,
}

pub(super) struct Found {
    pub segments: VecDeque<Segment>,
    pub octets: u64,
    /// The next sequence to give.
    pub next: u64,
    /// The first that is not published.
    pub publish: u64,
    pub recovery: Recovery,
}

/// Looks through the segments, cuts a torn tail and drops what is published.
pub(super) fn recover(folder: &Path, position: Option<Position>) -> io::Result<Found> {
    match fs::remove_file(folder.join(doubt::ASIDE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let firsts = segment::list(folder)?;
    let fresh = position.is_none() && firsts.is_empty();
    // A segment bears the number of its first record. Its octets may be gone where its name is not.
    let last = firsts.last().copied().unwrap_or(0);
    let publish = position.map_or(0, |position| position.publish);
    let mut scan = Scan { publish, last, ..Scan::default() };
    // After an end in order the first file holds the position, or begins there, unless somebody took it away.
    let closed = position.filter(|position| position.clean);
    let beyond = closed.map_or(0, |position| firsts.first().copied().unwrap_or(position.append));
    scan.recovery.damaged += u64::from(beyond > publish);
    for (at, &first) in firsts.iter().enumerate() {
        if firsts.get(at + 1).is_some_and(|&next| next <= scan.publish) {
            fs::remove_file(segment::path(folder, first))?;
        } else {
            scan.segment(folder, first, at + 1 == firsts.len())?;
        }
    }
    let clean = fresh || position.is_some_and(|position| position.clean);
    let given = position.map_or(1, |position| position.publish.max(position.append)).max(scan.last + 1);
    let next = if clean { given } else { given + LEAP };
    // What is missing before the first segment is counted above, and was never published: the next start does not look
    // for it again.
    let first = scan.segments.front().map_or(0, |segment| segment.first);
    let publish = if scan.recovery.pending == 0 { next } else { scan.publish.max(first) };
    Ok(Found {
        octets: scan.segments.iter().map(|segment| segment.octets).sum(),
        segments: scan.segments,
        next,
        publish,
        recovery: Recovery { clean, ..scan.recovery },
    })
}

#[derive(Default)]
struct Scan {
    publish: u64,
    last: u64,
    segments: VecDeque<Segment>,
    recovery: Recovery,
}

impl Scan {
    fn segment(&mut self, folder: &Path, first: u64, is_last: bool) -> io::Result<()> {
        let mut segment = Segment::open(folder, first)?;
        let mut walk = Walk::new(segment.clone());
        // Damaged since the last sound one, and the number after them. A segment that was written again may lack its first
        // records, so the sound one that follows knows better than the name of the file.
        let (mut records, mut broken, mut next) = (0_u64, 0, first);
        loop {
            match walk.step()? {
                Step::Record(record) => {
                    records += 1;
                    self.count(broken, record.sequence);
                    broken = 0;
                    self.last = self.last.max(record.sequence);
                    self.recovery.pending += u64::from(record.sequence >= self.publish);
                }
                // A tail that a power cut tore may have its full length and the wrong octets.
                Step::Damaged(sequence) => (broken, next) = (broken + 1, sequence.saturating_add(1)),
                Step::Cut if is_last => {
                    self.recovery.torn = true;
                    segment.octets = walk.offset().min(segment.octets);
                    segment.file.set_len(segment.octets)?;
                    break;
                }
                Step::Cut => {
                    self.recovery.damaged += 1;
                    break;
                }
                Step::End => break,
            }
        }
        self.count(broken, next);
        if records > 0 {
            self.segments.push_back(segment);
            return Ok(());
        }
        fs::remove_file(segment::path(folder, first))
    }

    /// Counts `broken` records that stand before the number `next`, so far as they were not published.
    fn count(&mut self, broken: u64, next: u64) {
        self.recovery.damaged += broken.min(next.saturating_sub(self.publish));
    }
}
