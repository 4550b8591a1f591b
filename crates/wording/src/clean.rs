//! Texts of strangers, made harmless for a mail.

/// One line: no control characters, no line breaks, no bidirectional controls, single spaces, at most `longest`
/// characters. What looks like an encoded word (RFC 2047) is taken apart: readers would decode it after we cleaned it.
pub(crate) fn line(text: &str, longest: usize) -> String {
    let mut words = String::new();
    let mut length = 0;
    let mut is_between = false;
    for c in text.chars().filter(|&c| !is_invisible(c)) {
        if c.is_whitespace() || c.is_control() {
            is_between = !words.is_empty();
            continue;
        }
        if std::mem::take(&mut is_between) {
            words.push(' ');
            length += 1;
        }
        words.push(c);
        length += 1;
        // Nobody sees the rest, and it may be long.
        if length > longest {
            break;
        }
    }
    let words = words.replace("=?", "= ?");
    match words.char_indices().nth(longest) {
        None => words,
        Some(_) => words.chars().take(longest.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Lines: as [`line()`], but line breaks and spaces stay; at most `longest` octets.
pub(crate) fn lines(text: &str, longest: usize) -> String {
    // One octet more shows that there is more; what goes away is not counted.
    let mut clean = String::with_capacity(text.len().min(longest + '…'.len_utf8()));
    let mut is_after_return = false;
    for c in text.chars() {
        let is_of_return = std::mem::replace(&mut is_after_return, c == '\r') && c == '\n';
        match c {
            '\n' if is_of_return => {}
            '\r' | '\u{2028}' | '\u{2029}' => clean.push('\n'),
            '\n' | '\t' => clean.push(c),
            _ if c.is_control() || is_invisible(c) => {}
            _ => clean.push(c),
        }
        // Nobody sees the rest, and it may be long.
        if clean.len() > longest {
            break;
        }
    }
    if clean.len() > longest {
        clean.truncate(clean.floor_char_boundary(longest));
        clean.push('…');
    }
    clean.trim().to_owned()
}

/// Characters that reorder or hide others: UAX #9's controls, the byte order mark, and tags.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn header_injection_becomes_one_line() {
        assert_eq!(line("Lunch\r\nBcc: all@example.org\0\u{202e}!", 100), "Lunch Bcc: all@example.org !");
        assert_eq!(line("  a\t\u{2028} b ", 100), "a b");
        assert_eq!(line("=?utf-8?b?cGF5IOKArmxpdmU=?=", 100), "= ?utf-8?b?cGF5IOKArmxpdmU= ?=");
        assert_eq!(line("abcdef", 4), "abc…");
        assert_eq!(line("abcd", 4), "abcd");
    }

    #[test]
    fn paragraphs_stay() {
        assert_eq!(
            lines("one\r\ntwo\rthree\n\n\u{1b}[31mfour\u{2067}\n", 100),
            "one\ntwo\nthree\n\n[31mfour"
        );
        assert_eq!(lines("äöü", 3), "ä…");
    }

    proptest! {
        #[test]
        fn bounds_and_characters_hold(text in "\\PC*|[\\r\\n\\u{202e}\\u{0}-\\u{1f}a-z]*", longest in 1_usize..50) {
            let short = line(&text, longest);
            prop_assert!(short.chars().count() <= longest);
            prop_assert!(!short.chars().any(|c| c.is_control() || is_invisible(c)));
            let long = lines(&text, longest);
            prop_assert!(long.len() <= longest + '…'.len_utf8());
            prop_assert!(!long.contains('\r'));
        }
    }
}
