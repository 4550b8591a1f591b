//! Figures: printed, and kept for the table.

use std::{fs::OpenOptions, io::Write, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Outcome, peer::Peer};

/// One figure of one run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figure {
    /// Its name, with the unit at the end.
    pub metric: String,
    /// Whose.
    pub peer: Peer,
    /// How much.
    pub value: f64,
}

/// Where figures go.
pub struct Results {
    file: Option<PathBuf>,
}

impl Results {
    /// Prints them, and appends them to `file`.
    pub fn new(file: Option<PathBuf>) -> Self {
        Self { file }
    }

    /// Takes one.
    pub fn add(&self, metric: &str, peer: Peer, value: f64) -> Outcome<()> {
        println!("{metric:<22} {:<19} {value:>12.3}", peer.name());
        let Some(file) = &self.file else { return Ok(()) };
        let figure = Figure { metric: metric.to_owned(), peer, value };
        let mut file = OpenOptions::new().create(true).append(true).open(file)?;
        writeln!(file, "{}", serde_json::to_string(&figure)?)?;
        Ok(())
    }
}
