//! An operator's own words and templates, read from their folder.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use wording::{OverrideErrors, Wording};

/// Files that are read: one for each language and each template, and some to spare for telling of them.
const MOST_FILES: usize = 64;
/// Octets of one file; ours have a tenth.
const LARGEST_FILE: u64 = 128 * 1024;

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OverrideError {
    /// Something cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There are too many files.
    #[error("the folder holds more than {MOST_FILES} files")]
    TooMany,
    /// A file is too large.
    #[error("{} is larger than {LARGEST_FILE} octets", .0.display())]
    TooLarge(PathBuf),
    /// The files are wrong.
    #[error(transparent)]
    Content(#[from] OverrideErrors),
}

/// The words and templates; those in `folder` stand before ours. Files whose names begin with a dot are left alone.
pub fn load(folder: Option<&Path>) -> Result<Wording, OverrideError> {
    let files = folder.map_or_else(|| Ok(BTreeMap::new()), read)?;
    Ok(Wording::load(&files)?)
}

fn read(folder: &Path) -> Result<BTreeMap<String, String>, OverrideError> {
    let unreadable = |source| OverrideError::Read { path: folder.to_owned(), source };
    let mut files = BTreeMap::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if files.len() >= MOST_FILES {
            return Err(OverrideError::TooMany);
        }
        files.insert(name, read_file(&entry.path())?);
    }
    Ok(files)
}

fn read_file(path: &Path) -> Result<String, OverrideError> {
    let mut text = String::new();
    let opened = File::open(path).and_then(|file| file.take(LARGEST_FILE + 1).read_to_string(&mut text));
    match opened {
        Err(source) => Err(OverrideError::Read { path: path.to_owned(), source }),
        Ok(_) if text.len() as u64 > LARGEST_FILE => Err(OverrideError::TooLarge(path.to_owned())),
        Ok(_) => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn told(files: &[(&str, &[u8])]) -> String {
        let folder = TempDir::new().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        load(Some(folder.path())).map(drop).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn folder_is_read_and_what_is_wrong_is_told() {
        assert_eq!(told(&[]), "fine");
        assert_eq!(told(&[("de.ftl", b"where = Ort\n"), (".de.ftl.swp", b"\xff")]), "fine");
        assert_eq!(told(&[("de.ftl", b"ort = Ort\n")]), "de.ftl:1: message ort is not known");
        assert!(told(&[("de.ftl", b"\xff")]).ends_with("de.ftl cannot be read"));
        assert!(told(&[("de.ftl", &[b'#'; 200_000])]).contains("is larger than"));
        assert!(load(Some(Path::new("/nowhere"))).map(drop).unwrap_err().to_string().contains("/nowhere"));
    }
}
