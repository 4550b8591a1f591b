//! What a Sieve script's `notify` asks for (RFC 5435), and what may come of it. Pure functions of what the mail server
//! said and of the message's own words; no clock, no socket.
//!
//! - [`Method`]: by mail (RFC 5436), by text message (RFC 5724, RFC 3966, and the form before the RFCs), by a POST.
//! - [`Wishes`]: how a text is to be shortened.
//! - [`Facts`]: what the message itself says, as far as a notification needs it.
//! - [`silence`]: the messages of which nobody is notified; [`OwnMail`], those of them that we sent.
//! - [`Number`], [`Country`], [`NumberRules`]: telephone numbers, and which of them cost more than they should.

mod facts;
mod method;
mod number;
mod rules;
mod wishes;

pub use facts::{Facts, MOST_TEXT};
pub use method::{Hook, MOST_DESTINATIONS, Mailto, Method, Texting, Unsupported};
pub use number::{Country, Forbidden, Number, NumberRules};
pub use rules::{OwnMail, Silence, silence};
pub use wishes::{Level, Wishes};
