//! A JSON object whose keys are taken one by one; what nobody took is kept.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::Malformed;

/// How deep a message may nest. Cyrus' own have two levels. An event with its message in it must stay within the depth
/// to which values of the bus are read.
const DEEPEST: usize = 64;

/// The keys of a message. A key of another type than expected is left where it is.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the message of an EVENT or IMIP.
    pub(crate) fn parse(message: &[u8]) -> Result<Self, Malformed> {
        let fields: Map<String, Value> = serde_json::from_slice(message).map_err(|_| Malformed::NotJson)?;
        if fields.values().any(|value| !is_within(value, DEEPEST - 1)) {
            return Err(Malformed::TooDeep);
        }
        Ok(Self(fields))
    }

    /// Looks at a text without taking it.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str)
    }

    /// Takes a text.
    pub(crate) fn take_text(&mut self, key: &str) -> Option<String> {
        self.take_whole(key, text_of)
    }

    /// Takes a text; an empty one says as little as none.
    pub(crate) fn take_words(&mut self, key: &str) -> Option<String> {
        self.take_text(key).filter(|text| !text.is_empty())
    }

    /// Takes a text that the notification cannot do without.
    pub(crate) fn require(&mut self, key: &'static str) -> Result<String, Malformed> {
        self.take_words(key).ok_or(Malformed::Missing(key))
    }

    /// Takes a number that fits.
    pub(crate) fn take_number<N: TryFrom<u64>>(&mut self, key: &str) -> Option<N> {
        self.take(key, |value| value.as_u64().and_then(|number| N::try_from(number).ok()))
    }

    /// Takes an array of texts.
    pub(crate) fn take_texts(&mut self, key: &str) -> Option<Vec<String>> {
        self.take_whole(key, |value| match value {
            Value::Array(items) if items.iter().all(Value::is_string) => {
                Ok(items.into_iter().filter_map(|item| text_of(item).ok()).collect())
            }
            other => Err(other),
        })
    }

    /// Takes what `read` can read, and leaves the rest.
    pub(crate) fn take<T>(&mut self, key: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let taken = self.0.get(key).and_then(read);
        if taken.is_some() {
            self.0.remove(key);
        }
        taken
    }

    /// Takes a value as it lies there; one of another type is given back.
    fn take_whole<T>(&mut self, key: &str, read: impl FnOnce(Value) -> Result<T, Value>) -> Option<T> {
        match read(self.0.remove(key)?) {
            Ok(taken) => Some(taken),
            Err(other) => {
                self.0.insert(key.to_owned(), other);
                None
            }
        }
    }

    /// Keeps a value that was taken but has no field of its own.
    pub(crate) fn keep(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// What nobody took.
    pub(crate) fn rest(self) -> BTreeMap<String, Value> {
        self.0.into_iter().collect()
    }
}

fn text_of(value: Value) -> Result<String, Value> {
    if let Value::String(text) = value { Ok(text) } else { Err(value) }
}

fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| is_within(item, levels - 1)),
        Value::Object(items) => levels > 0 && items.values().all(|item| is_within(item, levels - 1)),
        _ => true,
    }
}
