//! A text within its limit, at the least price.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation as _};

use super::{
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
    let steps: [&dyn Fn(&str) -> String; 2] = [&transliterate::signs, &transliterate::letters];
    for step in steps {
        best = best.or(step, limit);
    }
    for level in Squeeze::STEPS.into_iter().filter(|&level| level <= most) {
        best = best.or(&|text| squeeze(text, language, level), limit);
    }
    best.cut(limit)
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
        let other = Self::of(step(&self.text).trim_end().to_owned());
        let saves = other.segments.count < self.segments.count;
        let helps = !limit.holds(&self.text) && other.text.len() < self.text.len();
        if (saves || helps) && !other.text.trim().is_empty() { other } else { self }
    }

    fn cut(self, limit: Limit) -> Fitted {
        let Self { text, segments } = self;
        if limit.holds(&text) {
            return Fitted { text, segments, is_cut: false };
        }
        // What stays may be of the other encoding than the whole.
        let plain = limit.cut(&text, "...");
        let text = match segments.encoding {
            Encoding::Ucs2 => longer(limit.cut(&text, "…"), plain),
            Encoding::Gsm7 => plain,
        };
        Fitted { segments: Segments::of(&text), text, is_cut: true }
    }
}

impl Limit {
    fn holds(self, text: &str) -> bool {
        match self {
            Self::Characters(most) => text.graphemes(true).nth(most).is_none(),
            Self::Segments(most) => Segments::of(text).count <= most,
        }
    }

    /// The longest beginning that, with a sign for what is missing, is within the limit.
    fn cut(self, text: &str, sign: &str) -> String {
        let with_sign = |end: usize| format!("{}{sign}", text[..end].trim_end());
        // A longer beginning never takes less, so the last that fits is found by halving.
        let (mut fitting, mut too_long) = (None, self.reach(text) + 1);
        while let Some(end) = between(text, fitting, too_long) {
            if self.holds(&with_sign(end)) { fitting = Some(end) } else { too_long = end }
        }
        match fitting.map(|end| whole_characters(text, end)) {
            Some(end) => with_sign(end),
            None => self.first_characters(text),
        }
    }

    /// An end beyond which no beginning of `text` is within the limit.
    fn reach(self, text: &str) -> usize {
        let most = match self {
            Self::Characters(_) => return text.len(),
            Self::Segments(most) => Encoding::Gsm7.room().0.saturating_mul(most as usize),
        };
        text.char_indices().nth(most).map_or(text.len(), |(at, _)| at)
    }

    /// For limits below the sign itself.
    fn first_characters(self, text: &str) -> String {
        match self {
            Self::Characters(most) => text.graphemes(true).take(most).collect(),
            Self::Segments(_) => String::new(),
        }
    }
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

#[cfg(test)]
mod tests;
