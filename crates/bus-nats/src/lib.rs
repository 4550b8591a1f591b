//! The bus on NATS JetStream, for separate processes and more than one node. The only crate that knows NATS.
//!
//! - What is kept lies in streams and KV buckets that every node makes or migrates when it connects; revisions are
//!   sequences of their streams, and leases carry their own time, for Debian's NATS (2.9) expires nothing.
//! - Live delivery is core NATS, without a consumer in the server: a subscription for each registered key, or one for all.
//!   A stored state is published again by NATS itself. What may have been missed is healed by reading the states of the
//!   keys that are registered.
//! - Durable means: acknowledged by JetStream. It writes to its files at once and syncs them every two minutes, so that a
//!   power cut of all replicas can lose what was acknowledged last.

mod bus;
mod call;
mod counters;
mod dead;
mod error;
mod every;
mod expiry;
mod groups;
mod installation;
mod interest;
mod keeper;
mod kept;
mod lasting;
mod link;
mod live;
mod node;
mod parked;
mod provision;
mod round_trip;
mod settings;
mod sizes;
mod streams;
mod subjects;
mod takers;
mod trouble;
mod worker;

pub use bus::NatsBus;
pub use counters::NatsCounts;
pub use error::Refusal;
pub use groups::GroupDepth;
pub use provision::{
    Change, Consent, KeyOrder, NotDone, Outcome, Provisioned, provision_by_order as provision,
};
pub use settings::{Bounds, Credentials, Mode, NatsSettings, Tls, is_credentials_file};
pub use sizes::StreamSize;
pub use trouble::Action;
