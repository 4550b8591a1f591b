//! Statements for any number of rows.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use crate::statement::Value;

/// Numbers of rows for which there is a statement: each is prepared once on each connection, so there are few. All who go
/// together wait for the last of them, so none is large.
const SIZES: [usize; 10] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];

/// The most rows of one.
pub(super) const MOST_ROWS: usize = SIZES[SIZES.len() - 1];

/// A statement over a list of rows. Each row of its answer says in the column `name` whose it is.
#[derive(Debug)]
pub(crate) struct Many {
    texts: [SqlStr; SIZES.len()],
    /// Whether it may wait a moment for company.
    waits: bool,
}

/// What one caller wants of it.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Who it is for. No two of one name go together.
    pub(crate) name: String,
    /// Its row of the list.
    pub(crate) values: Vec<OwnValue>,
}

/// An argument, for a statement that somebody else runs.
#[derive(Debug)]
pub(crate) enum OwnValue {
    Text(String),
    Number(i64),
}

impl Many {
    /// `head` and `tail` are the statement before and after its list `v`, of so many `columns`: `column1` and so on.
    /// They hold nothing that came from outside, but for names that [`crate::TableName`] has looked at.
    pub(crate) fn new(head: &str, columns: usize, tail: &str) -> Self {
        let texts = SIZES.map(|rows| {
            let text = format!("{head} (VALUES {}) AS v {tail}", list(rows, columns));
            AssertSqlSafe(text).into_sql_str()
        });
        Self { texts, waits: true }
    }

    /// The same, but it waits for nobody, and goes with all who came during the one before: few callers are under way, and
    /// each does nothing else meanwhile.
    pub(crate) fn at_once(self) -> Self {
        Self { waits: false, ..self }
    }

    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// For the most rows that are no more than `waiting`, which are not none; and how many these are.
    pub(crate) fn of(&self, waiting: usize) -> (SqlStr, usize) {
        let at = SIZES.partition_point(|size| *size <= waiting).saturating_sub(1);
        (self.texts[at].clone(), SIZES[at])
    }
}

impl OwnValue {
    pub(super) fn lent(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Number(number) => Value::Number(*number),
        }
    }
}

/// `($1, $2), ($3, $4)`
fn list(rows: usize, columns: usize) -> String {
    let mut text = String::new();
    for number in 1..=rows * columns {
        let before = match (number, number % columns == 1 || columns == 1) {
            (1, _) => "(",
            (_, true) => "), (",
            (_, false) => ", ",
        };
        // Writing to a string cannot fail.
        write!(text, "{before}${number}").ok();
    }
    text + ")"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_numbered_through_all_rows() {
        assert_eq!(list(1, 1), "($1)");
        assert_eq!(list(2, 3), "($1, $2, $3), ($4, $5, $6)");
        let many = Many::new("SELECT v.column1 AS name FROM", 1, "WHERE TRUE");
        let (sql, rows) = many.of(2);
        assert_eq!(
            (sql.as_str(), rows),
            ("SELECT v.column1 AS name FROM (VALUES ($1), ($2)) AS v WHERE TRUE", 2)
        );
    }

    #[test]
    fn as_many_rows_go_together_as_there_is_a_statement_for() {
        let many = Many::new("SELECT v.column1 AS name FROM", 1, "");
        let sizes = [1, 2, 5, 31, 32, 1000].map(|waiting| many.of(waiting).1);
        assert_eq!(sizes, [1, 2, 4, 24, 32, MOST_ROWS]);
    }
}
