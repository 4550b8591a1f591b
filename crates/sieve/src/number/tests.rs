use phonenumber::country::Id::{DE, GB, US};
use proptest::prelude::*;

use super::*;

fn candidates(written: &str, home: Option<Country>) -> Vec<String> {
    Number::candidates(written, home).iter().map(Number::to_string).collect()
}

#[test]
fn numbers_are_read_in_every_shape() {
    let berlin = ["+493012345678"];
    let rows: [(&str, Option<Country>, &[&str]); 16] = [
        ("+493012345678", None, &berlin),
        (" +49 (30) 1234-5678 ", None, &berlin),
        ("+49/30/12.34.56.78", None, &berlin),
        ("030 12345678", Some(DE), &berlin),
        ("0049 30 12345678", Some(DE), &berlin),
        ("493012345678", Some(DE), &berlin),
        ("493012345678", None, &berlin),
        ("030 12345678", None, &[]),
        ("+12015550123", Some(DE), &["+12015550123"]),
        // Egypt has such numbers as well.
        ("2015550123", Some(US), &["+12015550123", "+2015550123"]),
        ("12015550123", Some(US), &["+12015550123"]),
        ("1-800-FLOWERS", Some(US), &[]),
        ("+49٣٠12345678", None, &[]),
        ("++493012345678", None, &[]),
        ("+4930123456789012345678", None, &[]),
        ("", Some(DE), &[]),
    ];
    for (written, home, expected) in rows {
        assert_eq!(candidates(written, home), expected, "{written:?} {home:?}");
    }
}

#[test]
fn dear_foreign_and_barred_numbers_are_not_sent_to() {
    let rules = NumberRules { home: Some(DE), countries: vec![DE, GB, US], barred: vec!["+4915".to_owned()] };
    let rows = [
        ("+491701234567", Ok(())),
        ("+447400123456", Ok(())),
        ("+12015550123", Ok(())),
        ("+493012345678", Ok(())),
        // Premium: 0900, 09, 900.
        ("+499001234567", Err(Forbidden::Kind)),
        ("+449098790123", Err(Forbidden::Kind)),
        ("+19002345678", Err(Forbidden::Kind)),
        // Free to call, and nobody's phone.
        ("+498001234567", Err(Forbidden::Kind)),
        ("+33612345678", Err(Forbidden::Country)),
        // Same calling code, other countries.
        ("+18765551234", Err(Forbidden::Country)),
        // Satellites, and the international premium service.
        ("+881612345678", Err(Forbidden::Country)),
        ("+979123456789", Err(Forbidden::Country)),
        ("+4915112345678", Err(Forbidden::Barred)),
    ];
    for (number, expected) in rows {
        let checked = number.parse().and_then(|number: Number| rules.check(&number));
        assert_eq!(checked, expected, "{number}");
    }
    let nowhere = NumberRules::default();
    assert_eq!(nowhere.check(&"+491701234567".parse().unwrap()), Err(Forbidden::Country));
}

#[test]
fn a_number_does_not_show_in_debug_output() {
    assert_eq!(format!("{:?}", "+491701234567".parse::<Number>().unwrap()), "Number(..)");
}

proptest! {
    #[test]
    fn any_text_is_a_number_or_none(text in "\\PC{0,50}|[+0-9 -]{0,30}") {
        for number in Number::candidates(&text, Some(DE)) {
            let written = number.to_string();
            prop_assert!(written.len() <= 16 && written.starts_with('+'), "{}", written);
            prop_assert_eq!(written.parse::<Number>(), Ok(number));
        }
    }
}

#[test]
fn a_number_that_cannot_be_read_stands_before_no_other() {
    let written = ["+0", "0151 12345678", "+4915112345678", "+4915112345679"].map(str::to_owned);
    assert_eq!(Number::first(&written).unwrap().to_string(), "+4915112345678");
    assert_eq!(Number::first(&written[..2]), None);
}
