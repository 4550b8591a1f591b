//! A text within its limit, at the least price.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation as _};

use super::{
    gsm,
    segments::{Encoding, Segments},
    squeeze::{Squeeze, squeeze},
    transliterate,
};
use crate::{Language, clean};

/// Octets of a text that are looked at; the rest would not be sent by anybody.
pub const LONGEST: usize = 8 * 1024;

/// How long a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Characters, as people count them.
    Characters(usize),
    /// Parts, as they are paid.
    Segments(u32),
}

/// What can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The text.
    pub text: String,
    /// What it costs.
    pub segments: Segments,
    /// Whether the end is missing.
    pub is_cut: bool,
}

/// `text` within `limit`. Each step away from what was written is taken only if it saves a segment or if the text is
/// too long without it: other signs, other letters, then abbreviations up to `most`; at last the end is cut.
pub fn fit(text: &str, language: Language, most: Squeeze, limit: Limit) -> Fitted {
    let text = clean::lines(text, LONGEST);
    let mut best = Candidate::of(text);
    let steps: [&dyn Fn(&str) -> String; 2] = [&transliterate::signs, &letters];
    for step in steps {
        best = best.or(step, limit);
    }
    for level in Squeeze::STEPS.into_iter().filter(|&level| level <= most) {
        best = best.or(&|text| squeeze(text, language, level), limit);
    }
    best.cut(limit)
}

/// [`transliterate::letters`], and single spaces where pictures have gone from between two.
fn letters(text: &str) -> String {
    let plain = transliterate::letters(text);
    if plain == text {
        return plain;
    }
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        let is_after_space = out.is_empty() || out.ends_with([' ', '\n']);
        match c {
            ' ' if is_after_space => continue,
            '\n' => out.truncate(out.trim_end_matches(' ').len()),
            _ => {}
        }
        out.push(c);
    }
    out
}

struct Candidate {
    text: String,
    segments: Segments,
}

impl Candidate {
    fn of(text: String) -> Self {
        Self { segments: Segments::of(&text), text }
    }

    /// What `step` makes of it, if that is worth it and says anything.
    fn or(self, step: &dyn Fn(&str) -> String, limit: Limit) -> Self {
        // Without spaces at its end, which a cut takes away: a text with them would be longer than its own cut.
        let mut text = step(&self.text);
        text.truncate(text.trim_end().len());
        if text == self.text {
            return self;
        }
        let other = Self::of(text);
        let saves = other.segments.count < self.segments.count;
        let helps = other.text.len() < self.text.len() && !self.is_within(limit);
        if (saves || helps) && !other.text.trim().is_empty() { other } else { self }
    }

    fn is_within(&self, limit: Limit) -> bool {
        match limit {
            Limit::Characters(_) => limit.holds(&self.text, ""),
            Limit::Segments(most) => self.segments.count <= most,
        }
    }

    fn cut(self, limit: Limit) -> Fitted {
        if self.is_within(limit) {
            let Self { text, segments } = self;
            return Fitted { text, segments, is_cut: false };
        }
        let text = match self.segments.encoding {
            Encoding::Ucs2 => self.cut_in_either(limit),
            Encoding::Gsm7 => limit.cut(&self.text, "..."),
        };
        Fitted { segments: Segments::of(&text), text, is_cut: true }
    }

    /// What stays may be of the other encoding than the whole: of a text that begins in the alphabet, more may stay.
    fn cut_in_either(&self, limit: Limit) -> String {
        let cut = limit.cut(&self.text, "…");
        let may_be_longer = beginning_in_gsm(&self.text).chars().count() >= cut.chars().count();
        if may_be_longer { longer(cut, limit.cut(&self.text, "...")) } else { cut }
    }
}

impl Limit {
    /// Whether `text` with `sign` after it is within.
    fn holds(self, text: &str, sign: &str) -> bool {
        match self {
            Self::Characters(most) if sign.is_empty() => text.graphemes(true).nth(most).is_none(),
            Self::Characters(most) => format!("{text}{sign}").graphemes(true).nth(most).is_none(),
            Self::Segments(most) => Segments::of_characters(text.chars().chain(sign.chars())).count <= most,
        }
    }

