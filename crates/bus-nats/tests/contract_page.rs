//! docs/bus-contract.md says what the tests say: every case is a test of each implementation by its own name, and passes.

use std::fs;

use bus::contract::{Results, all, page};

#[path = "contract/columns.rs"]
mod columns;

const PAGE: &str = include_str!("../../../docs/bus-contract.md");

#[test]
fn the_page_says_that_every_case_passes_everywhere() {
    let passed = || all().into_iter().map(|case| ((case.contract, case.name), true)).collect();
    let results =
        columns::COLUMNS.map(|(implementation, own)| Results { implementation, own, passed: passed() });
    let page = page(&results);
    let differing: Vec<_> = page.lines().filter(|line| !PAGE.lines().any(|known| known == *line)).collect();
    assert!(page == PAGE, "docs/bus-contract.md is stale: {differing:#?}");
}

#[test]
fn every_own_test_that_the_page_names_exists() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/");
    let mut sources = include_str!("../../bus-node/src/settlement.rs").to_owned();
    for part in ["groups", "nats"] {
        let files = fs::read_dir(format!("{folder}{part}")).expect("tests are there");
        for file in files {
            sources += &fs::read_to_string(file.expect("tests are there").path()).expect("tests are text");
        }
    }
    for (test, name) in columns::COLUMNS[1].1 {
        assert!(sources.contains(&format!("fn {name}(")), "{test}: {name} is no test");
    }
}
