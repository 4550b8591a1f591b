//! What Cyrus says on its notify socket, decoded.
//!
//! Two steps. The transport ([`datagram`] or [`dlist`]) turns octets into a [`Notice`]; a [`Dialect`] turns a
//! notice into a [`mailbox_event::Notification`]. Pure: no socket, no file, no clock.

pub mod acl;
pub mod counters;
pub mod datagram;
mod decode;
mod dialect;
pub mod dlist;
pub mod encoded_word;
pub mod envelope;
mod malformed;
mod notice;
pub mod uri;

pub use dialect::Dialect;
pub use malformed::Malformed;
pub use notice::Notice;