    /// The longest beginning that, with a sign for what is missing, is within the limit. It ends before a code that does not
    /// fit whole, unless it would be nothing.
    fn cut(self, text: &str, sign: &str) -> String {
        let beginning = |end: usize| text[..end].trim_end();
        // A longer beginning never takes less, so the last that fits is found by halving.
        let (mut fitting, mut too_long) = (None, self.reach(text) + 1);
        while let Some(end) = between(text, fitting, too_long) {
            if self.holds(beginning(end), sign) { fitting = Some(end) } else { too_long = end }
        }
        match fitting.map(|end| whole_characters(text, end)) {
            Some(end) => {
                let whole = beginning(whole_characters(text, before_code(text, end)));
                format!("{}{sign}", if whole.is_empty() { beginning(end) } else { whole })
            }
            None => self.first_characters(text),
        }
    }

    /// An end beyond which no beginning of `text` is within the limit.
    fn reach(self, text: &str) -> usize {
        let most = match self {
            Self::Characters(_) => return text.len(),
            Self::Segments(most) => most as usize,
        };
        let reach = |encoding: Encoding| {
            let most = encoding.room().0.saturating_mul(most);
            text.char_indices().nth(most).map_or(text.len(), |(at, _)| at)
        };
        // A beginning that goes beyond the alphabet has less room.
        beginning_in_gsm(text).len().min(reach(Encoding::Gsm7)).max(reach(Encoding::Ucs2))
    }

    /// For limits below the sign itself.
    fn first_characters(self, text: &str) -> String {
        match self {
            Self::Characters(most) => text.graphemes(true).take(most).collect(),
            Self::Segments(_) => String::new(),
        }
    }
}

/// What stands before the first character that GSM 7-bit lacks.
fn beginning_in_gsm(text: &str) -> &str {
    let end = text.char_indices().find(|&(_, c)| gsm::septets(c).is_none());
    end.map_or(text, |(at, _)| &text[..at])
}

fn longer(one: String, other: String) -> String {
    if other.chars().count() > one.chars().count() + "..".len() { other } else { one }
}

/// The middle of what is still open, on a character's edge; `None` when nothing is.
fn between(text: &str, fitting: Option<usize>, too_long: usize) -> Option<usize> {
    let from = fitting.map_or(0, |end| text.ceil_char_boundary(end + 1));
    let middle = text.floor_char_boundary((from + too_long) / 2).max(from);
    (middle < too_long && fitting != Some(middle)).then_some(middle)
}

/// The last edge up to `end` between characters as people see them.
fn whole_characters(text: &str, end: usize) -> usize {
    let mut cursor = GraphemeCursor::new(end, text.len(), true);
    match cursor.is_boundary(text, 0) {
        Ok(true) => end,
        _ => cursor.prev_boundary(text, 0).ok().flatten().unwrap_or(0),
    }
}

/// Where the code begins that `end` would tear, or `end`: half a number is another number, and half a URL leads elsewhere.
fn before_code(text: &str, end: usize) -> usize {
    let (before, after) = text.split_at(end);
    let head = before.rfind(|c| !is_of_word(c)).map_or(0, |at| text.ceil_char_boundary(at + 1));
    let tail = after.find(|c| !is_of_word(c)).unwrap_or(after.len());
    if tail > 0 && is_code(&text[head..end + tail]) { head } else { end }
}

/// Numbers, codes, URLs and addresses.
fn is_code(word: &str) -> bool {
    word.contains(char::is_numeric) || word.contains("://") || word.contains('@')
}

/// Scripts of which the first is Thai may have no space in a sentence: they end a word.
fn is_of_word(c: char) -> bool {
    !c.is_whitespace() && c < '\u{e00}'
}

#[cfg(test)]
mod tests;
