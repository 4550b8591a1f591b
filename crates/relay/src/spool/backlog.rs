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

/// What a read gave.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub records: Vec<Record>,
    /// Places where records could not be read.
    pub damaged: u64,
}

impl Backlog {
    /// The records from `from` on. An empty answer means that there are none in `segments`.
    pub fn read(&mut self, from: u64, window: Window, segments: &[Segment]) -> io::Result<Batch> {
        if self.expected != from {
            self.walk = None;
        }
        let mut batch = Batch::default();
        let mut octets = 0;
        while batch.records.len() < window.records && octets < window.octets {
            let Some(step) = self.step(from, segments)? else { break };
            match step {
                Step::Record(record) if record.sequence >= from => {
                    octets += record.encoded_len();
                    batch.records.push(record);
                }
                Step::Damaged | Step::Cut => batch.damaged += 1,
                Step::Record(_) | Step::End => {}
            }
        }
        self.expected = batch.records.last().map_or(from, |record| record.sequence + 1);
        Ok(batch)
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
