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
    /// passed over: its numbers are missing.
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
            let Some(step) = self.step(from, segments)? else { break };
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
