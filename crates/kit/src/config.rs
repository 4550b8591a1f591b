//! Configuration: one TOML file, overridden by the environment, checked as a whole.

pub mod duration;
mod environment;
mod errors;
mod secret;
pub mod size;

pub use errors::{ConfigError, ConfigErrors};
pub use secret::Secret;

use std::path::Path;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use environment::Overrides;

/// What is wrong with settings that have the right form; run by [`load`].
pub trait Validate {
    /// One sentence for each problem, in the operator's words. Empty = fine.
    fn problems(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Problems of a part, each with the name of the part before it.
pub fn within(part: &str, problems: Vec<String>) -> impl Iterator<Item = String> {
    problems.into_iter().map(move |problem| format!("{part}.{problem}"))
}

/// No more errors than this are looked for: nobody reads more at once.
const MOST_ERRORS: usize = 100;

/// Reads settings: the file if there is one, then over it every `PREFIX__A__B=value` of `env` as the key `a.b`.
///
/// A value of the environment is read as TOML where it is TOML (`3`, `true`, `["a"]`, `"quoted"`), else as a plain
/// string; so is one that is TOML of a type that the key does not take. All that is wrong is told at once.
/// Unknown keys are refused if the types of `T` say `deny_unknown_fields`, as ours do.
pub fn load<T: DeserializeOwned + Validate>(
    path: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
    prefix: &str,
) -> Result<T, ConfigErrors> {
    load_for(path, env, prefix, T::problems)
}

/// [`load`] where what is wrong depends on who asks: `problems` says it in place of [`Validate`].
pub fn load_for<T: DeserializeOwned>(
    path: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
    prefix: &str,
    problems: impl FnOnce(&T) -> Vec<String>,
) -> Result<T, ConfigErrors> {
    let mut table = path.map_or_else(|| Ok(Table::new()), read)?;
    let mut errors = ConfigErrors::default();
    let overrides = Overrides::from_env(env, prefix);
    overrides.apply(&mut table, &mut errors);
    let settings: Option<T> = deserialize(table, overrides, &mut errors);
    match settings {
        Some(settings) => {
            let problems = problems(&settings);
            check(settings, problems, errors)
        }
        None => Err(errors),
    }
}

fn read(path: &Path) -> Result<Table, ConfigErrors> {
    let error = |message: String| ConfigErrors::one(path.display().to_string(), message);
    let text = std::fs::read_to_string(path).map_err(|why| error(why.to_string()))?;
    toml::from_str(&text).map_err(|why: toml::de::Error| error(on_its_line(&text, &why)))
}

/// Not the error's own text: that shows the line itself, which may hold a secret.
fn on_its_line(text: &str, why: &toml::de::Error) -> String {
    let before = why.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {}: {}", before.matches('\n').count() + 1, why.message())
}

/// What was refused was left out of `settings`: a problem that may only come from that is not told.
fn check<T>(settings: T, problems: Vec<String>, mut errors: ConfigErrors) -> Result<T, ConfigErrors> {
    let is_told = |problem: &String| {
        let about = problem.split(':').next().unwrap_or_default();
        errors.iter().any(|error| matches!(error, ConfigError::Key { key, .. } if key.starts_with(about)))
    };
    let problems: Vec<_> = problems.into_iter().filter(|problem| !is_told(problem)).collect();
    errors.extend(problems.into_iter().map(ConfigError::Problem));
    if errors.is_empty() { Ok(settings) } else { Err(errors) }
}

/// Deserializes, and at each error takes the key that is to blame away and tries again, so that the next error shows.
/// Gives settings also where there were errors (without those keys), for the checks that come after.
fn deserialize<T: DeserializeOwned>(
    mut table: Table,
    mut overrides: Overrides,
    errors: &mut ConfigErrors,
) -> Option<T> {
    while errors.len() < MOST_ERRORS {
        let error = match serde_path_to_error::deserialize(Value::Table(table.clone())) {
            Ok(settings) => return Some(settings),
            Err(error) => error,
        };
        let mut keys = keys(error.path());
        let inner: toml::de::Error = error.into_inner();
        keys.extend(unknown_key(&keys, inner.message()));
        if overrides.read_as_text(&keys, &mut table) {
            continue;
        }
        errors.push(ConfigError::Key { key: keys.join("."), message: without_value(inner.message().trim()) });
        if !remove(&mut table, &keys) {
            return None;
        }
    }
    None
}

/// The keys down to the value that was refused; an element of a list stands for the whole list.
fn keys(path: &serde_path_to_error::Path) -> Vec<String> {
    use serde_path_to_error::Segment;
    let key = |segment: &Segment| match segment {
        Segment::Map { key } => Some(key.clone()),
        Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown => None,
    };
    path.iter().map_while(key).collect()
}

/// serde's message without the value that it quotes, which may be a secret that came to the wrong key.
/// "invalid type: string "sesame", expected a map" becomes "invalid type: string, expected a map".
fn without_value(message: &str) -> String {
    const QUOTING: [&str; 3] = ["invalid type: ", "invalid value: ", "unknown variant "];
    if !QUOTING.iter().any(|start| message.starts_with(start)) {
        return message.to_owned();
    }
    // The last one: the value may hold these words too, and what is expected is ours.
    let (found, expected) = message.split_at(message.rfind(", expected ").unwrap_or(message.len()));
    let kind = found.split(['"', '`']).next().unwrap_or_default();
    format!("{}{expected}", kind.trim_end())
}

/// The name in serde's "unknown field `name`": it is not part of the path where the type has no such field.
fn unknown_key(keys: &[String], message: &str) -> Option<String> {
    let name = message.strip_prefix("unknown field `")?.split('`').next()?;
    (keys.last().map(String::as_str) != Some(name)).then(|| name.to_owned())
}

fn remove(table: &mut Table, keys: &[String]) -> bool {
    match keys {
        [] => false,
        [key] => table.remove(key).is_some(),
        [key, rest @ ..] => {
            table.get_mut(key).and_then(Value::as_table_mut).is_some_and(|inner| remove(inner, rest))
        }
    }
}

#[cfg(test)]
mod tests;
