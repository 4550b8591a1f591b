use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::Entry;

use super::*;

/// The messages of a file and the variables that each uses.
fn used(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let resource = check::parse("", source(language)).unwrap();
    let message = |entry: &Entry<&str>| {
        let Entry::Message(message) = entry else { return None };
        let mut used = BTreeSet::new();
        check::in_pattern(message.value.as_ref()?, &mut used);
        Some((message.id.name.to_owned(), used.into_iter().map(str::to_owned).collect()))
    };
    resource.entries().filter_map(message).collect()
}

#[test]
fn every_language_has_every_message_and_uses_every_variable() {
    for language in Language::ALL {
        let used = used(language);
        assert_eq!(used.len(), Word::ALL.len(), "{language:?} has messages that nobody asks for");
        for word in Word::ALL {
            let tells = used.get(word.id()).unwrap_or_else(|| panic!("{language:?} lacks {}", word.id()));
            for variable in word.variables() {
                // A language without plural forms has no use for the count beside the number.
                let is_only_for_plurals = *variable == "count";
                assert!(
                    tells.contains(*variable) || is_only_for_plurals,
                    "{language:?}: {} does not tell ${variable}",
                    word.id()
                );
            }
        }
        Words::load(language, None).map(drop).unwrap();
    }
}

#[test]
fn plural_forms_are_those_of_the_language() {
    let more = |language: Language, count: usize| {
        let words = Words::load(language, None).unwrap();
        let number = FluentValue::from(count.to_string());
        words.say(Word::AttendeesMore, &[("count", count.into()), ("number", number)])
    };
    for (language, count, expected) in [
        (Language::English, 1, "and 1 more"),
        (Language::Russian, 1, "и ещё 1 участник"),
        (Language::Russian, 3, "и ещё 3 участника"),
        (Language::Russian, 11, "и ещё 11 участников"),
        (Language::Russian, 21, "и ещё 21 участник"),
        (Language::Polish, 1, "i jeszcze 1 osoba"),
        (Language::Polish, 22, "i jeszcze 22 osoby"),
        (Language::Polish, 12, "i jeszcze 12 osób"),
        (Language::Arabic, 1, "وشخص واحد آخر"),
        (Language::Arabic, 2, "وشخصان آخران"),
        (Language::Arabic, 5, "و5 أشخاص آخرين"),
        (Language::Arabic, 11, "و11 شخصًا آخر"),
        (Language::Arabic, 100, "و100 شخص آخر"),
        (Language::Japanese, 7, "ほか7名"),
    ] {
        assert_eq!(more(language, count), expected, "{language:?} {count}");
    }
}

#[test]
fn faults_of_a_file_are_told_with_their_line() {
    let faults = |over: &str| {
        let errors = Words::load(Language::English, Some(over)).map(drop).unwrap_err();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(faults("# Ours\nsubjekt = Hello\n"), ["en.ftl:2: message subjekt is not known"]);
    assert_eq!(
        faults("subject =\n  { $titel }, { $start }\n"),
        ["en.ftl:1: message subject has no variable $titel; it has $title, $start"]
    );
    assert_eq!(
        faults("no-title = { $title }\n"),
        ["en.ftl:1: message no-title has no variable $title; it has none"]
    );
    let unclosed = faults("\n\nsubject = { $title\n");
    assert!(unclosed[0].starts_with("en.ftl:3: "), "{unclosed:?}");
    assert_eq!(
        faults("where = { -place }\n"),
        ["en.ftl:1: message where: Resolver error: Unknown term: -place"]
    );
}

#[test]
fn subjects_are_one_line_that_says_something() {
    let faults = |over: &str| {
        let errors = Words::load(Language::English, Some(over)).map(drop).unwrap_err();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let several = "en.ftl:1: message subject: has several lines, and is a subject or a part of one";
    assert_eq!(faults("subject = a\n  Bcc: evil@x.example\n"), [several]);
    assert_eq!(faults("subject = a{ \"\\u000A\" }b\n"), [several]);
    assert_eq!(
        faults("more = { $count ->\n  [one] { \"\" }\n *[other] { $number }\n }\n"),
        ["en.ftl:1: message more: says nothing, and is a subject or a part of one"]
    );
    let lines =
        Words::load(Language::English, Some("reason = one\n  two\nhow-to-stop = { \"\" }\n")).unwrap();
    assert_eq!(lines.plain(Word::Reason), "one\ntwo");
}

#[test]
fn a_message_that_is_there_twice_is_refused() {
    let errors =
        Words::load(Language::English, Some("where = A\nwhen = B\nwhere = C\n")).map(drop).unwrap_err();
    let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["en.ftl:3: message where is there twice"]);
}

#[test]
fn an_operators_words_stand_before_ours() {
    let over = "-us = Example Ltd\nreason = { -us } sends this.\nsubject = { $title }\n";
    let words = Words::load(Language::English, Some(over)).unwrap();
    assert_eq!(words.plain(Word::Reason), "Example Ltd sends this.");
    assert_eq!(words.say(Word::Subject, &[("title", "Lunch".into()), ("start", "now".into())]), "Lunch");
    assert_eq!(words.plain(Word::Where), "Where");
}
