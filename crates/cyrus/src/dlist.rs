//! The `dlist:` form: one connection per notification, one line `NOTIFY %(METHOD … )`, then Cyrus waits for a reply.
//!
//! dlist is Cyrus' own list syntax: IMAP's atoms, quoted strings, literals, NIL and lists (RFC 9051 §4), with
//! `%(key value …)` added (`imap/dlist.c`). IMAP envelopes are read with the same [`Value`].

mod frame;
mod reader;
mod value;
mod writer;

pub use reader::Reader;
pub use value::Value;
pub use writer::write;

/// The reply that lets Cyrus go on. It waits for one without a timeout.
pub const OK: &[u8] = b"OK ()\r\n";
