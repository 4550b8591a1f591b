use proptest::prelude::*;

use super::{Limit::*, *};
use crate::Language::*;

#[test]
fn nothing_is_changed_that_costs_nothing() {
    for text in ["It’s “fine” – 👍", "as soon as possible, tomorrow", "Приве́т"] {
        let fitted = fit(text, English, Squeeze::High, Segments(1));
        assert_eq!((fitted.text.as_str(), fitted.is_cut), (text, false));
    }
}

#[test]
fn signs_change_before_letters_and_letters_before_words() {
    let typographic = format!("“{}”", "x ".repeat(60));
    let signs = fit(&typographic, English, Squeeze::High, Segments(3));
    assert_eq!((signs.text.starts_with('"'), signs.segments.count), (true, 1));

    let polish = format!("Zażółć {}", "gęślą ".repeat(20));
    let letters = fit(&polish, Polish, Squeeze::High, Segments(3));
    assert_eq!((letters.text.starts_with("Zazolc gesla"), letters.segments.count), (true, 1));

    let long = "tomorrow ".repeat(20);
    assert_eq!(fit(&long, English, Squeeze::Never, Segments(2)).segments.count, 2);
    let words = fit(&long, English, Squeeze::Medium, Segments(2));
    assert_eq!((words.text.starts_with("tmrw tmrw"), words.segments.count), (true, 1));
}

#[test]
fn an_abbreviation_that_saves_no_segment_is_not_made() {
    let text = "wonderful ".repeat(60);
    // 599 characters are four parts; without vowels they would be 419 and three.
    assert!(fit(&text, English, Squeeze::High, Segments(10)).text.starts_with("wndrfl"));
    assert!(fit(&text, English, Squeeze::Medium, Segments(10)).text.starts_with("wonderful"));
}

#[test]
fn what_is_too_long_is_cut_between_characters_that_people_see() {
    let family = "👨‍👩‍👧‍👦".repeat(20);
    let fitted = fit(&family, English, Squeeze::Never, Segments(1));
    assert!(fitted.is_cut && fitted.segments.count == 1);
    assert_eq!(fitted.text, format!("{}…", "👨‍👩‍👧‍👦".repeat(6)));
    assert_eq!(fit("abcdefgh", English, Squeeze::Never, Characters(6)).text, "abc...");
    assert_eq!(fit("abcdefgh", English, Squeeze::Never, Characters(2)).text, "ab");
    assert_eq!(fit("abcdefgh", English, Squeeze::Never, Characters(8)).text, "abcdefgh");
}

#[test]
fn spaces_that_pictures_leave_behind_end() {
    let pictures = "abcdef 👍 👍 👍 👍 👍 👍";
    assert_eq!(fit(pictures, English, Squeeze::Never, Characters(10)).text, "abcdef");
    assert_eq!(fit(&pictures.repeat(20), English, Squeeze::Never, Segments(1)).segments.count, 1);
}

#[test]
fn one_space_stays_where_a_picture_was() {
    let text = format!("👍 See  you 👍🏽 at 5 ☀️\n{}", "x ".repeat(60));
    let fitted = fit(&text, English, Squeeze::Never, Segments(1));
    assert!(fitted.text.starts_with("See you at 5\nx x"), "{}", fitted.text);
    let typed = "two  spaces".repeat(20);
    assert!(fit(&typed, English, Squeeze::Never, Segments(2)).text.starts_with("two  spaces"));
}

#[test]
fn a_cut_goes_through_no_code_number_url_or_address() {
    for (text, most, expected) in [
        ("Your code is 482913 thanks", 18, "Your code is..."),
        ("Your code is 482913 thanks", 22, "Your code is 482913..."),
        ("Call (+4915112345678), please", 20, "Call..."),
        ("See https://example.org/path now", 24, "See..."),
        ("Write to somebody@example.org now", 24, "Write to..."),
        ("Meet at noon somewhere", 18, "Meet at noon so..."),
        // Nothing would be left.
        ("482913482913 is it", 8, "48291..."),
        // Words that no space parts.
        ("会议在星期三下午3点开始请准时参加", 13, "会议在星期三下午3点开始…"),
        ("会议号码482913请准时参加会议", 8, "会议号码…"),
    ] {
        assert_eq!(fit(text, English, Squeeze::Never, Characters(most)).text, expected);
    }
    for code in ["https://example.org/a/long/path", "+4915112345678", "me@example.org"] {
        let text = format!("{}and {code} x", "word ".repeat(29));
        assert!(fit(&text, English, Squeeze::Never, Segments(1)).text.ends_with("and..."), "{code}");
    }
}

#[test]
fn a_beginning_that_is_cheaper_than_the_whole_is_cut_as_such() {
    let mixed = format!("{}{}", "x ".repeat(100), "я".repeat(100));
    let fitted = fit(&mixed, English, Squeeze::Never, Segments(1));
    assert_eq!((fitted.segments.encoding, fitted.text.len()), (super::Encoding::Gsm7, 160));
}

#[test]
fn controls_that_reorder_or_break_do_not_reach_a_lock_screen() {
    let fitted = fit("a\u{202e}b\0c\r\nd", English, Squeeze::Never, Segments(1));
    assert_eq!(fitted.text, "abc\nd");
}

#[test]
fn a_megabyte_costs_no_more_than_its_first_words() {
    let fitted = fit(&"слово ".repeat(200_000), Russian, Squeeze::High, Segments(2));
    assert!(fitted.is_cut && fitted.segments.count == 2);
}

proptest! {
    #[test]
    fn the_limit_holds_and_the_price_is_that_of_the_text(
        text in "(\\PC|as soon as possible |tomorrow |€|😀| 👍){0,300}",
        most in 1..4u32,
        characters in 0..200usize,
        level in 0..4usize,
    ) {
        let level = [Squeeze::Never, Squeeze::Low, Squeeze::Medium, Squeeze::High][level];
        for limit in [Segments(most), Characters(characters)] {
            let fitted = fit(&text, English, level, limit);
            prop_assert!(limit.holds(&fitted.text, ""), "{limit:?} {fitted:?}");
            prop_assert_eq!(fitted.segments, super::Segments::of(&fitted.text));
        }
    }
}
