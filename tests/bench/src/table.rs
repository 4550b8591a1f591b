//! The tables of medians, each written between two markers of the document.

mod rows;

use std::{collections::BTreeMap, fs, path::PathBuf};

use crate::{Outcome, peer::Peer, results::Figure, statistics::median};
use rows::{ON_NATS, Row, STREAMS};

/// A table: who is in it, ours first, and what was measured.
struct Layout {
    /// The name in the markers of the document.
    name: &'static str,
    columns: &'static [(Peer, &'static str)],
    rows: &'static [Row],
}

/// In the order of the document.
const LAYOUTS: [Layout; 2] = [
    Layout {
        name: "bench",
        columns: &[
            (Peer::Ours, "ours"),
            (Peer::Nchan, "nchan, 1 worker"),
            (Peer::Nchan2, "nchan, 2 workers"),
            (Peer::Bare, "bare loop"),
        ],
        rows: STREAMS,
    },
    Layout {
        name: "bench on NATS",
        columns: &[
            (Peer::OursNats, "interest, 2.15.1"),
            (Peer::OursNatsBroadcast, "broadcast, 2.15.1"),
            (Peer::OursNatsDebian, "interest, 2.9.10"),
            (Peer::Nchan, "nchan, 1 worker"),
            (Peer::Bare, "bare loop"),
        ],
        rows: ON_NATS,
    },
];

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
    let medians = Medians::of(&figures);
    for layout in &LAYOUTS {
        let table = layout.table(&medians);
        println!("{table}");
        if let Some(document) = &plan.document {
            let text = fs::read_to_string(document)?;
            fs::write(document, layout.placed(&text, &table)?)?;
        }
    }
    Ok(())
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

impl Layout {
    /// `text` with the table between its markers.
    fn placed(&self, text: &str, table: &str) -> Outcome<String> {
        let (begin, end) =
            (format!("<!-- {}: begin -->\n", self.name), format!("<!-- {}: end -->", self.name));
        let (before, rest) = text.split_once(&begin).ok_or("the document has no marker of the beginning")?;
        let (_, after) = rest.split_once(&end).ok_or("the document has no marker of the end")?;
        Ok(format!("{before}{begin}{table}{end}{after}"))
    }

    /// Rows that nobody measured are left out.
    fn table(&self, medians: &Medians) -> String {
        let titles: Vec<&str> = self.columns.iter().map(|(_, title)| *title).collect();
        let mut text = format!("| | {} | ours / nchan | ours / bare | target |\n", titles.join(" | "));
        text.push_str(&format!("|{}\n", "---|".repeat(self.columns.len() + 4)));
        for row in self.rows {
            if let Some(ours) = medians.get(row.metric, self.columns[0].0) {
                text.push_str(&self.line(row, ours, medians));
            }
        }
        text
    }

    fn line(&self, row: &Row, ours: f64, medians: &Medians) -> String {
        let other = |peer| medians.get(row.metric, peer);
        let cell = |value: Option<f64>| value.map_or_else(String::new, |value| row.number(value));
        let ratio = |peer| other(peer).map_or_else(String::new, |value| format!("{:.2}", ours / value));
        let cells: Vec<String> = self.columns.iter().map(|(peer, _)| cell(other(*peer))).collect();
        let (nchan, bare) = (ratio(Peer::Nchan), ratio(Peer::Bare));
        format!("| {} | {} | {nchan} | {bare} | {} |\n", row.title, cells.join(" | "), row.target)
    }
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
        let table = LAYOUTS[0].table(&Medians::of(&figures));
        assert!(table.ends_with("| 20.0 | 40.0 |  |  | 0.50 |  | ≤ 20 |\n"), "{table}");
        assert_eq!(table.lines().count(), 3);
    }

    #[test]
    fn each_table_goes_between_its_own_markers() {
        let text = "a\n<!-- bench: begin -->\nold\n<!-- bench: end -->\n<!-- bench on NATS: begin -->\n<!-- bench on NATS: end -->\nz";
        let [first, second] = &LAYOUTS;
        let placed = second.placed(&first.placed(text, "one\n").unwrap(), "two\n").unwrap();
        let expected = text.replace("old\n", "one\n").replace("NATS: begin -->\n", "NATS: begin -->\ntwo\n");
        assert_eq!(placed, expected);
        assert!(first.placed("no markers", "").is_err());
    }
}
