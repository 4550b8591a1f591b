//! The seed's first action: a mail on one line.

use crate::clean;

/// Characters of a sender and of a subject: the first words of the mail are to have room beside them.
const LONGEST_PART: usize = 80;
/// Characters of the mail's own words that are looked at.
const LONGEST_TEXT: usize = 2_000;

/// `sender: subject - text`, without what is empty. Made of strangers' words: one line, no controls.
pub fn summarise(sender: &str, subject: &str, text: &str) -> String {
    let [sender, subject] = [sender, subject].map(|part| clean::line(part, LONGEST_PART));
    let text = clean::line(text, LONGEST_TEXT);
    let about = [subject, text].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" - ");
    match (sender.is_empty(), about.is_empty()) {
        (true, _) => about,
        (false, true) => sender,
        (false, false) => format!("{sender}: {about}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_leaves_no_sign() {
        assert_eq!(summarise("Ann", "Lunch", "At one?\r\n\r\nBring Bob."), "Ann: Lunch - At one? Bring Bob.");
        assert_eq!(summarise("Ann", "", "At one?"), "Ann: At one?");
        assert_eq!(summarise("Ann", "Lunch", " \r\n"), "Ann: Lunch");
        assert_eq!(summarise("", "Lunch", ""), "Lunch");
        assert_eq!(summarise("Ann", "", ""), "Ann");
        assert_eq!(summarise("", "", ""), "");
    }

    #[test]
    fn strangers_words_are_made_harmless() {
        assert_eq!(summarise("A\u{202e}nn\r\n", "x\0y", "z"), "Ann: x y - z");
        let long = summarise(&"a".repeat(1_000_000), &"b".repeat(1_000_000), &"c".repeat(1_000_000));
        assert!(long.chars().count() <= 2 * LONGEST_PART + LONGEST_TEXT + 5);
    }
}
