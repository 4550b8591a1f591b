//! Short forms that people of a language write themselves.

use std::{collections::HashMap, sync::LazyLock};

use crate::Language;

/// What is known of a language.
pub(super) struct Tables {
    /// By the first word in lower case; those of most words first.
    pub(super) forms: HashMap<&'static str, Vec<Form>>,
    /// Letters that a long word can do without.
    pub(super) vowels: &'static str,
}

/// A short form.
pub(super) struct Form {
    /// The words after the first, in lower case.
    pub(super) rest: Vec<&'static str>,
    /// What stands for all of them.
    pub(super) short: &'static str,
}

/// `None` where nothing is known: the words stay as they are.
pub(super) fn of(language: Language) -> Option<&'static Tables> {
    static ENGLISH: LazyLock<Tables> = LazyLock::new(|| Tables::read(include_str!("en.txt"), "aeiou"));
    static FRENCH: LazyLock<Tables> = LazyLock::new(|| Tables::read(include_str!("fr.txt"), "aeiouéèêàùôîû"));
    static GERMAN: LazyLock<Tables> = LazyLock::new(|| Tables::read(include_str!("de.txt"), ""));
    static SPANISH: LazyLock<Tables> = LazyLock::new(|| Tables::read(include_str!("es.txt"), "aeiouáéíóú"));
    match language {
        Language::English => Some(&ENGLISH),
        Language::French => Some(&FRENCH),
        Language::German => Some(&GERMAN),
        Language::Spanish => Some(&SPANISH),
        _ => None,
    }
}

impl Tables {
    /// A line each: `long form = short form`.
    fn read(text: &'static str, vowels: &'static str) -> Self {
        let mut forms: HashMap<_, Vec<Form>> = HashMap::new();
        for (long, short) in text.lines().filter_map(|line| line.split_once(" = ")) {
            let mut words = long.split(' ');
            let of_first = forms.entry(words.next().unwrap_or_default()).or_default();
            of_first.push(Form { rest: words.collect(), short });
        }
        for of_first in forms.values_mut() {
            of_first.sort_by_key(|form| std::cmp::Reverse(form.rest.len()));
        }
        Self { forms, vowels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_every_short_form_is_shorter() {
        let files = [
            (Language::English, include_str!("en.txt")),
            (Language::French, include_str!("fr.txt")),
            (Language::German, include_str!("de.txt")),
            (Language::Spanish, include_str!("es.txt")),
        ];
        for (language, file) in files {
            let tables = of(language).expect("it has a file");
            let read: usize = tables.forms.values().map(Vec::len).sum();
            assert_eq!(read, file.lines().count(), "{language:?}");
            for (long, short) in file.lines().map(|line| line.split_once(" = ").expect("two forms")) {
                assert!(short.chars().count() < long.chars().count(), "{long}");
                assert_eq!(long.to_lowercase(), long);
            }
        }
    }
}
