//! What is wrong with a configuration.

use std::{fmt, path::Path};

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

/// Everything that is wrong, one line each, below the name of the file if that is known. Holds no values of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigErrors {
    errors: Vec<ConfigError>,
    /// That the lines are counted in, if it is to be told.
    file: Option<String>,
}

impl ConfigErrors {
    pub(crate) fn one(key: String, message: String) -> Self {
        Self { errors: vec![ConfigError::Key { key, message, place: None }], file: None }
    }

    /// Says more of keys that were refused: what `hint` says of a key stands in place of what was said before.
    #[must_use]
    pub fn explained(mut self, hint: impl Fn(&str) -> Option<String>) -> Self {
        for error in &mut self.errors {
            if let ConfigError::Key { key, message, .. } = error
                && let Some(better) = hint(key)
            {
                *message = better;
            }
        }
        self
    }

    /// Says in which file the lines are.
    #[must_use]
    pub fn of_file(mut self, file: &Path) -> Self {
        // One that cannot be read is named already.
        let file = file.display().to_string();
        let is_named = |error: &ConfigError| matches!(error, ConfigError::Key { key, .. } if *key == file);
        self.file = (!self.errors.iter().any(is_named)).then_some(file);
        self
    }

    /// Calls the variable `name` what it stands for, like an option of the command line.
    #[must_use]
    pub fn renamed(mut self, name: &str, meant: &str) -> Self {
        for error in &mut self.errors {
            let (ConfigError::Key { place, .. } | ConfigError::Problem { place, .. }) = error;
            if let Some(Place::Variable(variable)) = place
                && variable == name
            {
                meant.clone_into(variable);
            }
        }
        self
    }

    pub(crate) fn retain(&mut self, is_kept: impl Fn(&ConfigError) -> bool) {
        self.errors.retain(is_kept);
    }

    pub(crate) fn push(&mut self, error: ConfigError) {
        self.errors.push(error);
    }

    pub(crate) fn extend(&mut self, errors: impl Iterator<Item = ConfigError>) {
        self.errors.extend(errors);
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.errors.len()
    }

    /// Whether nothing is wrong; never so for what [`crate::config::load`] returns.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.errors.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
        }
        for (place, error) in self.errors.iter().enumerate() {
            if place > 0 || self.file.is_some() {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
