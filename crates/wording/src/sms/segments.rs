//! How many parts a text takes on the air: the unit of its price.

use std::iter;

use super::gsm;

/// How the characters of a text message are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Seven bits a character, from an alphabet of 137.
    Gsm7,
    /// UTF-16, as every phone reads what its standard calls UCS-2.
    Ucs2,
}

/// What a text takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// Gsm7 if every character is in that alphabet.
    pub encoding: Encoding,
    /// The parts that it is sent in, and the price: none for an empty text.
    pub count: u32,
}

impl Encoding {
    /// Units in a message of one part, and in each of several, whose headers take six octets (3GPP TS 23.040 §9.2.3.24.1).
    pub(super) const fn room(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }

    /// Septets or UTF-16 units of a character; those of one character stay in one part.
    fn units(self, c: char) -> usize {
        match self {
            Self::Gsm7 => gsm::septets(c).unwrap_or(1),
            Self::Ucs2 => c.len_utf16(),
        }
    }
}

impl Segments {
    /// Counts those of `text`.
    pub fn of(text: &str) -> Self {
        Self::of_characters(text.chars())
    }

    /// Those of a text that is not there in one piece. Looks at each character once, or twice where the alphabet lacks one.
    pub(super) fn of_characters(text: impl Iterator<Item = char> + Clone) -> Self {
        let (alphabet, utf16) = (Encoding::Gsm7, Encoding::Ucs2);
        match fill(text.clone().map(gsm::septets), alphabet.room()) {
            Some(count) => Self { encoding: alphabet, count },
            None => {
                let units = text.map(|c| Some(c.len_utf16()));
                Self { encoding: utf16, count: fill(units, utf16.room()).unwrap_or_default() }
            }
        }
    }

    /// `text` cut where it is on the air: as many pieces as it has parts.
    pub fn cut(text: &str) -> Vec<&str> {
        let Self { encoding, count } = Self::of(text);
        if count < 2 {
            return Some(text).filter(|_| count > 0).into_iter().collect();
        }
        let (_, each) = encoding.room();
        let starts: Vec<_> = iter::once(0).chain(edges(text, encoding, each)).collect();
        let ends = starts[1..].iter().copied().chain(iter::once(text.len()));
        starts.iter().zip(ends).map(|(&start, end)| &text[start..end]).collect()
    }
}

/// Fills one part after the other; how many there are. `None` when a character has no units.
fn fill(units: impl Iterator<Item = Option<usize>>, (alone, each): (usize, usize)) -> Option<u32> {
    let (mut total, mut used, mut parts) = (0, 0, 1);
    for units in units {
        let units = units?;
        total += units;
        used += units;
        if used > each {
            (used, parts) = (units, parts + 1);
        }
    }
    Some(match total {
        0 => 0,
        _ if total <= alone => 1,
        _ => parts,
    })
}

/// Where parts but the first begin, in octets; a character of two units that would be torn begins the next.
fn edges(text: &str, encoding: Encoding, each: usize) -> impl Iterator<Item = usize> {
    let mut used = 0;
    text.char_indices().filter_map(move |(at, c)| {
        let units = encoding.units(c);
        let is_edge = used + units > each;
        used = if is_edge { units } else { used + units };
        is_edge.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Encoding::*, *};

    fn of(text: &str) -> (Encoding, u32) {
        let Segments { encoding, count } = Segments::of(text);
        (encoding, count)
    }

    #[test]
    fn the_edges() {
        let rows = [
            ("x".repeat(0), (Gsm7, 0)),
            ("x".repeat(160), (Gsm7, 1)),
            ("x".repeat(161), (Gsm7, 2)),
            ("x".repeat(306), (Gsm7, 2)),
            ("x".repeat(307), (Gsm7, 3)),
            ("€".repeat(80), (Gsm7, 1)),
            ("€".repeat(81), (Gsm7, 2)),
            // 153 is odd: the 77th euro sign would be torn.
            ("€".repeat(152), (Gsm7, 2)),
            ("€".repeat(153), (Gsm7, 3)),
            ("я".repeat(70), (Ucs2, 1)),
            ("я".repeat(71), (Ucs2, 2)),
            ("я".repeat(134), (Ucs2, 2)),
            ("я".repeat(135), (Ucs2, 3)),
            ("😀".repeat(35), (Ucs2, 1)),
            ("😀".repeat(36), (Ucs2, 2)),
            // 67 is odd as well.
            ("😀".repeat(66), (Ucs2, 2)),
            ("😀".repeat(67), (Ucs2, 3)),
            // One curly quote turns all of it.
            (format!("{}’", "x".repeat(70)), (Ucs2, 2)),
        ];
        for (text, expected) in rows {
            assert_eq!(of(&text), expected, "{} times {:?}", text.chars().count(), text.chars().next());
        }
    }

    proptest! {
        #[test]
        fn more_text_never_takes_less(text in "[a-z€я😀]{0,400}", more in "[a-z]{0,50}") {
            let longer = text.clone() + &more;
            prop_assert!(Segments::of(&longer).count >= Segments::of(&text).count);
        }

        #[test]
        fn pieces_are_as_many_as_parts_and_make_up_the_text(text in "[a-z€я😀]{0,500}") {
            let pieces = Segments::cut(&text);
            prop_assert_eq!(pieces.len(), Segments::of(&text).count as usize);
            let encoding = Segments::of(&text).encoding;
            for piece in pieces.iter().filter(|_| pieces.len() > 1) {
                let units: usize = piece.chars().map(|c| encoding.units(c)).sum();
                prop_assert!((1..=encoding.room().1).contains(&units));
            }
            prop_assert_eq!(pieces.concat(), text);
        }

        #[test]
        fn parts_waste_no_more_than_a_unit_each(text in "[a-z€]{161,900}") {
            let septets: usize = text.chars().map(|c| if c == '€' { 2 } else { 1 }).sum();
            let count = Segments::of(&text).count as usize;
            prop_assert!(count >= septets.div_ceil(153) && count <= septets.div_ceil(152));
        }
    }
}
