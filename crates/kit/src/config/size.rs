//! Sizes as `"512B"`, `"64KiB"`, `"1MiB"`, `"2GiB"`: for `#[serde(with = "kit::config::size")]` on `u64` and `usize`.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// Largest first, so that writing takes the largest unit that fits evenly.
const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Why a text is no size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSize {
    /// It is not written as one.
    #[error("a size is a whole number with B, KiB, MiB or GiB, like \"64KiB\"")]
    Form,
    /// It is more octets than can be counted.
    #[error("size is too large")]
    TooLarge,
}

/// Reads a whole number and a unit without a space between; octets.
pub fn parse(text: &str) -> Result<u64, InvalidSize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, octets) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(InvalidSize::Form)?;
    if number.is_empty() {
        return Err(InvalidSize::Form);
    }
    // Digits alone are only refused for being too many.
    let number: u64 = number.parse().map_err(|_| InvalidSize::TooLarge)?;
    number.checked_mul(*octets).ok_or(InvalidSize::TooLarge)
}

/// Writes octets in the largest unit that fits evenly.
pub fn format(octets: u64) -> String {
    let even = |&&(_, unit): &&(&str, u64)| octets >= unit && octets.is_multiple_of(unit);
    let (name, unit) = UNITS.iter().find(even).unwrap_or(&("B", 1));
    format!("{}{name}", octets / unit)
}

/// For serde.
pub fn serialize<S: Serializer, N: Copy + TryInto<u64>>(
    octets: &N,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format((*octets).try_into().unwrap_or(u64::MAX)))
}

/// For serde.
pub fn deserialize<'de, D: Deserializer<'de>, N: TryFrom<u64>>(deserializer: D) -> Result<N, D::Error> {
    let octets = parse(&Cow::<str>::deserialize(deserializer)?).map_err(D::Error::custom)?;
    N::try_from(octets).map_err(|_| D::Error::custom("size is too large for this machine"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_unit_is_read_and_nothing_else() {
        assert_eq!(parse("512B"), Ok(512));
        assert_eq!(parse("64KiB"), Ok(65_536));
        assert_eq!(parse("1MiB"), Ok(1 << 20));
        assert_eq!(parse("2GiB"), Ok(2 << 30));
        for text in ["", "64", "KiB", "64KB", "64 KiB", "-1B", "1.5MiB"] {
            assert_eq!(parse(text), Err(InvalidSize::Form), "{text:?}");
        }
        for text in ["99999999999GiB", "99999999999999999999B"] {
            assert_eq!(parse(text), Err(InvalidSize::TooLarge), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(octets: u64) {
            prop_assert_eq!(parse(&format(octets)), Ok(octets));
        }
    }
}
