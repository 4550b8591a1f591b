//! Plays every case of the bus contract on each implementation, and prints the page that says how they ended.
//!
//! `cargo run -p bus-nats --example contract_page > docs/bus-contract.md`
#![expect(clippy::print_stdout, reason = "printing is what it is for")]
#![expect(clippy::unwrap_used, reason = "a case that cannot set its scene has failed")]

use bus::contract::{Results, page, play_all};
use testkit::nats::Version;

#[path = "../tests/contract/columns.rs"]
mod columns;
#[path = "../tests/contract/fixture.rs"]
mod fixture;
#[path = "../../bus-local/tests/contract/fixture.rs"]
mod local;
#[path = "../tests/support/server.rs"]
mod server;

fn main() {
    let passed = [
        play_all(local::local),
        play_all(|| fixture::nats(Version::Debian)),
        play_all(|| fixture::nats(Version::Current)),
    ];
    let results = columns::COLUMNS.into_iter().zip(passed);
    let results: Vec<_> =
        results.map(|((implementation, own), passed)| Results { implementation, own, passed }).collect();
    print!("{}", page(&results));
}
