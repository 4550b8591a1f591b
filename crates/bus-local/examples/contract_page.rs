//! Plays every case of the bus contract on bus-local, and prints the page that says how they ended.
//!
//! `cargo run -p bus-local --example contract_page > docs/bus-contract.md`
#![expect(clippy::print_stdout, reason = "printing is what it is for")]
#![expect(clippy::unwrap_used, reason = "a case that cannot set its scene has failed")]

#[path = "../tests/contract/fixture.rs"]
mod fixture;
#[path = "../tests/contract/play.rs"]
mod play;

fn main() {
    print!("{}", bus::contract::page(&[play::results()]));
}
