//! The recipient's way out: a signed link in each mail, and the small port that it leads to (RFC 2369, RFC 8058).

mod link;
mod page;
mod port;

pub(crate) use link::{MailLinks, Mutable, MuteLinks};
pub(crate) use port::{MutePort, Service};
