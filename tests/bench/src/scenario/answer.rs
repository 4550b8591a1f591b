//! How long Cyrus waits for relay: relay's own example measures, this reads what it prints.

use std::process::Command;

use crate::{Outcome, peer::Peer, results::Results};

/// How much of it.
#[derive(Debug, Clone, clap::Args)]
pub struct AnswerPlan {
    /// Notifications of each sender.
    #[arg(long, default_value_t = 20_000)]
    pub each: usize,
}

/// Runs it with one sender and with four.
pub fn run(plan: &AnswerPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let program = std::env::current_exe()?;
    let example = program.parent().ok_or("no folder")?.join("examples/answer_time");
    for senders in [1, 4] {
        let output = Command::new(&example)
            .args([senders.to_string(), plan.each.to_string()])
            .output()
            .map_err(|error| format!("{}: {error}", example.display()))?;
        let text = String::from_utf8(output.stdout)?;
        let figures = figures(&text).ok_or("relay's example did not say how long it took")?;
        for (name, value) in ["rate", "p50_us", "p99_us"].iter().zip(figures) {
            results.add(&format!("relay{senders}_{name}"), peer, value)?;
        }
    }
    Ok(())
}

/// `4 senders, 20000 notifications, 30800/s: p50 86.1µs, p99 543.2µs, …`: rate, p50 and p99 in microseconds.
fn figures(text: &str) -> Option<[f64; 3]> {
    let rate = text.split(", ").find_map(|part| part.split_once("/s:"))?.0.parse().ok()?;
    Some([rate, microseconds(text, "p50 ")?, microseconds(text, "p99 ")?])
}

fn microseconds(text: &str, name: &str) -> Option<f64> {
    let value = text.split_once(name)?.1.split([',', '\n']).next()?;
    let (number, unit) = value.split_at(value.find(|c: char| !c.is_ascii_digit() && c != '.')?);
    let factor = match unit {
        "ns" => 1e-3,
        "µs" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_example_prints_is_read() {
        let text = "4 senders, 20000 notifications, 30800/s: p50 86.5µs, p99 1.5ms, p99.9 2ms, longest 3ms\n";
        assert_eq!(figures(text), Some([30800.0, 86.5, 1500.0]));
    }
}
