//! Reading what is no longer in memory, in order, from the segments.

use std::io;

use super::{
    Window,
    record::Record,
    segment::{Segment, Step, Walk},
};

/// Where reading stands, so that the next read goes on there.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    walk: Option<Walk>,
    /// The sequence that `walk` goes on from.
    expected: u64,
}

impl Backlog {
    /// The records from `from` on. An empty answer means that there are none in `segments`. What cannot be read is
    /// passed over: its numbers are missing. An error is that of the first thing read.
    pub fn read(&mut self, from: u64, window: Window, segments: &[Segment]) -> io::Result<Vec<Record>> {
        let was_replaced = |walk: &mut Walk| {
            segments.iter().any(|segment| segment.first == walk.first() && !walk.is_of(&segment.file))
        };
        if self.expected != from || self.walk.as_mut().is_some_and(was_replaced) {
            self.walk = None;
        }
        let mut records: Vec<Record> = Vec::new();
        let mut octets = 0;
        while records.len() < window.records && octets < window.octets {
            let step = match self.step(from, segments) {
                // What was read is behind `walk` and would be read no more: it is given first, the error after it.
                Err(_) if !records.is_empty() => break,
                step => step?,
            };
            let Some(step) = step else { break };
            if let Step::Record(record) = step
                && record.sequence >= from
            {
                octets += record.encoded_len();
                records.push(record);
            }
        }
        self.expected = records.last().map_or(from, |record| record.sequence + 1);
        Ok(records)
    }

    /// Lets go of the segment that is read, if it is one of these.
    pub fn forget(&mut self, firsts: &[u64]) {
        self.walk.take_if(|walk| firsts.contains(&walk.first()));
    }

    /// One step on; `None` at the end of the last segment.
    fn step(&mut self, from: u64, segments: &[Segment]) -> io::Result<Option<Step>> {
        let walk = match &mut self.walk {
            Some(walk) => walk,
            None => match start(from, segments) {
                Some(segment) => self.walk.insert(Walk::new(segment.clone())),
                None => return Ok(None),
            },
        };
        if let Some(segment) = segments.iter().find(|segment| segment.first == walk.first()) {
            walk.extend_to(segment.octets);
        }
        let step = walk.step()?;
        if matches!(step, Step::End | Step::Cut) {
            match segments.iter().find(|segment| segment.first > walk.first()) {
                Some(next) => self.walk = Some(Walk::new(next.clone())),
                None => {
                    self.walk = None;
                    return Ok(None);
                }
            }
        }
        Ok(Some(step))
    }
}

/// The segment that holds `from`, or else the first one beyond.
fn start(from: u64, segments: &[Segment]) -> Option<&Segment> {
    let beyond = segments.partition_point(|segment| segment.first <= from);
    segments.get(beyond.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, path::Path, sync::Arc};

    use bytes::Bytes;
    use mailbox_event::UnixMillis;

    use super::*;
    use crate::spool::{Form, segment};

    const ALL: Window = Window { records: usize::MAX, octets: usize::MAX };

    fn segment_of(folder: &Path, sequences: &[u64]) -> Segment {
        let mut octets = segment::MAGIC.to_vec();
        for &sequence in sequences {
            let payload = Bytes::from_static(b"x");
            let record =
                Record { sequence, taken_at: UnixMillis(1), form: Form::Dlist, payload, message: None };
            octets.extend(record.encode().unwrap());
        }
        std::fs::write(segment::path(folder, sequences[0]), octets).unwrap();
        Segment::open(folder, sequences[0]).unwrap()
    }

    /// Not one octet of it can be read.
    fn unreadable(folder: &Path, segment: &Segment) -> Segment {
        let file = OpenOptions::new().write(true).open(segment::path(folder, segment.first)).unwrap();
        Segment { file: Arc::new(file), ..segment.clone() }
    }

    #[test]
    fn what_was_read_before_a_read_failed_is_given_and_the_rest_when_it_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (segment_of(folder.path(), &[1, 2, 3]), segment_of(folder.path(), &[4, 5]));
        let failing = [first.clone(), unreadable(folder.path(), &second)];
        let mut backlog = Backlog::default();
        let sequences = |records: Vec<Record>| -> Vec<u64> {
            records.into_iter().map(|record| record.sequence).collect()
        };
        let one = Window { records: 1, ..ALL };
        assert_eq!(sequences(backlog.read(1, one, &failing).unwrap()), [1]);
        assert_eq!(sequences(backlog.read(2, ALL, &failing).unwrap()), [2, 3]);
        assert!(backlog.read(4, ALL, &failing).is_err());
        assert!(backlog.read(4, ALL, &failing).is_err());
        assert_eq!(sequences(backlog.read(4, ALL, &[first, second]).unwrap()), [4, 5]);
    }
}
