//! How many parts a text takes (3GPP TS 23.038, 23.040).

/// The GSM 7-bit default alphabet but for the escape, in its order.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// What takes the escape before it.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// The parts that a text takes: a part of several has room for 153 septets or 67 UTF-16 units, a single one for 160 or
/// 70. No character is cut in two.
pub fn segments(text: &str) -> u32 {
    let septets = |character| match character {
        character if BASIC.contains(character) => Some(1),
        character if EXTENDED.contains(character) => Some(2),
        _ => None,
    };
    match text.chars().map(septets).collect::<Option<Vec<_>>>() {
        Some(widths) => parts(&widths, 160, 153),
        None => parts(&text.chars().map(char::len_utf16).collect::<Vec<_>>(), 70, 67),
    }
}

fn parts(widths: &[usize], single: usize, several: usize) -> u32 {
    if widths.iter().sum::<usize>() <= single {
        return 1;
    }
    let fill = |(parts, used), width| {
        if used + width > several { (parts + 1, width) } else { (parts, used + width) }
    };
    widths.iter().copied().fold((1, 0), fill).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_at_every_edge() {
        for (text, count) in [
            (String::new(), 1),
            ("a".repeat(160), 1),
            ("a".repeat(161), 2),
            ("a".repeat(306), 2),
            ("a".repeat(307), 3),
            ("€".repeat(80), 1),
            ("€".repeat(81), 2),
            // 76 fit whole into 153 septets, one septet is lost.
            ("€".repeat(152), 2),
            ("€".repeat(153), 3),
            ("ж".repeat(70), 1),
            ("ж".repeat(71), 2),
            ("ж".repeat(135), 3),
            ("😀".repeat(35), 1),
            ("😀".repeat(36), 2),
            // 33 fit whole into 67 units.
            ("😀".repeat(66), 2),
            ("😀".repeat(67), 3),
            ("’".to_owned(), 1),
        ] {
            assert_eq!(segments(&text), count, "{text}");
        }
        assert_eq!(BASIC.chars().count(), 127);
    }
}
