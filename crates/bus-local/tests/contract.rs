//! The contract of the bus, on a file and a clock that the cases move.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

#[path = "contract/fixture.rs"]
mod fixture;
#[path = "contract/play.rs"]
mod play;

use fixture::local;

bus::contract_tests!(local());

const PAGE: &str = include_str!("../../../docs/bus-contract.md");

#[test]
fn the_page_says_what_a_run_says() {
    let page = bus::contract::page(&[play::results()]);
    let differing: Vec<_> = page.lines().filter(|line| !PAGE.lines().any(|known| known == *line)).collect();
    assert!(page == PAGE, "docs/bus-contract.md is stale; a run says: {differing:#?}");
}
