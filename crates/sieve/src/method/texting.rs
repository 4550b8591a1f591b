//! By text message (RFC 5724, RFC 3966).

use std::fmt;

use super::{MOST_DESTINATIONS, Unsupported, decoded, fields, without_fragment};

/// What a `sms:` or `tel:` URI, or the method `sms` of old, asks for.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Texting {
    /// Telephone numbers as they were written, at least one.
    pub numbers: Vec<String>,
    /// The text that the URI gives (RFC 5724 §2.2).
    pub body: Option<String>,
    /// Numbers that are too many.
    pub left_out: usize,
}

impl Texting {
    /// The one number of the old form.
    pub(super) fn one(number: &str) -> Result<Self, Unsupported> {
        Self::default().with([number])
    }

    /// Reads what stands after `sms:`.
    pub(super) fn of_sms(uri: &str) -> Result<Self, Unsupported> {
        let uri = without_fragment(uri);
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let body = fields(query).find(|(name, _)| name == "body").map(|(_, body)| body);
        let numbers = path.split(',').map(subscriber).collect::<Result<Vec<_>, _>>()?;
        Self { body, ..Self::default() }.with(numbers.iter().map(String::as_str))
    }

    /// Reads what stands after `tel:`.
    pub(super) fn of_tel(uri: &str) -> Result<Self, Unsupported> {
        Self::default().with([subscriber(without_fragment(uri))?.as_str()])
    }

    fn with<'a>(mut self, numbers: impl IntoIterator<Item = &'a str>) -> Result<Self, Unsupported> {
        for number in numbers.into_iter().map(str::trim).filter(|number| !number.is_empty()) {
            if self.numbers.iter().any(|known| known == number) {
                continue;
            }
            if self.numbers.len() < MOST_DESTINATIONS {
                self.numbers.push(number.to_owned());
            } else {
                self.left_out += 1;
            }
        }
        if self.numbers.is_empty() { Err(Unsupported::NoDestination) } else { Ok(self) }
    }
}

/// Hides numbers and words: they must not reach a log by way of `{:?}`.
impl fmt::Debug for Texting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texting").field("numbers", &self.numbers.len()).finish_non_exhaustive()
    }
}

/// A `telephone-subscriber` (RFC 3966 §3): its number, completed by a context that is the beginning of a number. An
/// extension cannot be sent a text.
fn subscriber(written: &str) -> Result<String, Unsupported> {
    let mut parts = written.split(';');
    let number = decoded(parts.next().unwrap_or_default())?;
    let mut context = None;
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match name.to_ascii_lowercase().as_str() {
            "ext" | "isub" => return Err(Unsupported::Malformed),
            "phone-context" if !number.starts_with('+') => context = Some(decoded(value)?),
            _ => {}
        }
    }
    match context {
        None => Ok(number),
        Some(context) if context.starts_with('+') => Ok(context + &number),
        // A domain as context says nothing that we could dial.
        Some(_) => Err(Unsupported::Malformed),
    }
}
