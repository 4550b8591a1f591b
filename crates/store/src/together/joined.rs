//! A caller's steps as one text: one trip to the thread that SQLite works on, instead of one for each step.

use std::fmt::Write as _;

use futures_util::StreamExt as _;
use sqlx::{
    Arguments as _, AssertSqlSafe, Either, Executor as _, SqlSafeStr as _, SqlStr, SqliteConnection,
    sqlite::SqliteArguments,
};

use super::{Step, Together};
use crate::statement::Value;

/// Begins a transaction whose callers are taken back each for itself.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE; SAVEPOINT caller";
/// What the caller before did is not taken back any more, but by taking back all.
const NEXT: [&str; 2] = ["RELEASE caller", "SAVEPOINT caller"];
const UNDO: &str = "ROLLBACK TO caller";

/// See the module.
#[derive(Debug)]
pub(super) struct Joined {
    sql: SqlStr,
    arguments: SqliteArguments,
    /// Of each step: whether it has to change a row.
    must: Vec<bool>,
}

impl Joined {
    pub(super) fn of(steps: &[Step<'_>]) -> Result<Self, sqlx::Error> {
        let (mut sql, mut arguments) = (NEXT.join("; "), SqliteArguments::default());
        for step in steps {
            sql.push_str("; ");
            renumber(&mut sql, step.sql, arguments.len());
            for value in step.values {
                let added = match *value {
                    Value::Text(text) => arguments.add(text),
                    Value::Number(number) => arguments.add(number),
                };
                added.map_err(sqlx::Error::Encode)?;
            }
        }
        let must = steps.iter().map(|step| step.must).collect();
        // All of it is our own, and static.
        Ok(Self { sql: AssertSqlSafe(sql).into_sql_str(), arguments, must })
    }

    /// Runs the steps within a transaction that others share: what came of them, once it is committed. Where they had no
    /// effect the others keep theirs. An error of the call itself is the end of the transaction.
    pub(super) async fn run(
        self,
        connection: &mut SqliteConnection,
    ) -> Result<Result<Together, sqlx::Error>, sqlx::Error> {
        let outcome = self.in_order(connection).await;
        match &outcome {
            Ok(Together::Done) => return Ok(outcome),
            Ok(Together::Stopped(_)) | Err(sqlx::Error::Database(_)) => {}
            Err(_) => return outcome.map(Ok),
        }
        match connection.execute(UNDO).await {
            Ok(_) => Ok(outcome),
            // SQLite itself takes back everything where the disk is full, say.
            Err(why) => Err(outcome.err().unwrap_or(why)),
        }
    }

    /// Steps after one that stopped may run all the same: they are taken back with it, and what they say is not heard.
    async fn in_order(self, connection: &mut SqliteConnection) -> Result<Together, sqlx::Error> {
        let query = sqlx::query_with(self.sql, self.arguments);
        let mut results = connection.fetch_many(query);
        let mut left = NEXT.len();
        let mut at = 0;
        while let Some(result) = results.next().await {
            match result? {
                Either::Right(_) => {}
                Either::Left(_) if left > 0 => left -= 1,
                Either::Left(done) if done.rows_affected() == 0 && self.must.get(at) == Some(&true) => {
                    return Ok(Together::Stopped(at));
                }
                Either::Left(_) => at += 1,
            }
        }
        Ok(Together::Done)
    }
}

/// Adds `sql` with its arguments named by their places after `before` others.
fn renumber(joined: &mut String, sql: &str, before: usize) {
    let mut parts = sql.split('$');
    joined.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(end);
        let number = number.parse::<usize>().map_or(0, |number| number + before);
        // Writing to a string cannot fail.
        write!(joined, "${number}{rest}").ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_later_steps_come_after_those_before() {
        let mut sql = String::new();
        renumber(&mut sql, "A $1, ($2)", 0);
        renumber(&mut sql, "; B $2 = $10;", 2);
        assert_eq!(sql, "A $1, ($2); B $4 = $12;");
    }
}
