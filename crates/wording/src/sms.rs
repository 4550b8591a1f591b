//! Text messages: what they cost, and how a text is made to cost less.
//!
//! - [`Segments`]: the price of a text, exactly.
//! - [`summarise`]: sender, subject and first words of a mail on one line.
//! - [`fit()`]: a text within [`Limit`], in as few segments as its [`Squeeze`] allows.

mod fit;
mod gsm;
mod segments;
mod squeeze;
mod summary;
mod transliterate;

pub use fit::{Fitted, LONGEST, Limit, fit};
pub use segments::{Encoding, Segments};
pub use squeeze::Squeeze;
pub use summary::summarise;
