use proptest::prelude::*;

use super::{Squeeze::*, *};
use crate::Language::*;

#[test]
fn each_level_does_more() {
    let text = "Please   confirm the meeting tomorrow morning, as soon as possible.";
    let rows = [
        (Low, "Please confirm the meeting tomorrow morning, asap."),
        (Medium, "pls cfm the mtg tmrw morn, asap."),
        (High, "pls cfm the mtg tmrw morn, asap."),
    ];
    for (level, expected) in rows {
        assert_eq!(squeeze(text, English, level), expected, "{level:?}");
    }
    assert_eq!(squeeze("Wonderful wonderful landscape", English, High), "Wonderful wndrfl lndscpe");
}

#[test]
fn numbers_urls_codes_and_addresses_are_never_touched() {
    let text = "HELLO ABOUT4 AB-and-CD 10:30 $1,000.00 x@about.example https://example.org/tomorrow/about 2FA-TOKEN #great";
    assert_eq!(squeeze(text, English, High), text);
    assert_eq!(squeeze("tomorrow@x your/for", English, High), "tomorrow@x your/for");
}

#[test]
fn marks_around_words_and_phrases_stay() {
    assert_eq!(squeeze("(tomorrow), by the way! (by the way)", English, Medium), "(tmrw), btw! (btw)");
}

#[test]
fn every_language_that_is_known_is_squeezed_in_its_own_way() {
    let rows = [
        (German, "Bitte um Bestätigung bis Mittwoch Nachmittag", "Bitte um Best. bis Mi Nachm."),
        (French, "Rendez-vous demain pour la réunion", "rdv dem. pr la réu"),
        (Spanish, "Número de teléfono para el miércoles", "nro. de tel. pa el mié."),
    ];
    for (language, text, expected) in rows {
        assert_eq!(squeeze(text, language, Medium), expected);
    }
}

#[test]
fn words_of_languages_that_are_not_known_stay() {
    for language in Language::ALL {
        let text = "Ünbekanntes wörter здравствуйте 明日 مرحبا";
        if of(language).is_none() {
            assert_eq!(squeeze(text, language, High), text, "{language:?}");
        }
    }
}

proptest! {
    #[test]
    fn nothing_becomes_longer(text in "[a-zA-Z0-9 ,.!?é]{0,200}", language in 0..Language::ALL.len()) {
        for level in Squeeze::STEPS {
            let squeezed = squeeze(&text, Language::ALL[language], level);
            prop_assert!(squeezed.chars().count() <= text.chars().count());
        }
    }

    #[test]
    fn every_digit_stays_in_its_order(text in "([a-z]{1,8} |[0-9]{1,4} |as soon as possible ){0,20}") {
        let digits = |text: &str| text.split_whitespace().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.len() == 4).map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(digits(&squeeze(&text, English, High)), digits(&text));
    }
}
