//! The installation's key: what stands for accounts on the bus is made with it.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Octets of a key.
const LENGTH: usize = 32;

/// Of the file.
const NAME: &str = "account.key";

/// Where the key lies in the folder of a site that made its own.
pub fn in_folder(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// Makes the folder for data with mode 0700, if it is not there.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The key in `folder`, made with `random` the first time. The folder is made with mode 0700, the file with 0600.
pub fn read_or_make(folder: &Path, random: [u8; LENGTH]) -> io::Result<Vec<u8>> {
    make_folder(folder)?;
    let path = in_folder(folder);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            file.write_all(&random)?;
            file.sync_all()?;
            Ok(random.to_vec())
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read(&path),
        Err(error) => Err(error),
    }
}

/// The key in the file at `path`.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut key = Vec::with_capacity(LENGTH);
    // One octet more than a key has shows a file that is none.
    fs::File::open(path)?.take(LENGTH as u64 + 1).read_to_end(&mut key)?;
    if key.len() == LENGTH {
        Ok(key)
    } else {
        Err(io::Error::new(ErrorKind::InvalidData, "a key is 32 octets long"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_the_same_and_is_nobody_elses_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let first = read_or_make(&data, [1; LENGTH]).unwrap();
        assert_eq!(read_or_make(&data, [2; LENGTH]).unwrap(), first);
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &fs::metadata(data.join("account.key")).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_told_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(in_folder(folder.path()), "short").unwrap();
        assert_eq!(read_or_make(folder.path(), [1; LENGTH]).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
