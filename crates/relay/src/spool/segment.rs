//! Segments: the files that records are appended to, one after another.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::{Bytes, BytesMut};

use super::{
    file,
    record::{Found, Record},
};

/// What a segment starts with.
pub(super) const MAGIC: &[u8; 8] = b"RELAYSP1";
/// Where the first record of a segment stands.
pub(super) const START: u64 = MAGIC.len() as u64;
/// Octets asked for at once when reading a backlog: about 500 notifications.
const CHUNK: usize = 512 * 1024;

/// One file of the spool.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    /// The sequence of its first record; names the file.
    pub first: u64,
    /// Sound octets in it; what is beyond is no record.
    pub octets: u64,
    pub file: Arc<File>,
}

pub(super) fn path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.segment"))
}

/// The first sequences of the segments in the folder, in order.
pub(super) fn list(folder: &Path) -> io::Result<Vec<u64>> {
    let mut firsts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let first: Option<u64> =
            name.to_str().and_then(|name| name.strip_suffix(".segment")).and_then(|n| n.parse().ok());
        firsts.extend(first);
    }
    firsts.sort_unstable();
    Ok(firsts)
}

impl Segment {
    /// Makes the file for records from `first` on. One that is there holds no record that was answered: a write to
    /// it failed.
    pub fn create(folder: &Path, first: u64) -> io::Result<Self> {
        let path = path(folder, first);
        let file = file::options().read(true).write(true).create(true).truncate(true).open(path)?;
        file.write_all_at(MAGIC, 0)?;
        Ok(Self { first, octets: START, file: Arc::new(file) })
    }

    /// Opens the file; all its octets count as sound until they are looked at.
    pub fn open(folder: &Path, first: u64) -> io::Result<Self> {
        let file = file::options().read(true).write(true).open(path(folder, first))?;
        let octets = file.metadata()?.len();
        Ok(Self { first, octets, file: Arc::new(file) })
    }

    /// Whether the file starts as a segment does.
    pub fn has_magic(&self) -> io::Result<bool> {
        let mut magic = [0; MAGIC.len()];
        match self.file.read_exact_at(&mut magic, 0) {
            Ok(()) => Ok(magic == *MAGIC),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// What was met while reading on in a segment.
#[derive(Debug)]
pub(super) enum Step {
    /// A sound record.
    Record(Record),
    /// One with a wrong checksum, passed over; its sequence, as its neighbours tell it.
    Damaged(u64),
    /// The rest of the segment cannot be read: it ends within a record, or holds something else.
    Cut,
    /// Every record was read.
    End,
}

/// Reads the records of one segment in order, a chunk at a time.
#[derive(Debug)]
pub(super) struct Walk {
    segment: Segment,
    /// Where in the file `chunk` starts.
    offset: u64,
    chunk: Bytes,
    /// The sequence of the next record: within a segment there are no gaps.
    sequence: u64,
}

impl Walk {
    /// Starts before the first record.
    pub fn new(segment: Segment) -> Self {
        let sequence = segment.first;
        Self { segment, offset: START, chunk: Bytes::new(), sequence }
    }

    /// The segment's first sequence.
    pub fn first(&self) -> u64 {
        self.segment.first
    }

    /// Whether it reads this file.
    pub fn is_of(&self, file: &Arc<File>) -> bool {
        Arc::ptr_eq(&self.segment.file, file)
    }

    /// Where the next record stands.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Learns that the segment has grown.
    pub fn extend_to(&mut self, octets: u64) {
        self.segment.octets = octets;
    }

    /// Reads on.
    pub fn step(&mut self) -> io::Result<Step> {
        let mut wanted = 0;
        loop {
            if self.offset >= self.segment.octets {
                return Ok(Step::End);
            }
            if self.offset == START && self.chunk.is_empty() && !self.segment.has_magic()? {
                return Ok(Step::Cut);
            }
            match Record::find(&self.chunk) {
                Found::Record(record, len) => {
                    self.pass(len);
                    self.sequence = record.sequence.saturating_add(1);
                    return Ok(Step::Record(record));
                }
                Found::Damaged(len) => {
                    self.pass(len);
                    self.sequence = self.sequence.saturating_add(1);
                    return Ok(Step::Damaged(self.sequence - 1));
                }
                Found::Short(len) if len > wanted && self.holds(len) => {
                    wanted = len;
                    match self.fill(len) {
                        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Step::Cut),
                        filled => filled?,
                    }
                }
                Found::Short(_) | Found::Garbage => return Ok(Step::Cut),
            }
        }
    }

    fn pass(&mut self, len: usize) {
        self.offset += len as u64;
        self.chunk = self.chunk.split_off(len);
    }

    fn holds(&self, len: usize) -> bool {
        self.offset + len as u64 <= self.segment.octets
    }

    /// Reads from `offset` at least `len` octets, which are there.
    fn fill(&mut self, len: usize) -> io::Result<()> {
        let rest = usize::try_from(self.segment.octets - self.offset).unwrap_or(usize::MAX);
        let mut octets = BytesMut::zeroed(len.max(CHUNK).min(rest));
        self.segment.file.read_exact_at(&mut octets, self.offset)?;
        self.chunk = octets.freeze();
        Ok(())
    }
}
