//! The columns of docs/bus-contract.md: the implementations, and the tests each has of its own.

#[path = "../../../bus-local/tests/contract/own.rs"]
mod local;
#[path = "own.rs"]
mod nats;

type Own = &'static [(&'static str, &'static str)];

/// See the module.
pub const COLUMNS: [(&str, Own); 3] =
    [("bus-local", local::OWN), ("bus-nats, 2.9.10", nats::OWN), ("bus-nats, 2.15.1", nats::OWN)];
