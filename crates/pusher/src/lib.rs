//! The fast path: event streams of modseqs.
//!
//! - [`Pusher`] listens and serves `/events/` and `/jmap/eventsource/` (RFC 8620 §7.3) until it is drained.
//! - `hub`: one channel per account that has streams here; hears the bus, decodes once, shares one view.
//! - `stream`: one stream as a state machine; `frame`, `encode` and `event_id` are what it writes.
//! - `request`, `cors`, `credential`, `client_address`, `places`: who asks for what, from where, and how much of it.
//! - `upstream_state`: states that the mail server itself answers; `reconcile`: when they are compared with ours.
//! - `revocation`: credentials that count no longer, and the streams that end with them.
//! - `service`, `server`: HTTP; `in_use`: connections that are there for nothing.
//!
//! Nothing is queued for a reader: a stream is asked for its next frame when its socket can take one, and then
//! compares what its client has with what is known.

mod client_address;
mod cors;
mod credential;
mod encode;
mod event_id;
mod frame;
mod hub;
mod in_use;
mod places;
mod pusher;
mod reconcile;
mod request;
mod response;
mod revocation;
mod server;
mod service;
mod settings;
mod stream;
mod telemetry;
mod upstream_state;

pub use client_address::{InvalidNetwork, Network};
pub use cors::InvalidCors;
pub use credential::{InvalidCookies, InvalidJwks, InvalidJwtSettings, InvalidUpstream};
pub use pusher::{Deps, Pusher, StartError};
pub use revocation::{RevokeError, Revoker};
pub use settings::{
    Cookies, Cors, Credential, JwksSettings, JwtAlgorithm, JwtSettings, Limits, Pace, ReconcileSettings,
    Settings, TicketSettings, UpstreamSettings,
};
