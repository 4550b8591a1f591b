//! The tables of medians, each written between two markers of the document.

mod rows;

use std::{collections::BTreeMap, fs, path::PathBuf};

use crate::{Outcome, peer::Peer, results::Figure, statistics::median};
use rows::{FITTING, MAIL, ON_NATS, Row, STREAMS, TEXTS};

/// A table: who is in it, ours first, and what was measured.
struct Layout {
    /// The name in the markers of the document.
    name: &'static str,
    columns: &'static [(Peer, &'static str)],
    /// Whom ours is divided by, and what that is called.
    ratios: &'static [(Peer, &'static str)],
    rows: &'static [Row],
}

/// In the order of the document.
const LAYOUTS: [Layout; 5] = [
    Layout {
        name: "bench",
        columns: &[
            (Peer::Ours, "ours"),
            (Peer::Nchan, "nchan, 1 worker"),
            (Peer::Nchan2, "nchan, 2 workers"),
            (Peer::Bare, "bare loop"),
        ],
        ratios: &[(Peer::Nchan, "ours / nchan"), (Peer::Bare, "ours / bare")],
        rows: STREAMS,
    },
    Layout {
        name: "bench on NATS",
        columns: &[
            (Peer::OursNats, "interest, 2.15.1"),
            (Peer::OursNatsBroadcast, "broadcast, 2.15.1"),
            (Peer::OursNatsDebian, "interest, 2.9.10"),
            (Peer::Nchan, "nchan, 1 worker"),
            (Peer::NchanRedis, "nchan on Redis"),
            (Peer::BareNats, "bare loop on 2.15.1"),
            (Peer::Bare, "bare loop"),
        ],
        ratios: &[
            (Peer::Nchan, "ours / nchan"),
            (Peer::NchanRedis, "ours / nchan on Redis"),
            (Peer::BareNats, "ours / bare on NATS"),
        ],
        rows: ON_NATS,
    },
    Layout {
        name: "bench of mail",
        columns: &[
            (Peer::Ours, "SQLite, bus on disk"),
            (Peer::OursNats, "PostgreSQL, NATS 2.15.1"),
            (Peer::OursNatsDebian, "PostgreSQL, NATS 2.9.10"),
            (Peer::Bare, "lettre loop"),
        ],
        // Each part is of one run.
        ratios: &[],
        rows: MAIL,
    },
    Layout {
        name: "bench of texts",
        columns: &[
            (Peer::Ours, "SQLite, bus on disk"),
            (Peer::OursNats, "PostgreSQL, NATS 2.15.1"),
            (Peer::Bare, "bare loop"),
        ],
        ratios: &[],
        rows: TEXTS,
    },
    Layout { name: "bench of fitting", columns: &[(Peer::Ours, "µs")], ratios: &[], rows: FITTING },
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
        // A table of which nothing was measured stays as it is.
        let Some(table) = layout.table(&medians) else { continue };
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

    /// Rows that nobody measured are left out; nothing without any.
    fn table(&self, medians: &Medians) -> Option<String> {
        let titles: Vec<&str> = self.columns.iter().chain(self.ratios).map(|(_, title)| *title).collect();
        let head = format!("| | {} | target |\n|{}\n", titles.join(" | "), "---|".repeat(titles.len() + 2));
        let is_measured =
            |row: &&Row| self.columns.iter().any(|(peer, _)| medians.get(row.metric, *peer).is_some());
        let lines: String = self.rows.iter().filter(is_measured).map(|row| self.line(row, medians)).collect();
        (!lines.is_empty()).then_some(head + &lines)
    }

    fn line(&self, row: &Row, medians: &Medians) -> String {
        let of = |peer| medians.get(row.metric, peer);
        let cell = |value: Option<f64>| value.map_or_else(String::new, |value| row.number(value));
        let ours = of(self.columns[0].0);
        let ratio = |peer| row.ratio(ours.zip(of(peer)));
        let values = self.columns.iter().map(|(peer, _)| cell(of(*peer)));
        let cells: Vec<String> = values.chain(self.ratios.iter().map(|(peer, _)| ratio(*peer))).collect();
        format!("| {} | {} | {} |\n", row.title, cells.join(" | "), row.target)
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
        let medians = Medians::of(&figures);
        let table = LAYOUTS[0].table(&medians).unwrap();
        assert!(table.ends_with("| 20.0 | 40.0 |  |  | 0.50 |  | ≤ 20 |\n"), "{table}");
        assert_eq!(table.lines().count(), 3);
        assert!(LAYOUTS[2].table(&medians).is_none(), "nothing of it was measured");
    }

    #[test]
    fn each_table_goes_between_its_own_markers() {
        let text = "a\n<!-- bench: begin -->\nold\n<!-- bench: end -->\n<!-- bench on NATS: begin -->\n<!-- bench on NATS: end -->\nz";
        let [first, second, ..] = &LAYOUTS;
        let placed = second.placed(&first.placed(text, "one\n").unwrap(), "two\n").unwrap();
        let expected = text.replace("old\n", "one\n").replace("NATS: begin -->\n", "NATS: begin -->\ntwo\n");
        assert_eq!(placed, expected);
        assert!(first.placed("no markers", "").is_err());
    }
}
