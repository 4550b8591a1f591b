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
            match walk.step()? {
                Step::Record(record) if record.sequence >= remembered_from => break,
                Step::Record(record) if record.sequence < self.from => {}
                Step::Record(record) => keep(&record)?,
                Step::Damaged(_) => {}
                Step::Cut | Step::End => break,
            }
        }
        self.remembered.iter().try_for_each(keep)
    }
}
