//! Where a key was set, for whoever has to correct it.

use std::{collections::BTreeMap, fmt};

use toml::de::{DeTable, DeValue};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of the file, counted from 1.
    Line(usize),
    /// A variable of the environment, by its name.
    Variable(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// A step on the way down to a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Of a table.
    Key(String),
    /// Of a list, counted from 0.
    Element(usize),
}

/// `a.b.c`; an element of a list goes by the name of its list.
pub(super) fn dotted(path: &[Step]) -> String {
    keys(path).join(".")
}

/// The keys on the way.
pub(super) fn keys(path: &[Step]) -> Vec<String> {
    let key = |step: &Step| match step {
        Step::Key(key) => Some(key.clone()),
        Step::Element(_) => None,
    };
    path.iter().filter_map(key).collect()
}

/// The lines of a file on which its keys and the elements of its lists stand.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<Vec<Step>, usize>);

impl Lines {
    /// Those of `table`, which was read from `text`.
    pub(super) fn of(text: &str, table: &DeTable<'_>) -> Self {
        let mut lines = Self::default();
        lines.note_table(text, table, &mut Vec::new());
        lines
    }

    /// The line of what stands at `path`.
    pub(super) fn exact_line(&self, path: &[Step]) -> Option<usize> {
        self.0.get(path).copied()
    }

    /// The line of what stands at `path`, or else of the innermost table around it that is in the file.
    pub(super) fn line(&self, path: &[Step]) -> Option<usize> {
        let around = (1..=path.len()).rev().filter_map(|length| path.get(..length));
        around.filter_map(|path| self.0.get(path)).next().copied()
    }

    fn note_table(&mut self, text: &str, table: &DeTable<'_>, path: &mut Vec<Step>) {
        for (key, value) in table {
            path.push(Step::Key(key.get_ref().to_string()));
            self.0.insert(path.clone(), line_of(text, key.span().start));
            self.note_value(text, value.get_ref(), path);
            path.pop();
        }
    }

    fn note_value(&mut self, text: &str, value: &DeValue<'_>, path: &mut Vec<Step>) {
        match value {
            DeValue::Table(table) => self.note_table(text, table, path),
            DeValue::Array(list) => {
                for (index, element) in list.iter().enumerate() {
                    path.push(Step::Element(index));
                    self.0.insert(path.clone(), line_of(text, element.span().start));
                    self.note_value(text, element.get_ref(), path);
                    path.pop();
                }
            }
            _ => {}
        }
    }
}

/// The line of the octet at `offset`, counted from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or_default().matches('\n').count() + 1
}
