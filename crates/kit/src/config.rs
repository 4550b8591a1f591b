//! Configuration: one TOML file, overridden by the environment, checked as a whole.

mod document;
pub mod duration;
mod environment;
mod errors;
mod place;
mod secret;
pub mod size;
mod strict;

pub use errors::{ConfigError, ConfigErrors};
pub use place::Place;
pub use secret::Secret;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use toml::{Table, de::DeTable};

use document::Document;
use environment::Overrides;
use place::{Lines, Step, dotted, line_of};
use strict::Strict;

/// What is wrong with settings that have the right form; run by [`load`].
pub trait Validate {
    /// One sentence for each problem, in the operator's words. Empty = fine.
    fn problems(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Problems of a part, each with the name of the part before it. One that begins with a colon is of the whole part.
pub fn within(part: &str, problems: Vec<String>) -> impl Iterator<Item = String> {
    problems.into_iter().map(move |problem| {
        let dot = if problem.starts_with(':') { "" } else { "." };
        format!("{part}{dot}{problem}")
    })
}

/// An error and its causes in one line. A cause whose words an error repeats is told once.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

/// Whether a text holds line breaks or other control characters, which could not stand in a header of mail or HTTP.
pub fn has_controls(text: &str) -> bool {
    text.contains(char::is_control)
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
    load_for(path, env, prefix, T::problems).map(|loaded| loaded.settings)
}

/// What [`load_for`] gives.
#[derive(Debug)]
pub struct Loaded<T> {
    /// The settings.
    pub settings: T,
    /// The files that secrets were read from, each with its key.
    pub secret_files: Vec<(String, PathBuf)>,
}

/// [`load`] where what is wrong depends on who asks: `problems` says it in place of [`Validate`].
pub fn load_for<T: DeserializeOwned>(
    path: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
    prefix: &str,
    problems: impl FnOnce(&T) -> Vec<String>,
) -> Result<Loaded<T>, ConfigErrors> {
    load_needing(path, env, prefix, None, problems)
}

/// [`load_for`] by somebody who uses only some of the secrets: those of the part `needed`. A file of another that cannot be
/// read is no error, and what needs it is missing in the settings, or has its default.
pub fn load_needing<T: DeserializeOwned>(
    path: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
    prefix: &str,
    needed: Option<&str>,
    problems: impl FnOnce(&T) -> Vec<String>,
) -> Result<Loaded<T>, ConfigErrors> {
    let (mut table, lines) = path.map_or_else(|| Ok(Default::default()), read)?;
    let mut errors = ConfigErrors::default();
    let overrides = Overrides::from_env(env, prefix);
    overrides.apply(&mut table, &mut errors);
    let mut secret_files = Vec::new();
    secret::files(&table, &mut Vec::new(), &mut secret_files);
    let mut document = Document::new(table, lines, overrides);
    let settings: Option<T> = deserialize(&mut document, &mut errors);
    let Some(settings) = settings else { return Err(errors) };
    if let Some(needed) = needed {
        errors.retain(|error| !is_of_another(error, needed, &secret_files));
    }
    add(problems(&settings), &document, &mut errors);
    if errors.is_empty() { Ok(Loaded { settings, secret_files }) } else { Err(errors) }
}

fn read(path: &Path) -> Result<(Table, Lines), ConfigErrors> {
    let error = |message: String| ConfigErrors::one(path.display().to_string(), message);
    let text = std::fs::read_to_string(path).map_err(|why| error(why.to_string()))?;
    let (table, wrong) = DeTable::parse_recoverable(&text);
    let mut errors = ConfigErrors::default();
    let key = path.display().to_string();
    let told = wrong.iter().take(MOST_ERRORS).map(|why| {
        // Not the error's own text: that shows the line itself, which may hold a secret.
        let place = why.span().map(|span| Place::Line(line_of(&text, span.start)));
        ConfigError::Key { key: key.clone(), message: why.message().to_owned(), place }
    });
    errors.extend(told);
    if !errors.is_empty() {
        return Err(errors);
    }
    let lines = Lines::of(&text, table.get_ref());
    Ok((toml::from_str(&text).map_err(|why: toml::de::Error| error(why.message().to_owned()))?, lines))
}

/// Adds problems to what was refused. What was refused was left out of the settings: a problem that may only come from
/// that is not told. Of a key that is not known the settings lack nothing.
fn add(problems: Vec<String>, document: &Document, errors: &mut ConfigErrors) {
    let about = |problem: &str| problem.split([':', ' ']).next().unwrap_or_default().to_owned();
    let lacks = |error: &ConfigError, about: &str| {
        matches!(error, ConfigError::Key { key, message, .. }
            if is_within(key, about) && !message.starts_with("unknown field"))
    };
    let is_refused = |about: &str| errors.iter().any(|error| lacks(error, about));
    let left: Vec<_> = problems.into_iter().filter(|problem| !is_refused(&about(problem))).collect();
    errors.extend(left.into_iter().map(|message| {
        let path: Vec<_> = about(&message).split('.').map(|key| Step::Key(key.to_owned())).collect();
        ConfigError::Problem { place: document.place(&path), message }
    }));
}

/// Whether it is about a file with a secret, and none of the part `needed`.
fn is_of_another(error: &ConfigError, needed: &str, secret_files: &[(String, PathBuf)]) -> bool {
    let ConfigError::Key { key, message, .. } = error else { return false };
    let is_about = |file: &Path| {
        message.strip_prefix(&*file.to_string_lossy()).is_some_and(|rest| rest.starts_with(": "))
    };
    !is_within(key, needed) && secret_files.iter().any(|(secret, file)| secret == key && is_about(file))
}

/// Whether `key` is `part` or a key of it.
fn is_within(key: &str, part: &str) -> bool {
    key.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Deserializes, and at each error takes the value that is to blame away and tries again, so that the next error shows.
/// Gives settings also where there were errors (without those values), for the checks that come after.
fn deserialize<T: DeserializeOwned>(document: &mut Document, errors: &mut ConfigErrors) -> Option<T> {
    let mut as_value = BTreeMap::new();
    while errors.len() < MOST_ERRORS {
        let error = match serde_path_to_error::deserialize(Strict(document.value())) {
            Ok(settings) => return Some(settings),
            Err(error) => error,
        };
        let mut path = steps(error.path());
        let inner: toml::de::Error = error.into_inner();
        path.extend(unknown_key(&path, inner.message()));
        let message = without_value(inner.message().trim());
        if document.read_as_text(&path) {
            as_value.insert(path, message);
            continue;
        }
        // Where no string is taken, what was wrong is the value.
        let is_no_text = message.starts_with("invalid type: string");
        let message = as_value.remove(&path).filter(|_| is_no_text).unwrap_or(message);
        if !is_left_by(document, &path, &message) {
            errors.push(ConfigError::Key { key: dotted(&path), message, place: document.place(&path) });
            document.refuse(&path);
        }
        if !document.remove(&path) {
            return None;
        }
    }
    None
}

/// Whether it is wrong only because something in it was refused and taken away.
fn is_left_by(document: &Document, path: &[Step], message: &str) -> bool {
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match missing {
        Some(name) => document.was_refused(&[path, &[Step::Key(name.to_owned())]].concat()),
        // A variant that is gone from the table that named it.
        None => message.starts_with("wanted exactly 1 element") && document.was_refused(path),
    }
}

/// The way down to the value that was refused.
fn steps(path: &serde_path_to_error::Path) -> Vec<Step> {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Seq { index } => Some(Step::Element(*index)),
        // Of a table with one key, which names the variant.
        Segment::Enum { variant } => Some(Step::Key(variant.clone())),
        Segment::Unknown => None,
    };
    path.iter().map_while(step).collect()
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
fn unknown_key(path: &[Step], message: &str) -> Option<Step> {
    let name = message.strip_prefix("unknown field `")?.split('`').next()?;
    let step = Step::Key(name.to_owned());
    (path.last() != Some(&step)).then_some(step)
}

#[cfg(test)]
mod tests;
