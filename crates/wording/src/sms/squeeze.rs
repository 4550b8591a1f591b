//! The seed's second action: a text is abbreviated until it costs less. Numbers, URLs, codes and addresses are never
//! touched, and words only in languages whose abbreviations we know.

mod tables;

use crate::Language;
use tables::{Form, Tables, of};

/// How far a text may be abbreviated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Squeeze {
    /// Not at all.
    #[default]
    Never,
    /// Spaces; and phrases that have a usual short form: `as soon as possible` becomes `asap`.
    Low,
    /// Words too: `tomorrow` becomes `tmrw`.
    Medium,
    /// And the vowels inside of long words.
    High,
}

impl Squeeze {
    /// From the mildest to the strongest.
    pub(crate) const STEPS: [Self; 3] = [Self::Low, Self::Medium, Self::High];
}

/// The fewest letters of a word that loses its vowels: shorter ones would be riddles.
const LONG_WORD: usize = 5;

/// `text` at the step `level`.
pub(crate) fn squeeze(text: &str, language: Language, level: Squeeze) -> String {
    let words: Vec<Parts<'_>> = text.split_whitespace().map(Parts::of).collect();
    let tables = of(language);
    let mut out = String::with_capacity(text.len());
    let mut lower = String::new();
    let mut rest = words.as_slice();
    while let [first, ..] = rest {
        if !out.is_empty() {
            out.push(' ');
        }
        let taken = match tables {
            Some(tables) if has_latin(first.core) => {
                lowercase(first.core, &mut lower);
                short_form(&mut out, rest, tables, &lower, level)
            }
            _ => as_it_is(&mut out, first),
        };
        rest = &rest[taken..];
    }
    out
}

/// Whether there is a letter below U+0200 in it: every word that is known begins with one, and so does every vowel that can
/// go. Those are one octet of ASCII, or two of which the first is below 0xC8.
fn has_latin(word: &str) -> bool {
    word.bytes().any(|octet| octet < 0x80 || (0xc2..0xc8).contains(&octet))
}

fn lowercase(word: &str, into: &mut String) {
    into.clear();
    if word.is_ascii() {
        into.push_str(word);
        into.make_ascii_lowercase();
    } else {
        into.extend(word.chars().flat_map(char::to_lowercase));
    }
}

/// Writes what `words` begin with, whose first is also given in lower case; how many words that was.
fn short_form(out: &mut String, words: &[Parts<'_>], tables: &Tables, lower: &str, level: Squeeze) -> usize {
    let known = tables.forms.get(lower).into_iter().flatten().find(|form| form.fits(words, level));
    if let Some(form) = known {
        out.push_str(words[0].before);
        out.push_str(form.short);
        out.push_str(words[form.rest.len()].after);
        return form.rest.len() + 1;
    }
    if level < Squeeze::High {
        return as_it_is(out, &words[0]);
    }
    without_vowels(out, &words[0], tables.vowels);
    1
}

fn as_it_is(out: &mut String, word: &Parts<'_>) -> usize {
    for part in [word.before, word.core, word.after] {
        out.push_str(part);
    }
    1
}

impl Form {
    /// Whether it stands for what `words` begin with; their first is known to be its first. Words with capitals inside
    /// are codes or names, and marks between words part them.
    fn fits(&self, words: &[Parts<'_>], level: Squeeze) -> bool {
        let last = self.rest.len();
        if last == 0 {
            return level >= Squeeze::Medium && !words[0].core.chars().skip(1).any(char::is_uppercase);
        }
        words.len() > last
            && words[..last].iter().all(|word| word.after.is_empty())
            && words[1..=last]
                .iter()
                .zip(&self.rest)
                .all(|(word, known)| word.before.is_empty() && is_same(word.core, known))
    }
}

fn is_same(word: &str, known: &str) -> bool {
    word.chars().flat_map(char::to_lowercase).eq(known.chars())
}

/// Only in words of letters. Names keep their vowels, as do first and last letters, by which people read.
fn without_vowels(out: &mut String, word: &Parts<'_>, vowels: &str) {
    let core = word.core;
    let letters = core.chars().count();
    let is_name = core.chars().any(char::is_uppercase);
    if letters < LONG_WORD || is_name || !core.chars().all(char::is_alphabetic) {
        as_it_is(out, word);
        return;
    }
    let stays = |&(at, c): &(usize, char)| at == 0 || at + 1 == letters || !vowels.contains(c);
    out.push_str(word.before);
    out.extend(core.chars().enumerate().filter(stays).map(|(_, c)| c));
    out.push_str(word.after);
}

/// A word between its marks: `(tomorrow),`.
struct Parts<'a> {
    before: &'a str,
    core: &'a str,
    after: &'a str,
}

impl<'a> Parts<'a> {
    fn of(word: &'a str) -> Self {
        let is_mark =
            |c: char| c.is_ascii_punctuation() && !matches!(c, '@' | '#' | '$' | '%' | '&' | '+' | '/');
        let core = word.trim_start_matches(is_mark);
        let before = &word[..word.len() - core.len()];
        let end = core.trim_end_matches(is_mark).len();
        Self { before, core: &core[..end], after: &core[end..] }
    }
}

#[cfg(test)]
mod tests;
