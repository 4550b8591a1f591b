//! The contract of the bus, on a file and a clock that the cases move.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

#[path = "contract/fixture.rs"]
mod fixture;
#[path = "contract/play.rs"]
mod play;

use fixture::local;

bus::contract_tests!(local());

const OWN: [&str; 5] = [
    include_str!("local/bounds.rs"),
    include_str!("local/files.rs"),
    include_str!("local/others.rs"),
    include_str!("local/reads.rs"),
    include_str!("local/waits.rs"),
];

#[test]
fn every_own_test_that_the_page_names_exists() {
    for (test, here) in bus::contract::mirrored::TESTS {
        if let bus::contract::mirrored::Here::Own(name) = here {
            let function = format!("fn {name}(");
            assert!(OWN.iter().any(|file| file.contains(&function)), "{test}: {name} is no test");
        }
    }
}

const PAGE: &str = include_str!("../../../docs/bus-contract.md");

#[test]
fn the_page_says_what_a_run_says() {
    let page = bus::contract::page(&[play::results()]);
    let differing: Vec<_> = page.lines().filter(|line| !PAGE.lines().any(|known| known == *line)).collect();
    assert!(page == PAGE, "docs/bus-contract.md is stale; a run says: {differing:#?}");
}
