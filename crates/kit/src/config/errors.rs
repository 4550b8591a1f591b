//! What is wrong with a configuration.

use std::fmt;

use super::Place;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A key is unknown, missing, or holds what it cannot; or the file itself cannot be read (then `key` is its path).
    #[error("{key}: {message}{}", at(place.as_ref()))]
    Key {
        /// `a.b.c`; empty = the top of the file.
        key: String,
        /// What is wrong with it.
        message: String,
        /// Where it, or what it is missing in, was set; `None`: nowhere.
        place: Option<Place>,
    },
    /// The settings do not make sense; see [`crate::config::Validate`].
    #[error("{message}{}", at(place.as_ref()))]
    Problem {
        /// What is wrong, with the key that it is about.
        message: String,
        /// Where that was set; `None`: nowhere.
        place: Option<Place>,
    },
}

fn at(place: Option<&Place>) -> String {
    place.map(|place| format!(" ({place})")).unwrap_or_default()
}

/// Everything that is wrong, one line each. Holds no values of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    pub(crate) fn one(key: String, message: String) -> Self {
        Self(vec![ConfigError::Key { key, message, place: None }])
    }

    /// Says more of keys that were refused: what `hint` says of a key stands in place of what was said before.
    #[must_use]
    pub fn explained(mut self, hint: impl Fn(&str) -> Option<String>) -> Self {
        for error in &mut self.0 {
            if let ConfigError::Key { key, message, .. } = error
                && let Some(better) = hint(key)
            {
                *message = better;
            }
        }
        self
    }

    pub(crate) fn push(&mut self, error: ConfigError) {
        self.0.push(error);
    }

    pub(crate) fn extend(&mut self, errors: impl Iterator<Item = ConfigError>) {
        self.0.extend(errors);
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is wrong; never so for what [`crate::config::load`] returns.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, error) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
