//! Letters and signs that GSM 7-bit lacks, written with those that it has.

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::gsm;

/// Only signs: quotes, dashes, spaces and dots as a typewriter has them. Nobody reads the text in another way. URLs and
/// addresses stay, which would lead elsewhere; signs around them are not of them.
pub(crate) fn signs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(is_space) {
        let [before, address, after] = around_address(word);
        typed(before, &mut out);
        out.push_str(address);
        typed(after, &mut out);
    }
    out
}

/// Signs, and Latin letters without the marks that GSM lacks: `ș` becomes `s`, but `ö` stays. Pictures go. Letters of
/// other scripts stay: who reads them would not want them otherwise. So do URLs and addresses.
pub(crate) fn letters(text: &str) -> String {
    let normalizer = DecomposingNormalizerBorrowed::new_nfd();
    let mut out = String::with_capacity(text.len());
    for word in signs(text).split_inclusive(char::is_whitespace) {
        if is_address(word) {
            out.push_str(word);
        } else {
            plain(word, &normalizer, &mut out);
        }
    }
    out
}

fn typed(text: &str, out: &mut String) {
    for c in text.chars() {
        match sign(c) {
            Some(plain) => out.push_str(plain),
            None => out.push(c),
        }
    }
}

fn is_address(word: &str) -> bool {
    word.contains("://") || word.contains('@')
}

/// Of a word that is an address, the signs and brackets before it, itself, and those after it; of any other, all before.
fn around_address(word: &str) -> [&str; 3] {
    if !is_address(word) {
        return [word, "", ""];
    }
    let is_around = |c| sign(c).is_some() || "()[]<>{}\"',;.:!?\n ".contains(c);
    let rest = word.trim_start_matches(is_around);
    let address = rest.trim_end_matches(is_around);
    [&word[..word.len() - rest.len()], address, &rest[address.len()..]]
}

/// Ends a word, also where it becomes a space.
fn is_space(c: char) -> bool {
    c.is_whitespace() || sign(c) == Some(" ")
}

fn plain(word: &str, normalizer: &DecomposingNormalizerBorrowed<'_>, out: &mut String) {
    for c in word.chars() {
        match latin(c) {
            Some(plain) => out.push_str(plain),
            None if gsm::septets(c).is_some() => out.push(c),
            None if is_picture(c) => {}
            None => without_marks(c, normalizer, out),
        }
    }
}

/// A Latin letter loses its marks; anything else is left as it is.
fn without_marks(c: char, normalizer: &DecomposingNormalizerBorrowed<'_>, out: &mut String) {
    if is_of_another_script(c) {
        out.push(c);
        return;
    }
    let base = || normalizer.normalize_iter(std::iter::once(c)).filter(|&c| !is_mark(c));
    let is_plain = base().next().is_some() && base().all(|c| gsm::septets(c).is_some());
    if is_plain { out.extend(base()) } else { out.push(c) }
}

/// Blocks without a letter that is a Latin one with marks, or one that GSM 7-bit has: Cyrillic, Hebrew, Arabic, those of
/// Asia. Most letters that come here are of these, and to take each apart is slow.
fn is_of_another_script(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{1dff}' | '\u{2c00}'..='\u{ffff}')
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Emoji and dingbats, with what joins and colours them.
fn is_picture(c: char) -> bool {
    matches!(c, '\u{200d}' | '\u{20e3}' | '\u{2600}'..='\u{27bf}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

fn sign(c: char) -> Option<&'static str> {
    Some(match c {
        '‘' | '’' | '‚' | '‛' | '′' | '`' | '´' | 'ʼ' | '‹' | '›' => "'",
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => "\"",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "-",
        '…' => "...",
        '•' | '·' | '∙' => "-",
        '\t' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => " ",
        '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => "",
        '→' => "->",
        '←' => "<-",
        '×' => "x",
        _ => return None,
    })
}

/// Letters that Unicode does not take apart, and capitals of which GSM has only the small form.
fn latin(c: char) -> Option<&'static str> {
    Some(match c {
        'ç' => "c",
        'Œ' => "OE",
        'œ' => "oe",
        'Ł' => "L",
        'ł' => "l",
        'Đ' | 'Ð' => "D",
        'đ' | 'ð' => "d",
        'Þ' => "Th",
        'þ' => "th",
        'ı' => "i",
        'ẞ' => "SS",
        'ŋ' => "n",
        'Ħ' => "H",
        'ħ' => "h",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn signs_become_those_of_a_typewriter() {
        assert_eq!(signs("“It’s – fine…”"), "\"It's - fine...\"");
        assert_eq!(signs("naïve Ünïcode ça"), "naïve Ünïcode ça");
    }

    #[test]
    fn signs_within_addresses_stay_and_those_around_them_do_not() {
        let rows = [
            ("https://example.org/a–b’c×2…", "https://example.org/a–b’c×2..."),
            (
                "“https://example.org/a–b” – o’neil×2@example.org…",
                "\"https://example.org/a–b\" - o’neil×2@example.org...",
            ),
            ("(«a–b@example.org»),\u{a0}3×4", "(\"a–b@example.org\"), 3x4"),
            ("\u{200b}a@example.org\u{ad}", "a@example.org"),
            ("…@…", "...@..."),
        ];
        for (text, expected) in rows {
            assert_eq!(signs(text), expected);
            assert_eq!(letters(text), expected);
        }
    }

    #[test]
    fn letters_keep_what_gsm_has() {
        let rows = [
            ("café Müller Ångström Señor", "café Müller Ångström Señor"),
            ("Zażółć gęślą jaźń", "Zazolc gesla jazn"),
            ("ça Œuvre Þór naïve", "ca OEuvre Thor naive"),
            ("See you 👍🏽 at 5 ☀️", "See you  at 5 "),
            // Letters of other scripts are nobody's to change.
            ("Привет", "Привет"),
            ("会议 ok", "会议 ok"),
            // A square is not a digit, and a changed address is another one.
            (
                "5² m łóżko@example.org https://example.org/łóżko",
                "5² m łóżko@example.org https://example.org/łóżko",
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(letters(text), expected);
        }
    }

    #[test]
    fn letters_of_other_scripts_have_no_plain_letter_in_them() {
        let normalizer = DecomposingNormalizerBorrowed::new_nfd();
        for c in ('\0'..=char::MAX).filter(|&c| is_of_another_script(c)) {
            let mut base = normalizer.normalize_iter(std::iter::once(c)).filter(|&c| !is_mark(c));
            assert!(base.next().is_some_and(|c| gsm::septets(c).is_none()), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn what_gsm_holds_stays_as_it_is(text in "[ -_a-z£èéùßÄÖÑÜäöñüà€\n]{0,60}") {
            prop_assert_eq!(letters(&text), text);
        }

        #[test]
        fn doing_it_twice_changes_nothing(text in "\\PC{0,60}") {
            prop_assert_eq!(letters(&letters(&text)), letters(&text));
        }
    }
}
