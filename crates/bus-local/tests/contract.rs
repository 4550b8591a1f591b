//! The contract of the bus, on a file and a clock that the cases move.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

#[path = "contract/fixture.rs"]
mod fixture;
#[path = "contract/own.rs"]
mod own;

use fixture::local;

bus::contract_tests!(local());

const TESTS: [&str; 5] = [
    include_str!("local/bounds.rs"),
    include_str!("local/files.rs"),
    include_str!("local/others.rs"),
    include_str!("local/reads.rs"),
    include_str!("local/waits.rs"),
];

#[test]
fn every_own_test_that_the_page_names_exists() {
    for (test, name) in own::OWN {
        let function = format!("fn {name}(");
        assert!(TESTS.iter().any(|file| file.contains(&function)), "{test}: {name} is no test");
    }
}
