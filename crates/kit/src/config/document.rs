//! The settings as they were written: file and environment together, before they have types.

use toml::{Table, Value};

use super::{
    environment::Overrides,
    place::{Lines, Place, Step, keys},
};

/// What was written, less what was refused.
pub(super) struct Document {
    table: Table,
    lines: Lines,
    overrides: Overrides,
    /// Elements of lists that were taken away, by where they once stood: those behind them have moved up.
    taken: Vec<Vec<Step>>,
    /// What was refused, by where it once stood.
    refused: Vec<Vec<Step>>,
}

impl Document {
    /// `table` with what `overrides` say already in it.
    pub(super) fn new(table: Table, lines: Lines, overrides: Overrides) -> Self {
        Self { table, lines, overrides, taken: Vec::new(), refused: Vec::new() }
    }

    /// As a value, to be given types.
    pub(super) fn value(&self) -> Value {
        Value::Table(self.table.clone())
    }

    /// Takes a variable's value that was read as something else for the string that it is written as.
    pub(super) fn read_as_text(&mut self, path: &[Step]) -> bool {
        let is_in_a_list = path.iter().any(|step| matches!(step, Step::Element(_)));
        !is_in_a_list && self.overrides.read_as_text(&keys(path), &mut self.table)
    }

    /// Where the value at `path` was set.
    pub(super) fn place(&self, path: &[Step]) -> Option<Place> {
        let (names, written) = (keys(path), self.as_written(path));
        let variable = || self.overrides.variable(&names).map(Place::Variable);
        // A table that only the environment knows has no line.
        let below = || self.overrides.variable_below(&names).map(Place::Variable);
        let exact = || self.lines.exact_line(&written).map(Place::Line);
        variable().or_else(exact).or_else(below).or_else(|| self.lines.line(&written).map(Place::Line))
    }

    /// Notes that what is at `path` was refused.
    pub(super) fn refuse(&mut self, path: &[Step]) {
        self.refused.push(self.as_written(path));
    }

    /// Whether what is at `path`, or a part of it, was refused before.
    pub(super) fn was_refused(&self, path: &[Step]) -> bool {
        let written = self.as_written(path);
        self.refused.iter().any(|refused| refused.starts_with(&written))
    }

    /// Takes away what is at `path`, or the innermost that is around it; false when nothing is.
    pub(super) fn remove(&mut self, path: &[Step]) -> bool {
        (1..=path.len()).rev().filter_map(|length| path.get(..length)).any(|path| self.remove_exactly(path))
    }

    fn remove_exactly(&mut self, path: &[Step]) -> bool {
        let Some((last, outer)) = path.split_last() else { return false };
        let written = self.as_written(path);
        let Some(parent) = child_of(&mut self.table, outer) else { return false };
        match (parent, last) {
            (Parent::Table(table), Step::Key(key)) => table.remove(key).is_some(),
            (Parent::List(list), Step::Element(index)) if *index < list.len() => {
                list.remove(*index);
                self.taken.push(written);
                true
            }
            _ => false,
        }
    }

    /// The path that the value had before anything was taken away.
    fn as_written(&self, path: &[Step]) -> Vec<Step> {
        let mut written = Vec::with_capacity(path.len());
        for step in path {
            written.push(match step {
                Step::Element(index) => Step::Element(self.index_as_written(&written, *index)),
                Step::Key(_) => step.clone(),
            });
        }
        written
    }

    fn index_as_written(&self, list: &[Step], mut index: usize) -> usize {
        let mut gone: Vec<_> = self.taken.iter().filter_map(|taken| element_of(taken, list)).collect();
        gone.sort_unstable();
        for place in gone {
            index += usize::from(place <= index);
        }
        index
    }
}

fn element_of(path: &[Step], list: &[Step]) -> Option<usize> {
    match path.split_last() {
        Some((Step::Element(index), outer)) if outer == list => Some(*index),
        _ => None,
    }
}

enum Parent<'a> {
    Table(&'a mut Table),
    List(&'a mut Vec<Value>),
}

fn child_of<'a>(table: &'a mut Table, path: &[Step]) -> Option<Parent<'a>> {
    let mut parent = Parent::Table(table);
    for step in path {
        let child = match (parent, step) {
            (Parent::Table(table), Step::Key(key)) => table.get_mut(key)?,
            (Parent::List(list), Step::Element(index)) => list.get_mut(*index)?,
            _ => return None,
        };
        parent = match child {
            Value::Table(table) => Parent::Table(table),
            Value::Array(list) => Parent::List(list),
            _ => return None,
        };
    }
    Some(parent)
}
