//! The message that a Sieve notification names by its path.
//!
//! Cyrus keeps it only while it waits for the answer, so it is read before. The path is what the sender says: only a
//! regular file of the sender's own is read, without following a link, and never one that could make us wait.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
};

use rustix::fs::{Mode, OFlags};

use crate::telemetry::FileOutcome;

/// The head of a message is what notifications are made from; more would fill the spool with attachments.
pub(crate) const MOST_OCTETS: u64 = 64 * 1024;

/// Reads the file's first [`MOST_OCTETS`]. `sender` is the user id of the process that named it. Blocks.
pub(crate) fn read(path: &Path, sender: u32) -> (FileOutcome, Option<Vec<u8>>) {
    match try_read(path, sender) {
        Ok((outcome, message)) => (outcome, message),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (FileOutcome::Missing, None),
        // What open(2) says of a symbolic link under O_NOFOLLOW.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            (FileOutcome::NotAFile, None)
        }
        Err(_) => (FileOutcome::Unreadable, None),
    }
}

fn try_read(path: &Path, sender: u32) -> io::Result<(FileOutcome, Option<Vec<u8>>)> {
    // O_NONBLOCK: opening a pipe would wait for a writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok((FileOutcome::NotAFile, None));
    }
    if sender != 0 && metadata.uid() != sender {
        return Ok((FileOutcome::NotTheirs, None));
    }
    let mut message = Vec::new();
    file.take(MOST_OCTETS).read_to_end(&mut message)?;
    let outcome = if metadata.len() > MOST_OCTETS { FileOutcome::Shortened } else { FileOutcome::Read };
    Ok((outcome, Some(message)))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    const ROOT: u32 = 0;

    #[test]
    fn a_regular_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("message");
        fs::write(&path, "Subject: x").unwrap();
        let owner = fs::metadata(&path).unwrap().uid();
        assert_eq!(read(&path, owner), (FileOutcome::Read, Some(b"Subject: x".to_vec())));
    }

    #[test]
    fn of_a_long_file_the_head_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("message");
        fs::write(&path, vec![b'x'; 64 * 1024 + 1]).unwrap();
        assert_eq!(read(&path, ROOT), (FileOutcome::Shortened, Some(vec![b'x'; 64 * 1024])));
    }

    #[test]
    fn links_pipes_and_folders_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link, pipe) =
            (folder.path().join("file"), folder.path().join("link"), folder.path().join("pipe"));
        fs::write(&file, "secret").unwrap();
        symlink(&file, &link).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        for path in [&link, &pipe, &folder.path().to_owned()] {
            assert_eq!(read(path, ROOT), (FileOutcome::NotAFile, None));
        }
    }

    #[test]
    fn a_file_of_somebody_else_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("message");
        fs::write(&path, "secret").unwrap();
        let somebody_else = fs::metadata(&path).unwrap().uid() + 1;
        assert_eq!(read(&path, somebody_else), (FileOutcome::NotTheirs, None));
    }

    #[test]
    fn a_missing_file_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(&folder.path().join("message"), ROOT), (FileOutcome::Missing, None));
    }
}
