//! The state of the spool behind its lock: segments, numbers and the tail.

use std::{collections::VecDeque, fs::File, io, os::unix::fs::FileExt, path::PathBuf, sync::Arc};

use bytes::Bytes;
use mailbox_event::UnixMillis;

use super::{
    Depth, Form, Limits, Refused,
    position::Position,
    record::Record,
    recovery::Found,
    segment::{START, Segment},
    tail::Tail,
};

#[derive(Debug)]
pub(super) struct Log {
    folder: PathBuf,
    limits: Limits,
    segments: VecDeque<Segment>,
    /// Whether the last segment is of this run. One of an earlier run is never appended to: its end is in doubt.
    appending: bool,
    /// A write failed and could not be cut off yet.
    ragged: bool,
    octets: u64,
    next: u64,
    publish: u64,
    pending: u64,
    oldest: Option<UnixMillis>,
    tail: Tail,
    unsynced: Unsynced,
}

/// What the next fdatasync has to reach.
#[derive(Debug, Default)]
pub(super) struct Unsynced {
    /// Segments written to; two when one was finished in between.
    pub files: Vec<Arc<File>>,
    /// Whether a segment was made.
    pub folder: bool,
}

impl Log {
    pub fn new(folder: PathBuf, limits: Limits, found: Found) -> Self {
        Self {
            folder,
            limits,
            segments: found.segments,
            appending: false,
            ragged: false,
            octets: found.octets,
            next: found.next,
            publish: found.publish,
            pending: found.recovery.pending,
            oldest: None,
            tail: Tail::new(found.next),
            unsynced: Unsynced::default(),
        }
    }

    /// Writes a record and gives it its sequence.
    pub fn append(
        &mut self,
        taken_at: UnixMillis,
        form: Form,
        payload: Bytes,
        message: Option<Bytes>,
    ) -> Result<u64, Refused> {
        let record = Record { sequence: self.next, taken_at, form, payload, message };
        let octets = record.encode().ok_or(Refused::TooLarge)?;
        let len = octets.len() as u64;
        if self.octets + len + START > self.limits.octets {
            return Err(Refused::Full);
        }
        self.write(&octets).map_err(Refused::Write)?;
        self.octets += len;
        self.next += 1;
        self.pending += 1;
        self.oldest.get_or_insert(taken_at);
        self.tail.push(record);
        Ok(self.next - 1)
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        let len = octets.len() as u64;
        let (limit, first) = (self.limits.segment, self.next);
        let has_room = |segment: &Segment| segment.octets == START || segment.octets + len <= limit;
        if !self.appending || !self.segments.back().is_some_and(has_room) {
            self.segments.push_back(Segment::create(&self.folder, first)?);
            self.octets += START;
            self.appending = true;
            self.ragged = false;
            self.unsynced.folder = true;
        }
        let segment = self.segments.back_mut().expect("a segment was made above where there was none");
        // What a failed write left must go first, or a shorter record would be followed by its remains.
        if self.ragged {
            segment.file.set_len(segment.octets)?;
            self.ragged = false;
        }
        if let Err(error) = segment.file.write_all_at(octets, segment.octets) {
            self.ragged = segment.file.set_len(segment.octets).is_err();
            return Err(error);
        }
        segment.octets += len;
        if !self.unsynced.files.iter().any(|file| Arc::ptr_eq(file, &segment.file)) {
            self.unsynced.files.push(Arc::clone(&segment.file));
        }
        Ok(())
    }

    /// Notes that everything below `position` is published, `published` records more; gives the segments that have
    /// nothing else.
    pub fn advance(&mut self, position: u64, published: u64) -> Vec<u64> {
        self.publish = self.publish.max(position.min(self.next));
        self.pending = if self.publish == self.next { 0 } else { self.pending.saturating_sub(published) };
        self.tail.forget_below(self.publish);
        if self.pending == 0 {
            self.oldest = None;
        }
        let mut done = Vec::new();
        while self.segments.get(1).is_some_and(|second| second.first <= self.publish) {
            done.extend(self.segments.pop_front().map(|segment| {
                self.octets -= segment.octets;
                segment.first
            }));
        }
        // Segments of an earlier run are not appended to: the last of them goes as soon as it is published.
        if !self.appending && self.publish == self.next {
            done.extend(self.segments.drain(..).map(|segment| segment.first));
            self.octets = 0;
        }
        done
    }

    /// The age of the spool is that of its first record that is not published.
    pub fn note_oldest(&mut self, taken_at: UnixMillis) {
        self.oldest = Some(taken_at);
    }

    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    pub fn segments(&self) -> Vec<Segment> {
        self.segments.iter().cloned().collect()
    }

    pub fn needs_sync(&self) -> bool {
        self.unsynced.folder || !self.unsynced.files.is_empty()
    }

    pub fn take_unsynced(&mut self) -> Unsynced {
        std::mem::take(&mut self.unsynced)
    }

    pub fn position(&self, clean: bool) -> Position {
        Position { publish: self.publish, append: self.next, clean }
    }

    pub fn depth(&self) -> Depth {
        Depth { records: self.pending, octets: self.octets, limit: self.limits.octets, oldest: self.oldest }
    }
}
