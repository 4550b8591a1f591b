//! What is wrong with an operator's own words and templates.

use std::fmt;

/// A fault in a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FileError {
    /// The file's name.
    pub file: String,
    /// The line, from 1, where that is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: String,
}

/// Every fault of all files; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct OverrideErrors(pub Vec<FileError>);

impl FileError {
    pub(crate) fn of(file: &str, line: Option<usize>, problem: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, problem: problem.into() }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}", self.file, self.problem),
            None => write!(formatter, "{}: {}", self.file, self.problem),
        }
    }
}

impl fmt::Display for OverrideErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&told.join("; "))
    }
}
