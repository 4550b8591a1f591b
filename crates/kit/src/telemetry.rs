//! Logs, to standard error.

use std::io::{self, IsTerminal};

use serde::{Deserialize, Serialize};
use tracing_subscriber::{EnvFilter, util::SubscriberInitExt};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Why logging did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not of the form `info,relay=debug`.
    #[error("log filter is malformed")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The process has a logger already.
    #[error("logging is set up already")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Libraries that say in an outage, once for each attempt, what a line of ours says once, or at each start that tables are
/// there: silent unless the filter names them.
const QUIET: [&str; 5] =
    ["async_nats", "sqlx::pool", "sqlx::postgres::notice", "sqlx::query", "sqlx_core::pool"];

/// A library whose finer lines hold what may not be logged, whatever an operator asks for: the client of NATS tells every
/// message with its content, and addresses with their passwords.
const CAPPED: &str = "async_nats";

/// The levels there are.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// What is wrong with a filter, if anything is.
///
/// A word alone is a level. The library takes any other for the name of a target, so that a level that is misspelt
/// would silence everything.
pub fn problem(filter: &str) -> Option<String> {
    directives(filter).find_map(problem_of).or_else(|| capped(filter).err().map(|error| error.to_string()))
}

fn problem_of(directive: &str) -> Option<String> {
    let (target, level) = match directive.rsplit_once('=') {
        // What stands in a span, `[name{field=value}]`, is for the library to judge.
        Some((_, level)) if level.contains([']', '}']) => return None,
        Some((target, level)) => (Some(target), level),
        None if directive.contains('[') => return None,
        None => (None, directive),
    };
    if LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level)) {
        return None;
    }
    let for_target = target.map(|target| format!(" for {target:?}")).unwrap_or_default();
    let levels = LEVELS.join(", ");
    Some(format!(
        "{level:?} is no level{for_target}: one of {levels}, or a target with one, like relay=debug"
    ))
}

/// What the library splits a filter into.
fn directives(filter: &str) -> impl Iterator<Item = &str> {
    filter.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// The operator's filter, with what it may not ask of [`CAPPED`] left out, and [`QUIET`] silent where it does not name them.
fn capped(filter: &str) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    let is_named = |target: &&str| directives(filter).any(|part| names(part, target));
    let silent = QUIET.iter().filter(|target| !is_named(target)).map(|target| format!("{target}=off"));
    let parts: Vec<_> = directives(filter).map(cap).chain(silent).collect();
    EnvFilter::try_new(parts.join(","))
}

/// Whether a part of a filter is about a target: its own, a module of it, or the library that it is a part of.
fn names(part: &str, target: &str) -> bool {
    let named = part.split(['=', '[']).next().unwrap_or(part);
    part.starts_with(target) || (!named.is_empty() && target.starts_with(&format!("{named}::")))
}

/// A part of a filter, or the most that it may ask for.
fn cap(part: &str) -> String {
    let is_low = ["off", "error"].iter().any(|level| part.eq_ignore_ascii_case(&format!("{CAPPED}={level}")));
    if part.starts_with(CAPPED) && !is_low { format!("{CAPPED}=warn") } else { part.to_owned() }
}

/// Starts logging for the whole process. `filter` is in the form of `RUST_LOG`: `info,relay=debug`.
pub fn init(format: Format, filter: &str) -> Result<(), TelemetryError> {
    let filter = capped(filter)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match format {
        Format::Text => lines.finish().try_init()?,
        Format::Json => lines.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_filter_shows_what_a_library_would_tell_of_content() {
        for asked in ["info,async_nats=trace", "async_nats::connection=trace, async_nats[x]=debug"] {
            assert_eq!(said_of("async_nats", asked), ["async_nats=warn"], "{asked}");
        }
        assert_eq!(said_of("async_nats", "async_nats=ERROR"), ["async_nats=error"]);
        assert_eq!(said_of("relay", "info,relay=debug"), ["relay=debug"]);
    }

    fn said_of(target: &str, asked: &str) -> Vec<String> {
        let filter = capped(asked).unwrap().to_string();
        filter.split(',').filter(|part| part.starts_with(target)).map(str::to_owned).collect()
    }

    #[test]
    fn libraries_are_silent_unless_they_are_named() {
        for asked in ["", "trace", "info,relay=debug", "sqlxy=info"] {
            for target in QUIET {
                assert_eq!(said_of(target, asked), [format!("{target}=off")], "{asked}");
            }
        }
        let others = ["sqlx::postgres::notice=off", "sqlx::query=debug", "sqlx::pool=off"];
        assert_eq!(said_of("sqlx::", "info,sqlx::query=debug"), others);
        assert_eq!(said_of("sqlx", "info,sqlx=warn"), ["sqlx_core::pool=off", "sqlx=warn"]);
        assert_eq!(said_of("sqlx", "sqlx::pool::acquire=warn").len(), 4, "its pool is not silenced");
    }

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for right in ["info", "INFO", "", "warn, relay=debug", "info,[job{group=alarm}]=trace", "[job]"] {
            assert_eq!(problem(right), None, "{right}");
        }
        for (wrong, named) in [
            ("inof", "\"inof\""),
            ("info,relay", "\"relay\""),
            ("relay=loud", "\"loud\" is no level for \"relay\""),
        ] {
            assert!(problem(wrong).unwrap().contains(named), "{wrong}");
        }
    }

    #[test]
    fn malformed_filter_is_refused_and_a_second_logger_too() {
        assert!(matches!(init(Format::Text, "relay=loud"), Err(TelemetryError::Filter(_))));
        init(Format::Json, "warn").unwrap();
        assert!(matches!(init(Format::Text, "info"), Err(TelemetryError::Twice(_))));
    }
}
