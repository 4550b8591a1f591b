//! The state of the spool behind its lock: segments, numbers and the tail.

use std::{
    collections::VecDeque, fs::File, io, os::unix::fs::FileExt, path::PathBuf, sync::Arc, time::Duration,
};

use bytes::Bytes;
use mailbox_event::UnixMillis;

use super::{
    Depth, Form, Limits, Refused,
    doubt::{Doubtful, Rewritten},
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
    /// When the last segment was begun.
    begun: UnixMillis,
    /// A write failed and could not be cut off yet.
    ragged: bool,
    octets: u64,
    next: u64,
    publish: u64,
    pending: u64,
    oldest: Option<UnixMillis>,
    tail: Tail,
    unsynced: Unsynced,
    /// Segments whose sync failed, by their first sequences.
    doubtful: Vec<u64>,
    /// The first sequence of this run.
    began: u64,
    /// Places of this run where records are missing that nobody was told of yet.
    damaged: u64,
    /// Below this a segment was written again without some of its records. Reading meets the hole and counts it.
    holed: u64,
    /// Whether the end counts as unclean, however it comes.
    unclean: bool,
    /// Segments that are published, by their first sequences. Their files are there still.
    finished: Vec<u64>,
    /// The end was in order: nothing is appended any more.
    closed: bool,
}

/// A segment that is older goes when all of it is published; the hot path makes a file no more often than this.
const LINGER: Duration = Duration::from_secs(60);

/// What the next fdatasync has to reach.
#[derive(Debug, Default)]
pub(super) struct Unsynced {
    /// Segments written to; two when one was finished in between.
    pub files: Vec<Arc<File>>,
    /// Whether a segment was made.
    pub folder: bool,
    /// Whether the position could not be stored. It is stored at every sync; this asks for one.
    pub position: bool,
}

