//! What is wrong with a configuration.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A key is unknown, missing, or holds what it cannot; or the file itself cannot be read (then `key` is its path).
    #[error("{key}: {message}")]
    Key {
        /// `a.b.c`; empty = the top of the file.
        key: String,
        /// What is wrong with it.
        message: String,
    },
    /// The settings do not make sense; see [`crate::config::Validate`].
    #[error("{0}")]
    Problem(String),
}

/// Everything that is wrong, one line each. Holds no values of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    pub(crate) fn one(key: String, message: String) -> Self {
        Self(vec![ConfigError::Key { key, message }])
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
