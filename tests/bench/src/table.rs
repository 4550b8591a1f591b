//! The table of medians, written between two markers of the document.

mod rows;

use std::{collections::BTreeMap, fs, path::PathBuf};

use crate::{Outcome, peer::Peer, results::Figure, statistics::median};
use rows::{ROWS, Row};

const BEGIN: &str = "<!-- bench: begin -->\n";
const END: &str = "<!-- bench: end -->";

/// From what and into what.
#[derive(Debug, Clone, clap::Args)]
pub struct TablePlan {
    /// What `--save` wrote.
    results: PathBuf,
    /// The document; without one the table is only printed.
    #[arg(long)]
    document: Option<PathBuf>,
}

/// Prints the table, and writes it.
pub fn run(plan: &TablePlan) -> Outcome<()> {
    let lines = fs::read_to_string(&plan.results)?;
    let figures = lines.lines().map(serde_json::from_str).collect::<Result<Vec<Figure>, _>>()?;
    let table = table(&Medians::of(&figures));
    println!("{table}");
    let Some(document) = &plan.document else { return Ok(()) };
    let text = fs::read_to_string(document)?;
    let (before, rest) = text.split_once(BEGIN).ok_or("the document has no marker of the beginning")?;
    let (_, after) = rest.split_once(END).ok_or("the document has no marker of the end")?;
    Ok(fs::write(document, format!("{before}{BEGIN}{table}{END}{after}"))?)
}

/// The median of each metric of each peer.
struct Medians(BTreeMap<(String, &'static str), f64>);

impl Medians {
    fn of(figures: &[Figure]) -> Self {
        let mut values: BTreeMap<(String, &'static str), Vec<f64>> = BTreeMap::new();
        for figure in figures {
            values.entry((figure.metric.clone(), figure.peer.name())).or_default().push(figure.value);
        }
        Self(values.into_iter().filter_map(|(key, values)| Some((key, median(&values)?))).collect())
    }

    fn get(&self, metric: &str, peer: Peer) -> Option<f64> {
        self.0.get(&(metric.to_owned(), peer.name())).copied()
    }
}

/// Rows that nobody measured are left out.
fn table(medians: &Medians) -> String {
    let mut text = String::from(
        "| | ours | nchan, 1 worker | nchan, 2 workers | bare loop | ours / nchan | ours / bare | target |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for row in ROWS {
        if let Some(ours) = medians.get(row.metric, Peer::Ours) {
            text.push_str(&line(row, ours, medians));
        }
    }
    text
}

fn line(row: &Row, ours: f64, medians: &Medians) -> String {
    let other = |peer| medians.get(row.metric, peer);
    let cell = |value: Option<f64>| value.map_or_else(String::new, |value| row.number(value));
    let ratio = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{:.2}", ours / value));
    let (nchan, nchan2, bare) = (other(Peer::Nchan), other(Peer::Nchan2), other(Peer::Bare));
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
        row.title,
        row.number(ours),
        cell(nchan),
        cell(nchan2),
        cell(bare),
        ratio(nchan),
        ratio(bare),
        row.target
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_medians_ratios_and_the_target() {
        let figure = |peer, value| Figure { metric: "load_cpu_us".to_owned(), peer, value };
        let figures = [
            figure(Peer::Ours, 10.0),
            figure(Peer::Ours, 30.0),
            figure(Peer::Ours, 20.0),
            figure(Peer::Nchan, 40.0),
        ];
        let table = table(&Medians::of(&figures));
        assert!(table.ends_with("| 20.0 | 40.0 |  |  | 0.50 |  | ≤ 20 |\n"), "{table}");
        assert_eq!(table.lines().count(), 3);
    }
}
