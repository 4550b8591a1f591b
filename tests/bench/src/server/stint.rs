//! A stretch of work of this process.

use std::time::Instant;

use crate::{Outcome, procfs::Family};

/// See the module.
pub struct Stint {
    began: Instant,
    /// CPU time before it, in nanoseconds.
    used: u64,
}

impl Stint {
    pub fn begin() -> Outcome<Self> {
        Ok(Self { began: Instant::now(), used: used()? })
    }

    /// Tells the scenario: how many in a second, and microseconds of CPU of each.
    pub fn end(&self, count: usize) -> Outcome<()> {
        let (took, used) = (self.began.elapsed(), used()? - self.used);
        println!("{} {}", count as f64 / took.as_secs_f64(), used as f64 / 1e3 / count.max(1) as f64);
        Ok(())
    }
}

fn used() -> Outcome<u64> {
    Ok(Family::alone(std::process::id()).cpu()?.total())
}
