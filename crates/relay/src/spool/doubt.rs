//! Segments that the disk may lack: their sync failed.
//!
//! Linux tells of a failed write-back once, and counts its pages as clean from then on: the next fdatasync of the same
//! file succeeds without having written them. So a segment whose sync failed is not synced again but written again,
//! to another file that takes its place.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    sync::Arc,
};

use super::{
    file,
    record::Record,
    segment::{self, START, Segment, Step, Walk},
};

/// Where a segment is written again. A start removes what a death has left there.
pub(super) const ASIDE: &str = "segment.part";

/// A segment to be written again; nothing is appended to it.
#[derive(Debug)]
pub(super) struct Doubtful {
    pub segment: Segment,
    /// The records from here on are wanted: the others are published.
    pub from: u64,
    /// The sequence after its last one.
    pub end: u64,
    /// Its last records, as far as they are in memory. The disk may have lost what is in the file, even for a reader.
    pub remembered: Vec<Record>,
}

/// What takes the place of a segment.
#[derive(Debug)]
pub(super) struct Rewritten {
    pub file: Arc<File>,
    pub octets: u64,
    /// Whether every record is in it.
    pub is_whole: bool,
}

impl Doubtful {
    /// Writes the segment to `path` and syncs it. May block.
    pub fn rewrite(&self, path: &Path, sync: &impl Fn(&File) -> io::Result<()>) -> io::Result<Rewritten> {
        let file = file::options().read(true).write(true).create(true).truncate(true).open(path)?;
        let mut out = BufWriter::new(&file);
        let (mut octets, mut records) = (START, 0);
        out.write_all(segment::MAGIC)?;
        self.each(|record| {
            // It was encoded when it was taken.
            let encoded = record.encode().ok_or(io::ErrorKind::InvalidData)?;
            octets += encoded.len() as u64;
            records += 1;
            out.write_all(&encoded)
        })?;
        out.flush()?;
        drop(out);
        sync(&file)?;
        Ok(Rewritten { file: Arc::new(file), octets, is_whole: records == self.end - self.from })
    }

    /// Every record that is wanted, so far as it can be read.
    fn each(&self, mut keep: impl FnMut(&Record) -> io::Result<()>) -> io::Result<()> {
        let remembered_from = self.remembered.first().map_or(self.end, |record| record.sequence);
        let mut walk = (self.from < remembered_from).then(|| Walk::new(self.segment.clone()));
        while let Some(walk) = &mut walk {
            match walk.step() {
                Ok(Step::Record(record)) if record.sequence >= remembered_from => break,
                Ok(Step::Record(record)) if record.sequence < self.from => {}
                Ok(Step::Record(record)) => keep(&record)?,
                Ok(Step::Damaged(_)) => {}
                Ok(Step::Cut | Step::End) => break,
                // It can be read in a moment.
                Err(error) if error.kind() == io::ErrorKind::OutOfMemory => return Err(error),
                // A sector that is gone must not keep all that comes later from the disk. Where the whole disk is, the
                // sync of what is written here fails too, and nothing was given up.
                Err(_) => break,
            }
        }
        self.remembered.iter().try_for_each(keep)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mailbox_event::UnixMillis;

    use super::*;
    use crate::spool::Form;

    #[test]
    fn a_segment_that_cannot_be_read_is_written_again_as_far_as_it_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        Segment::create(folder.path(), 1).unwrap();
        // Open for nothing but writing: every read fails.
        let file = file::options().write(true).open(segment::path(folder.path(), 1)).unwrap();
        let record = |sequence| {
            let payload = Bytes::from_static(b"x");
            Record { sequence, taken_at: UnixMillis(1), form: Form::Dlist, payload, message: None }
        };
        let octets = START + 3 * record(1).encoded_len() as u64;
        let segment = Segment { first: 1, octets, file: Arc::new(file) };
        let doubtful = Doubtful { segment, from: 1, end: 4, remembered: vec![record(3)] };
        let rewritten = doubtful.rewrite(&folder.path().join(ASIDE), &|_| Ok(())).unwrap();
        assert!(!rewritten.is_whole);
        let mut walk = Walk::new(Segment { first: 1, octets: rewritten.octets, file: rewritten.file });
        assert!(matches!(walk.step().unwrap(), Step::Record(found) if found == record(3)));
        assert!(matches!(walk.step().unwrap(), Step::End));
    }
}
