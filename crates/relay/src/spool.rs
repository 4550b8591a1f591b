//! The spool: what was taken and is not published yet, in order, on disk.
//!
//! Segments are only appended to. A record is in the page cache before its sender is answered, so it survives the
//! death of this process; [`Spool::sync`] has it reach the disk, a little later. What a sync could not bring there is
//! written again to another file. Numbers go on over restarts.

mod backlog;
mod doubt;
pub(crate) mod file;
mod identity;
mod log;
mod position;
mod record;
mod recovery;
mod segment;
mod tail;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use mailbox_event::{RelayId, UnixMillis};
use rustix::fs::{FlockOperation, flock};
use tokio::sync::{Notify, futures::Notified};

pub use record::{Form, Record};
pub use recovery::Recovery;

use backlog::Backlog;
use log::{Log, Unsynced};
use position::PositionFile;

/// How much the spool may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of all segments; more is refused.
    pub octets: u64,
    /// Octets after which a segment is followed by the next one.
    pub segment: u64,
}

/// How much is read at once: at least one record, then as many as fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The most records.
    pub records: usize,
    /// The most octets.
    pub octets: usize,
}

/// How full the spool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Records that wait.
    pub records: u64,
    /// Octets of all segments; a segment goes when all of it is published.
    pub octets: u64,
    /// The most octets.
    pub limit: u64,
    /// When the oldest record that waits was taken.
    pub oldest: Option<UnixMillis>,
}

/// Why there is no spool.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("spool is in use by another process")]
    Taken,
    /// The folder cannot be read or written.
    #[error("spool folder cannot be used")]
    Folder(#[from] io::Error),
}

/// Why a notification was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The bound is reached.
    #[error("spool is full")]
    Full,
    /// Longer than a record can be (4 GiB).
    #[error("notification is too large for the spool")]
    TooLarge,
    /// The disk is full, read-only or broken.
    #[error("spool cannot be written")]
    Write(#[source] io::Error),
}

/// A spool. One process holds it at a time.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    id: RelayId,
    // A std mutex, held for a write to the page cache at most: a hop to another thread would cost more.
    log: Mutex<Log>,
    backlog: Mutex<Backlog>,
    /// Locked before `log`, so that no older position is written over a later one.
    position: Mutex<PositionFile>,
    arrived: Notify,
    /// Held for the lock on it.
    _lock: File,
}

/// A record that was taken. Publishing is woken when this is dropped, so that the answer can go first.
#[must_use = "dropping it wakes publishing; answer first"]
#[derive(Debug)]
pub struct Taken<'a> {
    /// The record's place.
    pub sequence: u64,
    arrived: &'a Notify,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.arrived.notify_one();
    }
}

