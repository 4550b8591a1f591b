//! The contract of the bus, on real servers of both versions and a clock that the cases move.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

#[path = "support/server.rs"]
mod server;

#[path = "contract/fixture.rs"]
mod fixture;

mod debian {
    use testkit::nats::Version;

    use super::fixture::nats;

    bus::contract_tests!(nats(Version::Debian));
}

mod current {
    use testkit::nats::Version;

    use super::fixture::nats;

    bus::contract_tests!(nats(Version::Current));
}
