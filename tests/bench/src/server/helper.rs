//! This program again, as another process.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::Outcome;

/// A process that has said one line, and ends when this is dropped.
pub struct Helper {
    child: Child,
    said: String,
}

impl Helper {
    /// Starts it and waits for its line.
    pub fn start(arguments: &[&str], folder: Option<&Path>) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .args(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut said)?;
        }
        Ok(Self { child, said })
    }

    /// Its line.
    pub fn said(&self) -> &str {
        self.said.trim()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // The end of its input is what it waits for; if it is gone already, all is well.
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}