impl Spool {
    /// Opens the spool in `folder`, making it where there is none; `drawn` is its identity then.
    pub fn open(folder: &Path, limits: Limits, drawn: RelayId) -> Result<(Self, Recovery), OpenError> {
        file::make_folder(folder)?;
        let lock = file::options().write(true).create(true).truncate(false).open(folder.join("lock"))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(OpenError::Taken),
            other => other.map_err(io::Error::from)?,
        }
        let (id, drawn) = identity::load_or_create(folder, drawn)?;
        let (position, stored) = PositionFile::open(&folder.join("position"))?;
        let found = recovery::recover(folder, stored)?;
        let recovery = Recovery { drawn, ..found.recovery };
        let log = Log::new(folder.to_owned(), limits, found);
        // From here on an end without `close` is an unclean one; the disk must know before a number is given.
        position.store(log.position())?;
        position.sync(&File::sync_data)?;
        let spool = Self {
            folder: folder.to_owned(),
            id,
            log: Mutex::new(log),
            backlog: Mutex::default(),
            position: Mutex::new(position),
            arrived: Notify::new(),
            _lock: lock,
        };
        Ok((spool, recovery))
    }

    /// The identity that event ids of this spool start with.
    pub fn id(&self) -> RelayId {
        self.id
    }

    /// Writes a notification to the page cache: a few microseconds, except when a segment is begun.
    pub fn append(
        &self,
        taken_at: UnixMillis,
        form: Form,
        payload: Bytes,
        message: Option<Bytes>,
    ) -> Result<Taken<'_>, Refused> {
        let sequence = self.log().append(taken_at, form, payload, message)?;
        Ok(Taken { sequence, arrived: &self.arrived })
    }

    /// Completes when something was appended since the last wait.
    pub fn arrived(&self) -> Notified<'_> {
        self.arrived.notified()
    }

    /// The first sequence that is not published.
    pub fn position(&self) -> u64 {
        self.log().position().publish
    }

    /// The sequence that the next record gets.
    pub fn next(&self) -> u64 {
        self.log().position().append
    }

    /// The records from `from` on, if they are in memory; empty when there are none.
    pub fn read_tail(&self, from: u64, window: Window) -> Option<Vec<Record>> {
        let mut log = self.log();
        (from >= log.tail().from()).then_some(())?;
        let records = log.tail().read(from, window);
        if let Some(first) = records.first() {
            log.note_read(from, first.taken_at);
        }
        Some(records)
    }

    /// The records from `from` on, wherever they are; empty when there are none. May read the disk.
    pub fn read(&self, mut from: u64, window: Window) -> io::Result<Vec<Record>> {
        loop {
            if let Some(records) = self.read_tail(from, window) {
                return Ok(records);
            }
            let (segments, tail) = {
                let log = self.log();
                (log.segments(), log.tail().from())
            };
            let records = unpoisoned(&self.backlog).read(from, window, &segments)?;
            if let Some((first, last)) = records.first().zip(records.last()) {
                let mut log = self.log();
                log.note_read(from, first.taken_at);
                log.note_missing(from, &records, last.sequence + 1);
                return Ok(records);
            }
            self.log().note_missing(from, &[], tail);
            // Nothing readable lies between here and what is in memory.
            from = tail;
        }
    }

    /// Notes that everything below `position` is published, `published` records more: a write to the page cache.
    /// `oldest` is when the next record was taken, if it was read already. Segments that hold nothing else are left to
    /// [`Self::clear`].
    pub fn advance(&self, position: u64, published: u64, oldest: Option<UnixMillis>) -> io::Result<()> {
        self.log().advance(position, published, oldest);
        // What fails here is done by the next sync.
        match self.store_position() {
            Ok(_) => Ok(()),
            Err(error) => {
                self.log().position_is_unsynced();
                Err(error)
            }
        }
    }

    /// Whether there are segments to be cleared away.
    pub fn needs_clear(&self) -> bool {
        self.log().has_finished()
    }

    /// Removes the files of segments that hold nothing but what is published. Blocks: freeing a large file takes the
    /// file system a while.
    pub fn clear(&self) -> io::Result<()> {
        let finished = self.log().take_finished();
        // An open file keeps its content on the disk.
        unpoisoned(&self.backlog).forget(&finished);
        let mut outcome = Ok(());
        for first in finished {
            match fs::remove_file(segment::path(&self.folder, first)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    self.log().keep_finished(first);
                    outcome = Err(error);
                }
                _ => {}
            }
        }
        outcome
    }

    /// Lets go of the segment that is appended to when all of it is published and it is older than a minute at `now`,
    /// and clears away: on a quiet host no content stays. Blocks.
    pub fn tidy(&self, now: UnixMillis) -> io::Result<()> {
        self.log().let_go_of_old(now);
        self.clear()
    }

    /// Whether something was appended since the last [`Self::sync`].
    pub fn needs_sync(&self) -> bool {
        self.log().needs_sync()
    }

    /// Has everything appended so far reach the disk, and the position after it. What failed is written again by the
    /// next call, to another file. May block.
    pub fn sync(&self) -> io::Result<()> {
        self.sync_by(&File::sync_data)
    }

    fn sync_by(&self, sync: &impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
        // First: what would be synced meanwhile of the others would come into doubt with a disk that is still broken.
        self.rewrite_doubtful(sync)?;
        let unsynced = self.log().take_unsynced();
        self.reach_disk(&unsynced, sync).inspect_err(|_| self.log().doubt(&unsynced))?;
        // It is stored again before each sync of it, so another try of this one is as good as the first.
        let position = self.store_position().and_then(|position| position.sync(sync));
        position.inspect_err(|_| self.log().position_is_unsynced())
    }

    fn rewrite_doubtful(&self, sync: &impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
        let aside = self.folder.join(doubt::ASIDE);
        loop {
            let Some(doubtful) = self.log().next_doubtful() else { return Ok(()) };
            let first = doubtful.segment.first;
            let rewritten = doubtful.rewrite(&aside, sync).inspect_err(|_| {
                // The next try begins it again, if this is there or not.
                fs::remove_file(&aside).ok();
            })?;
            fs::rename(&aside, segment::path(&self.folder, first))?;
            file::sync_folder(&self.folder)?;
            self.log().replace(first, rewritten);
        }
    }

    fn reach_disk(&self, unsynced: &Unsynced, sync: &impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
        unsynced.files.iter().try_for_each(|file| sync(file))?;
        if unsynced.folder { file::sync_folder(&self.folder) } else { Ok(()) }
    }

    /// A loss could not be told. The end is an unclean one, so that the next start tells it.
    pub fn leave_unclean(&self) {
        self.log().leave_unclean();
    }

    /// The places where records of this run turned out to be missing since this was asked last: the disk lost them.
    pub fn take_damaged(&self) -> u64 {
        self.log().take_damaged()
    }

    fn store_position(&self) -> io::Result<PositionFile> {
        let file = unpoisoned(&self.position);
        let position = self.log().position();
        file.store(position)?;
        // The sync goes without the lock.
        Ok(file.clone())
    }

    /// Ends in order: everything on disk, and the position with it; nothing published stays. Nothing may be appended
    /// afterwards. Blocks.
    pub fn close(&self) -> io::Result<()> {
        self.log().close();
        // What the first could not bring to the disk is written again by the second.
        self.sync().or_else(|_| self.sync())?;
        self.clear()
    }

    /// Whether the folder takes a write at this moment.
    pub fn probe(&self) -> io::Result<()> {
        let path = self.folder.join("probe");
        // A block of its own: a full disk still takes what is overwritten.
        let written = file::options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .and_then(|mut file| io::Write::write_all(&mut file, &[0; 4096]));
        let removed = fs::remove_file(&path);
        written.and(removed)
    }

    /// How full it is.
    pub fn depth(&self) -> Depth {
        self.log().depth()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        unpoisoned(&self.log)
    }
}

/// A panic under the lock leaves counts at worst one record behind; the record itself is on disk or was refused.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
