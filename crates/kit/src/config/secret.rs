//! Values that must not be shown.

use std::{fmt, fs::File, io::Read, path::Path};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

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

#[derive(Deserialize)]
#[serde(untagged, expecting = "a string or { file = \"path\" }")]
enum Written {
    Text(String),
    File(InFile),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InFile {
    file: String,
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Text(text) => Ok(Self(text)),
            Written::File(InFile { file }) => {
                read(Path::new(&file)).map(Self).map_err(|error| D::Error::custom(format!("{file}: {error}")))
            }
        }
    }
}

/// Writes that there is a secret, not which.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST_FILE).read_to_string(&mut text)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
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
