//! The default alphabet of GSM 7-bit (3GPP TS 23.038 §6.2.1). National shift tables are not used: many phones lack them.

/// Septets that `c` takes: one, two where an escape goes before it, or `None` where the alphabet lacks it.
pub(crate) fn septets(c: char) -> Option<usize> {
    match ASCII.get(c as usize) {
        Some(0) => None,
        Some(&septets) => Some(septets.into()),
        None if c == '€' => Some(2),
        None => is_beyond_ascii(c).then_some(1),
    }
}

/// Of each character of ASCII; none for controls and the grave accent. A table, for every text is counted many times.
const ASCII: [u8; 128] = {
    let mut table = [0; 128];
    let mut c = 0;
    while c < table.len() {
        table[c] = match c as u8 {
            b'^' | b'{' | b'}' | b'\\' | b'[' | b'~' | b']' | b'|' => 2,
            b'\n' | b'\r' | b' '..=b'Z' | b'_' | b'a'..=b'z' => 1,
            _ => 0,
        };
        c += 1;
    }
    table
};

/// The letters and signs of the basic table that ASCII lacks. Not looked for in a text: this is asked of each letter.
fn is_beyond_ascii(c: char) -> bool {
    matches!(
        c,
        '¡' | '£'
            | '¤'
            | '¥'
            | '§'
            | '¿'
            | 'Ä'
            | 'Å'
            | 'Æ'
            | 'Ç'
            | 'É'
            | 'Ñ'
            | 'Ö'
            | 'Ø'
            | 'Ü'
            | 'ß'
            | 'à'
            | 'ä'
            | 'å'
            | 'æ'
            | 'è'
            | 'é'
            | 'ì'
            | 'ñ'
            | 'ò'
            | 'ö'
            | 'ø'
            | 'ù'
            | 'ü'
            | 'Γ'
            | 'Δ'
            | 'Θ'
            | 'Λ'
            | 'Ξ'
            | 'Π'
            | 'Σ'
            | 'Φ'
            | 'Ψ'
            | 'Ω'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_has_127_characters_and_nine_by_escape() {
        let of = |wanted| ('\0'..='\u{ffff}').filter(|&c| septets(c) == Some(wanted)).count();
        // Of 128 places one is the escape itself; of the extensions, the form feed is left out.
        assert_eq!((of(1), of(2)), (127, 9));
    }

    #[test]
    fn what_is_missing_in_ascii_is_missing() {
        for c in ['`', '\t', '\0', '\u{7f}', 'ç', 'ê', '“', '–', 'Ё'] {
            assert_eq!(septets(c), None, "{c:?}");
        }
    }
}
