//! The quarantine: notifications that could not be understood, kept for somebody to look at.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use mailbox_event::UnixMillis;

use crate::spool::{Form, file};

/// A bounded folder; the oldest goes first.
#[derive(Debug)]
pub(crate) struct Quarantine {
    folder: PathBuf,
    files: usize,
    octets: u64,
    /// Told apart within a millisecond; also keeps two from clearing at once.
    counter: Mutex<u32>,
}

struct Kept {
    path: PathBuf,
    octets: u64,
}

impl Quarantine {
    /// Makes the folder; `files` notifications and `octets` of all of them are kept.
    pub fn open(folder: &Path, files: usize, octets: u64) -> io::Result<Self> {
        file::make_folder(folder)?;
        Ok(Self { folder: folder.to_owned(), files, octets, counter: Mutex::new(0) })
    }

    /// Keeps a notification, cut to what the quarantine holds at all. May block.
    pub fn put(&self, at: UnixMillis, form: Form, notification: &[u8]) -> io::Result<()> {
        if self.files == 0 {
            return Ok(());
        }
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        *counter = counter.wrapping_add(1);
        let most = usize::try_from(self.octets).unwrap_or(usize::MAX);
        let head = &notification[..notification.len().min(most)];
        self.make_room(head.len() as u64)?;
        let suffix = match form {
            Form::Datagram => "datagram",
            Form::Dlist => "dlist",
        };
        let name = format!("{:015}-{:010}.{suffix}", at.0, *counter);
        file::options().write(true).create_new(true).open(self.folder.join(name))?.write_all(head)
    }

    fn make_room(&self, wanted: u64) -> io::Result<()> {
        let kept = self.list()?;
        let (mut files, mut octets) = (kept.len(), kept.iter().map(|kept| kept.octets).sum::<u64>());
        for oldest in kept {
            if files < self.files && octets + wanted <= self.octets {
                break;
            }
            fs::remove_file(oldest.path)?;
            files -= 1;
            octets -= oldest.octets;
        }
        Ok(())
    }

    /// Oldest first: names start with the time.
    fn list(&self) -> io::Result<Vec<Kept>> {
        let mut kept = fs::read_dir(&self.folder)?
            .map(|entry| {
                let entry = entry?;
                Ok(Kept { path: entry.path(), octets: entry.metadata()?.len() })
            })
            .collect::<io::Result<Vec<_>>>()?;
        kept.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(kept)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn contents(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    #[test]
    fn the_oldest_goes_first_by_number() {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::open(folder.path(), 2, 1000).unwrap();
        for text in ["a", "b", "c"] {
            quarantine.put(UnixMillis(5), Form::Dlist, text.as_bytes()).unwrap();
        }
        assert_eq!(contents(folder.path()), ["b", "c"]);
    }

    #[test]
    fn the_oldest_goes_first_by_size_and_a_long_one_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::open(folder.path(), 10, 5).unwrap();
        for (at, text) in ["aa", "bb", "cc", "dddddddd"].iter().enumerate() {
            quarantine.put(UnixMillis(at as u64), Form::Datagram, text.as_bytes()).unwrap();
            assert!(contents(folder.path()).concat().len() <= 5);
        }
        assert_eq!(contents(folder.path()), ["ddddd"]);
    }

    #[test]
    fn nobody_else_can_read_it() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("quarantine");
        let quarantine = Quarantine::open(&folder, 2, 1000).unwrap();
        quarantine.put(UnixMillis(5), Form::Dlist, b"a").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        assert_eq!(mode(&file), 0o600);
    }
}
