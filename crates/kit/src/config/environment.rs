//! Variables of the environment that override keys of the file.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{ConfigError, ConfigErrors};

/// What the environment says, by path of keys.
pub(super) struct Overrides(BTreeMap<Vec<String>, String>);

impl Overrides {
    /// Takes the variables that begin with `prefix` and two underscores; the rest are not ours.
    pub(super) fn from_env(env: impl Iterator<Item = (String, String)>, prefix: &str) -> Self {
        let start = format!("{prefix}__");
        let keys = |name: &str| name.split("__").map(str::to_lowercase).collect();
        Self(env.filter_map(|(name, value)| Some((keys(name.strip_prefix(&start)?), value))).collect())
    }

    /// Puts them over the keys of the file.
    pub(super) fn apply(&self, table: &mut Table, errors: &mut ConfigErrors) {
        for (keys, text) in &self.0 {
            if !put(table, keys, value(text)) {
                let message = "the environment overrides a key below one that is no table".to_owned();
                errors.push(ConfigError::Key { key: keys.join("."), message });
            }
        }
    }

    /// Takes a value that was read as something else for the string it is written as; false if there is none such.
    /// So a password of digits needs no quotes.
    pub(super) fn read_as_text(&mut self, keys: &[String], table: &mut Table) -> bool {
        match self.0.remove(keys) {
            Some(text) if !value(&text).is_str() => put(table, keys, Value::String(text)),
            Some(_) | None => false,
        }
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
