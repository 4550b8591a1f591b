//! Countries as they are written in settings. The type's own error would name all 250 of them.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, de::Error};
use sieve::Country;

fn read<E: Error>(written: &str) -> Result<Country, E> {
    written
        .parse()
        .map_err(|_| E::custom(format_args!("{written:?} is no country: two capital letters, like DE")))
}

pub(super) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Country>, D::Error> {
    Option::<String>::deserialize(deserializer)?.map(|written| read(&written)).transpose()
}

pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Country>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|written| read(written)).collect()
}

pub(super) fn prices<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HashMap<Country, u32>, D::Error> {
    let written = HashMap::<String, u32>::deserialize(deserializer)?;
    written.into_iter().map(|(country, price)| Ok((read(&country)?, price))).collect()
}
