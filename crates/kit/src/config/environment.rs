//! Variables of the environment that override keys of the file.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{ConfigError, ConfigErrors, Place};

/// What the environment says, by path of keys.
pub(super) struct Overrides(BTreeMap<Vec<String>, Override>);

struct Override {
    /// Of the variable.
    name: String,
    text: String,
    /// Whether it counts as a string, whatever it looks like.
    is_text: bool,
}

impl Overrides {
    /// Takes the variables that begin with `prefix` and two underscores; the rest are not ours.
    pub(super) fn from_env(env: impl Iterator<Item = (String, String)>, prefix: &str) -> Self {
        let start = format!("{prefix}__");
        let keys = |name: &str| name.split("__").map(str::to_lowercase).collect();
        let over = |(name, text): (String, String)| {
            Some((keys(name.strip_prefix(&start)?), Override { name, text, is_text: false }))
        };
        Self(env.filter_map(over).collect())
    }

    /// Puts them over the keys of the file.
    pub(super) fn apply(&self, table: &mut Table, errors: &mut ConfigErrors) {
        for (keys, Override { name, text, .. }) in &self.0 {
            if !put(table, keys, value(text)) {
                let message = "the environment overrides a key below one that is no table".to_owned();
                let place = Some(Place::Variable(name.clone()));
                errors.push(ConfigError::Key { key: keys.join("."), message, place });
            }
        }
    }

    /// Takes a number or the like for the string it is written as; false if there is none such. So a password of digits
    /// needs no quotes. What is written as a table or a list is meant as one.
    pub(super) fn read_as_text(&mut self, keys: &[String], table: &mut Table) -> bool {
        match self.0.get_mut(keys) {
            Some(over) if !over.is_text && is_scalar(&value(&over.text)) => {
                over.is_text = true;
                put(table, keys, Value::String(over.text.clone()))
            }
            Some(_) | None => false,
        }
    }

    /// The name of a variable that sets something below `keys`.
    pub(super) fn variable_below(&self, keys: &[String]) -> Option<String> {
        self.0.iter().find(|(set, _)| set.starts_with(keys)).map(|(_, over)| over.name.clone())
    }

    /// The name of the variable that sets what is at `keys`, or the table that it is in.
    pub(super) fn variable(&self, keys: &[String]) -> Option<String> {
        let around = (1..=keys.len()).rev().filter_map(|length| keys.get(..length));
        around.filter_map(|keys| self.0.get(keys)).next().map(|over| over.name.clone())
    }
}

/// TOML if it is exactly one TOML value, else the text itself.
fn value(text: &str) -> Value {
    let parsed = toml::from_str::<Table>(&format!("value = {text}"));
    match parsed {
        Ok(mut table) if table.len() == 1 => {
            table.remove("value").unwrap_or_else(|| Value::String(text.to_owned()))
        }
        Ok(_) | Err(_) => Value::String(text.to_owned()),
    }
}

/// Whether it could be meant as a string, and was read as something else.
fn is_scalar(value: &Value) -> bool {
    !(value.is_str() || value.is_table() || value.is_array())
}

fn put(table: &mut Table, keys: &[String], value: Value) -> bool {
    match keys {
        [] => false,
        [key] => {
            table.insert(key.clone(), value);
            true
        }
        [key, rest @ ..] => {
            let inner = table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
            inner.as_table_mut().is_some_and(|inner| put(inner, rest, value))
        }
    }
}
