//! Telephone numbers (ITU-T E.164), and which of them are not to be sent text messages.

use std::{fmt, str::FromStr};

use phonenumber::{Mode, PhoneNumber, Type, metadata::DATABASE};

/// A country with a numbering plan, by its two capital letters (ISO 3166, and CLDR's beside them): `DE`.
pub use phonenumber::country::Id as Country;

/// A telephone number in international form: `+` and at most 15 digits, one that its country's plan has room for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(PhoneNumber);

/// Which numbers may be sent text messages.
#[derive(Debug, Clone, Default)]
pub struct NumberRules {
    /// The country of numbers that are written without one.
    pub home: Option<Country>,
    /// Countries that may be sent to.
    pub countries: Vec<Country>,
    /// Beginnings of numbers that may not, whatever their country: `+` and digits.
    pub barred: Vec<String>,
}

/// Why a number may not be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Forbidden {
    /// It is no number, or one of a country that is not known.
    #[error("number is malformed or has no country")]
    Malformed,
    /// Its country is not one that may be sent to. Satellites and the like are countries of their own.
    #[error("number's country is not allowed")]
    Country,
    /// It costs more than others, or nobody reads texts there.
    #[error("number is of a kind that is not sent texts")]
    Kind,
    /// Its beginning is barred.
    #[error("number's range is barred")]
    Barred,
}

/// Octets of a number as people write it.
const LONGEST: usize = 40;

impl Number {
    /// The number that `written` means: with `+`, or else of the country `home`, or else international without its `+`.
    /// Several may make sense; the caller knows which it looks for.
    pub fn candidates(written: &str, home: Option<Country>) -> Vec<Self> {
        let written = written.trim();
        let digits: String =
            written.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}')).collect();
        let is_number =
            digits.strip_prefix('+').unwrap_or(&digits).bytes().all(|octet| octet.is_ascii_digit());
        if written.len() > LONGEST || !is_number {
            return Vec::new();
        }
        let international = if digits.starts_with('+') { digits.clone() } else { format!("+{digits}") };
        let at_home =
            home.filter(|_| !digits.starts_with('+')).map(|home| phonenumber::parse(Some(home), &digits));
        let everywhere = phonenumber::parse(None, international);
        let mut found: Vec<Self> = Vec::new();
        for number in at_home.into_iter().chain([everywhere]).flatten().filter_map(Self::sound) {
            if !found.contains(&number) {
                found.push(number);
            }
        }
        found
    }

    /// Without a trace of how it was written, by which equal numbers would differ.
    fn sound(number: PhoneNumber) -> Option<Self> {
        let is_sound = number.extension().is_none() && number.is_valid();
        let plain = number.format().mode(Mode::E164).to_string();
        is_sound.then(|| phonenumber::parse(None, plain).ok()).flatten().map(Self)
    }

    /// The first of `written` that is one, as a database holds them.
    pub fn first(written: &[String]) -> Option<Self> {
        written.iter().find_map(|written| written.parse().ok())
    }

    /// Its country; none for numbers that belong to no country, like those of satellites.
    pub fn country(&self) -> Option<Country> {
        self.0.country().id()
    }
}

impl NumberRules {
    /// Whether `number` may be sent to.
    pub fn check(&self, number: &Number) -> Result<(), Forbidden> {
        let country = number.country().ok_or(Forbidden::Country)?;
        if !self.countries.contains(&country) {
            return Err(Forbidden::Country);
        }
        let text = number.to_string();
        if self.barred.iter().any(|range| text.starts_with(range.as_str())) {
            return Err(Forbidden::Barred);
        }
        match number.0.number_type(&DATABASE) {
            // Of many countries it cannot be told what is a mobile, and landlines can be sent texts as well.
            Type::Mobile | Type::FixedLineOrMobile | Type::FixedLine | Type::PersonalNumber | Type::Voip => {
                Ok(())
            }
            _ => Err(Forbidden::Kind),
        }
    }
}

/// International form only: what a database holds.
impl FromStr for Number {
    type Err = Forbidden;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.trim_start().starts_with('+') {
            return Err(Forbidden::Malformed);
        }
        Self::candidates(text, None).pop().ok_or(Forbidden::Malformed)
    }
}

/// `+` and digits, as providers take it.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.format().mode(Mode::E164).fmt(f)
    }
}

/// Hides the number: it must not reach a log by way of `{:?}`.
impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Number(..)")
    }
}

#[cfg(test)]
mod tests;