impl Log {
    pub fn new(folder: PathBuf, limits: Limits, found: Found) -> Self {
        Self {
            folder,
            limits,
            segments: found.segments,
            appending: false,
            begun: UnixMillis(0),
            ragged: false,
            octets: found.octets,
            next: found.next,
            publish: found.publish,
            pending: found.recovery.pending,
            oldest: None,
            tail: Tail::new(found.next),
            unsynced: Unsynced::default(),
            doubtful: Vec::new(),
            began: found.next,
            damaged: 0,
            holed: 0,
            unclean: false,
            finished: Vec::new(),
            closed: false,
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
        self.write(&octets, taken_at).map_err(Refused::Write)?;
        self.octets += len;
        self.next += 1;
        self.pending += 1;
        self.oldest.get_or_insert(taken_at);
        self.tail.push(record);
        Ok(self.next - 1)
    }

    fn write(&mut self, octets: &[u8], now: UnixMillis) -> io::Result<()> {
        let len = octets.len() as u64;
        let (limit, first) = (self.limits.segment, self.next);
        let has_room = |segment: &Segment| segment.octets == START || segment.octets + len <= limit;
        if !self.appending || !self.segments.back().is_some_and(has_room) {
            self.segments.push_back(Segment::create(&self.folder, first)?);
            self.octets += START;
            self.appending = true;
            self.begun = now;
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

    /// Notes that everything below `position` is published, `published` records more; `oldest` is when the next one was
    /// taken, where that is known. Segments that have nothing else are finished.
    pub fn advance(&mut self, position: u64, published: u64, oldest: Option<UnixMillis>) {
        self.publish = self.publish.max(position.min(self.next));
        self.pending = if self.publish == self.next { 0 } else { self.pending.saturating_sub(published) };
        self.tail.forget_below(self.publish);
        let oldest = oldest.or_else(|| self.tail.oldest());
        self.oldest = oldest.filter(|_| self.pending > 0);
        while self.segments.get(1).is_some_and(|second| second.first <= self.publish) {
            self.finished.extend(self.segments.pop_front().map(|segment| {
                self.octets -= segment.octets;
                segment.first
            }));
        }
        // Segments of an earlier run are not appended to: the last of them goes as soon as it is published.
        if !self.appending {
            self.let_go();
        }
    }

    /// Finishes the last segment if it is published and no longer young at `now`.
    pub fn let_go_of_old(&mut self, now: UnixMillis) {
        // Whichever way the clock was set in between.
        let age = Duration::from_millis(now.0.abs_diff(self.begun.0));
        if !self.appending || age >= LINGER {
            self.let_go();
        }
    }

    /// Nothing is appended from here on.
    pub fn close(&mut self) {
        self.closed = true;
        self.let_go();
    }

    /// Finishes every segment if all is published. The next record begins another one.
    fn let_go(&mut self) {
        // An empty one bears the number that comes next, and would be cleared away with that record in it.
        let is_empty = self.segments.back().is_some_and(|segment| segment.first == self.next);
        if self.publish == self.next && !is_empty {
            self.finished.extend(self.segments.drain(..).map(|segment| segment.first));
            self.octets = 0;
            self.appending = false;
        }
    }

    pub fn has_finished(&self) -> bool {
        !self.finished.is_empty()
    }

    pub fn take_finished(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.finished)
    }

    /// Its file could not be removed.
    pub fn keep_finished(&mut self, first: u64) {
        self.finished.push(first);
    }

    /// Records were read from `from` on, the first of them taken at that time. The age of the spool is that of its first
    /// record that is not published.
    pub fn note_read(&mut self, from: u64, taken_at: UnixMillis) {
        if from <= self.publish {
            self.oldest = Some(taken_at);
        }
    }

    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    pub fn segments(&self) -> Vec<Segment> {
        self.segments.iter().cloned().collect()
    }

    pub fn needs_sync(&self) -> bool {
        let Unsynced { files, folder, position } = &self.unsynced;
        *folder || *position || !files.is_empty() || !self.doubtful.is_empty()
    }

    pub fn take_unsynced(&mut self) -> Unsynced {
        std::mem::take(&mut self.unsynced)
    }

    /// Their sync failed. They are appended to no more, and are in doubt so far as they are segments still.
    pub fn doubt(&mut self, unsynced: &Unsynced) {
        let is_in_doubt = |file: &Arc<File>| unsynced.files.iter().any(|other| Arc::ptr_eq(other, file));
        for segment in self.segments.iter().filter(|segment| is_in_doubt(&segment.file)) {
            if !self.doubtful.contains(&segment.first) {
                self.doubtful.push(segment.first);
            }
        }
        self.appending &= !self.segments.back().is_some_and(|last| is_in_doubt(&last.file));
        self.unsynced.files.retain(|file| !is_in_doubt(file));
        self.unsynced.folder |= unsynced.folder;
        // The position comes after them and was not reached.
        self.unsynced.position = true;
    }

    /// The first segment in doubt that holds something unpublished.
    pub fn next_doubtful(&mut self) -> Option<Doubtful> {
        while let Some(&first) = self.doubtful.first() {
            let place = self.segments.iter().position(|segment| segment.first == first);
            let found = place.map(|place| (self.segments[place].clone(), self.end_of(place)));
            if let Some((segment, end)) = found.filter(|(_, end)| self.publish < *end) {
                let from = self.publish.max(first);
                return Some(Doubtful { segment, from, end, remembered: self.tail.between(from, end) });
            }
            self.doubtful.remove(0);
        }
        None
    }

    /// The sequence after the last one of the segment at `place`.
    fn end_of(&self, place: usize) -> u64 {
        self.segments.get(place + 1).map_or(self.next, |following| following.first)
    }

    /// A segment in doubt was written again and is no longer in doubt.
    pub fn replace(&mut self, first: u64, by: Rewritten) {
        self.doubtful.retain(|doubtful| *doubtful != first);
        match self.segments.iter().position(|segment| segment.first == first) {
            Some(place) => {
                if !by.is_whole {
                    self.holed = self.holed.max(self.end_of(place));
                }
                let segment = &mut self.segments[place];
                self.octets = self.octets - segment.octets + by.octets;
                (segment.file, segment.octets) = (by.file, by.octets);
            }
            // All of it was published meanwhile: its name is there again.
            None => self.finished.push(first),
        }
    }

    /// Notes what is missing of this run where reading from `from` gave these records, and the next are at `next`.
    pub fn note_missing(&mut self, from: u64, records: &[Record], next: u64) {
        let mut expected = from.max(self.began);
        for sequence in records.iter().map(|record| record.sequence).chain([next]) {
            self.damaged += u64::from(sequence > expected);
            expected = expected.max(sequence + 1);
        }
    }

    /// The places where records are missing since this was asked last.
    pub fn take_damaged(&mut self) -> u64 {
        std::mem::take(&mut self.damaged)
    }

    /// The position could not be stored.
    pub fn position_is_unsynced(&mut self) {
        self.unsynced.position = true;
    }

    pub fn leave_unclean(&mut self) {
        self.unclean = true;
    }

    pub fn position(&self) -> Position {
        // The next start tells of a loss that nobody was told of.
        let is_told = self.damaged == 0 && self.publish >= self.holed;
        Position { publish: self.publish, append: self.next, clean: self.closed && !self.unclean && is_told }
    }

    pub fn depth(&self) -> Depth {
        Depth { records: self.pending, octets: self.octets, limit: self.limits.octets, oldest: self.oldest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::Recovery;

    #[test]
    fn a_segment_whose_first_write_failed_is_kept_for_the_record_that_comes_next() {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits { octets: 1 << 20, segment: 1024 };
        let found = Found {
            segments: VecDeque::new(),
            octets: 0,
            next: 1,
            publish: 1,
            recovery: Recovery::default(),
        };
        let mut log = Log::new(folder.path().to_owned(), limits, found);
        // What the disk has no room for is refused after its segment was made.
        log.segments.push_back(Segment::create(folder.path(), 1).unwrap());
        log.appending = true;
        log.let_go_of_old(UnixMillis(u64::MAX));
        assert!(!log.has_finished(), "the next record would be removed with the file");
        log.append(UnixMillis(1), Form::Dlist, Bytes::from_static(b"x"), None).unwrap();
        log.advance(2, 1, None);
        log.let_go_of_old(UnixMillis(u64::MAX));
        assert_eq!(log.take_finished(), [1]);
    }
}
