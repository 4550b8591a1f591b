//! Texts of the other direction inside a line (UAX #9, HTML's bdi).

use std::borrow::Cow;

use crate::Direction;

const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_DIRECTIONAL_ISOLATE: char = '\u{2069}';

/// Keeps `text` from being mixed up with what stands beside it in a line that runs in `direction`. A text that cannot
/// be mixed up stays as it is, because old programs show isolates as boxes. Isolates and not `<bdi>`: they work in a
/// subject and in plain text too, and no mail program strips them.
pub(crate) fn isolate(text: &str, direction: Direction) -> Cow<'_, str> {
    let is_foreign = |c: char| match direction {
        Direction::LeftToRight => is_right_to_left(c),
        // Digits and the signs between them turn around as well.
        Direction::RightToLeft => c.is_alphanumeric() && !is_right_to_left(c),
    };
    if text.chars().any(is_foreign) {
        Cow::Owned(format!("{FIRST_STRONG_ISOLATE}{text}{POP_DIRECTIONAL_ISOLATE}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The blocks whose letters have the bidirectional classes R and AL.
const fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_be_mixed_up_is_isolated() {
        let (ltr, rtl) = (Direction::LeftToRight, Direction::RightToLeft);
        assert_eq!(isolate("Café 5", ltr), "Café 5");
        assert_eq!(isolate("日本", ltr), "日本");
        assert_eq!(isolate("غداء", ltr), "\u{2068}غداء\u{2069}");
        assert_eq!(isolate("غداء!", rtl), "غداء!");
        assert_eq!(isolate("Café", rtl), "\u{2068}Café\u{2069}");
        assert_eq!(isolate("+49 221-5", rtl), "\u{2068}+49 221-5\u{2069}");
        assert_eq!(isolate("", rtl), "");
    }
}
