//! Values that must not be shown.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use toml::{Table, Value};

/// A file that holds a secret is not read beyond this: no key or password comes near it.
const LONGEST_FILE: u64 = 64 << 10;

/// A password, a key, a token. In configuration a string, or `{ file = "/path" }` for the text of a file without
/// its last line break. Nothing prints it but [`Secret::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; for where it is used, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

const EXPECTED: &str = "a string or { file = \"path\" }";

#[derive(Deserialize)]
#[serde(untagged, expecting = "a string or { file = \"path\" }")]
enum Written {
    Text(String),
    /// Not a struct of its own: that could be written as a list too, and a secret in it be shown as a path.
    File(BTreeMap<String, String>),
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = match Written::deserialize(deserializer)? {
            Written::Text(text) => return Ok(Self(text)),
            Written::File(table) => table,
        };
        match (table.len(), table.get("file")) {
            (1, Some(file)) => {
                read(Path::new(file)).map(Self).map_err(|error| D::Error::custom(format!("{file}: {error}")))
            }
            _ => Err(D::Error::custom(EXPECTED)),
        }
    }
}

/// Writes that there is a secret, not which.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST_FILE).read_to_string(&mut text)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty"));
    }
    Ok(line.to_owned())
}

/// Adds the files that secrets below `table` are in, each with its key.
pub(super) fn files(table: &Table, keys: &mut Vec<String>, found: &mut Vec<(String, PathBuf)>) {
    if let (1, Some(Value::String(file))) = (table.len(), table.get("file")) {
        found.push((keys.join("."), PathBuf::from(file)));
    }
    for (key, value) in table {
        keys.push(key.clone());
        let below = value.as_array().into_iter().flatten().chain([value]).filter_map(Value::as_table);
        below.for_each(|table| files(table, keys, found));
        keys.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Login {
        password: Secret,
    }

    #[test]
    fn secret_comes_from_a_string_or_a_file_and_is_never_printed() {
        let written: Login = toml::from_str("password = 'open sesame'").unwrap();
        assert_eq!(written.password.expose(), "open sesame");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from a file\n").unwrap();
        let read: Login = toml::from_str(&format!("password = {{ file = {:?} }}", file.path())).unwrap();
        assert_eq!(read.password.expose(), "from a file");
        let shown = format!("{written:?} {read:?} {}", written.password);
        assert_eq!(shown, "Login { password: Secret(..) } Login { password: Secret(..) } (secret)");
    }

    #[test]
    fn missing_file_is_named() {
        let error = toml::from_str::<Login>("password = { file = '/nowhere/at/all' }").unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
        assert!(toml::from_str::<Login>("password = 5").is_err());
    }
}
