//! The list of cases is whole.

use std::collections::BTreeSet;

use super::{
    all,
    james::{Held, PARTS, held},
    mirrored::{Here, TESTS},
};

const NULLS: &str = include_str!("../dead_letters/nulls.rs");

const FILES: [(&str, &str); 10] = [
    ("group", include_str!("group.rs")),
    ("redelivery", include_str!("redelivery.rs")),
    ("jobs", include_str!("jobs.rs")),
    ("key", include_str!("key.rs")),
    ("concurrent", include_str!("concurrent.rs")),
    ("errors", include_str!("errors.rs")),
    ("dead_letters", include_str!("dead_letters.rs")),
    ("health", include_str!("health.rs")),
    ("retained", include_str!("retained.rs")),
    ("life", include_str!("life.rs")),
];

fn in_files() -> BTreeSet<(&'static str, &'static str)> {
    let lines = FILES.iter().flat_map(|&(contract, file)| file.lines().map(move |line| (contract, line)));
    lines
        .filter_map(|(contract, line)| {
            let (name, _) = line.strip_prefix("pub async fn ")?.split_once('(')?;
            Some((contract, name))
        })
        .collect()
}

#[test]
fn every_case_is_listed() {
    let listed: BTreeSet<_> = all().into_iter().map(|case| (case.contract, case.name)).collect();
    assert_eq!(in_files(), listed);
    assert_eq!(all().len(), listed.len(), "each once");
}

#[test]
fn no_two_cases_have_one_name() {
    let names: BTreeSet<_> = all().into_iter().map(|case| case.name).collect();
    assert_eq!(names.len(), all().len());
}

#[test]
fn every_case_of_james_is_held() {
    let cases: BTreeSet<_> = all().into_iter().map(|case| case.name.to_owned()).collect();
    let james: BTreeSet<_> = PARTS.iter().flat_map(|part| part.cases).copied().collect();
    assert_eq!(james.len(), 127);
    let mut by_type = 0;
    for case in james {
        match held(case) {
            Held::Case(name) => assert!(cases.contains(&name), "{name} is no case"),
            Held::Changed(name, _) => assert!(cases.contains(name), "{name} is no case"),
            Held::Type(name) => {
                assert!(NULLS.contains(&format!("null!({name}:")), "{name} is no doctest");
                by_type += 1;
            }
        }
    }
    assert_eq!(by_type, NULLS.matches("\nnull!(").count());
}

#[test]
fn every_case_that_mirrors_one_of_james_exists() {
    let cases: BTreeSet<_> = all().into_iter().map(|case| case.name).collect();
    let tests: BTreeSet<_> = TESTS.iter().map(|(test, _)| test).collect();
    assert_eq!(tests.len(), TESTS.len(), "each once");
    for (test, here) in TESTS {
        if let Here::Case(name) = here {
            assert!(cases.contains(name), "{test}: {name} is no case");
        }
    }
}
