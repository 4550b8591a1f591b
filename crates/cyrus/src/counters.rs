//! `vnd.fastmail.counters`: numbers with spaces between.
//!
//! In every form the first five are version, highest, mail, calendars and contacts, and the last is uidvalidity. What
//! stands between them is known for the form of 13 (Cyrus 3.6): notes, the four highest folder modseqs, quota and
//! the reverse ACL index. Other forms have it skipped rather than guessed.

use mailbox_event::{Counters, Modseq, UidValidity};

/// Reads the counters; `None` is *unknown*: not numbers, fewer than six, or no modseq that is not zero, which is what
/// a server without conversations says.
pub fn parse(text: &str) -> Option<Counters> {
    let numbers = text.split_ascii_whitespace().map(str::parse).collect::<Result<Vec<u64>, _>>().ok()?;
    let [version, modseqs @ .., uid_validity] = numbers.as_slice() else { return None };
    let (&[highest, mail, calendar, contacts], between) = modseqs.split_first_chunk()?;
    if modseqs.iter().all(|modseq| *modseq == 0) {
        return None;
    }
    let counters = Counters {
        version: u32::try_from(*version).ok()?,
        highest: Modseq(highest),
        mail: Modseq(mail),
        calendar: Modseq(calendar),
        contacts: Modseq(contacts),
        uid_validity: UidValidity(u32::try_from(*uid_validity).ok()?),
        ..Counters::default()
    };
    Some(with_form_of_13(counters, between))
}

fn with_form_of_13(counters: Counters, between: &[u64]) -> Counters {
    let &[notes, mail, calendar, contacts, notes_folders, quota, racl] = between else { return counters };
    Counters {
        notes: Some(Modseq(notes)),
        folders: Some([mail, calendar, contacts, notes_folders].map(Modseq)),
        quota: Some(Modseq(quota)),
        racl: Some(Modseq(racl)),
        ..counters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_numbers_are_the_short_form() {
        let counters = parse("0 1777287 1777287 1761500 1758760 1416223082").unwrap();
        let expected = Counters {
            version: 0,
            highest: Modseq(1_777_287),
            mail: Modseq(1_777_287),
            calendar: Modseq(1_761_500),
            contacts: Modseq(1_758_760),
            uid_validity: UidValidity(1_416_223_082),
            ..Counters::default()
        };
        assert_eq!(counters, expected);
    }

    #[test]
    fn thirteen_numbers_are_the_form_of_3_6() {
        let counters = parse("9 80 45 68 73 5 32 65 74 6 76 7 1795313660").unwrap();
        let expected = Counters {
            version: 9,
            highest: Modseq(80),
            mail: Modseq(45),
            calendar: Modseq(68),
            contacts: Modseq(73),
            notes: Some(Modseq(5)),
            folders: Some([Modseq(32), Modseq(65), Modseq(74), Modseq(6)]),
            quota: Some(Modseq(76)),
            racl: Some(Modseq(7)),
            uid_validity: UidValidity(1_795_313_660),
        };
        assert_eq!(counters, expected);
    }

    #[test]
    fn other_lengths_give_what_every_form_has() {
        for text in ["3 9 8 7 6 5 44", "9 9 8 7 6 5 4 3 2 1 1 1 1 44", "9 9 8 7 6 5 4 3 2 1 1 1 1 1 1 1 44"] {
            let counters = parse(text).unwrap();
            assert_eq!((counters.highest, counters.mail), (Modseq(9), Modseq(8)), "{text}");
            assert_eq!((counters.calendar, counters.contacts), (Modseq(7), Modseq(6)), "{text}");
            assert_eq!((counters.notes, counters.folders), (None, None), "{text}");
            assert_eq!(counters.uid_validity, UidValidity(44), "{text}");
        }
    }

    #[test]
    fn zeros_and_what_is_no_counters_are_unknown() {
        for text in [
            "",
            "9",
            "9 1 2 3 4",
            "0 0 0 0 0 0",
            "9 0 0 0 0 1795313660",
            "9 0 0 0 0 0 0 0 0 0 0 0 1795313660",
            "9 1 1 x 1 1",
            "9 1 1 -1 1 1",
            "9 99999999999999999999 1 1 1 1",
            "9 1 1 1 1 99999999999",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
