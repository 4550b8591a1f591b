//! Why a job died, in words that are kept with it.

use std::error::Error;

/// A reason is for an operator's screen, not for a stack trace. Octets.
pub const LONGEST_REASON: usize = 1024;

/// The cause and what is behind it, cut to [`LONGEST_REASON`].
pub fn reason(cause: &dyn Error) -> String {
    let mut text = cause.to_string();
    let mut source = cause.source();
    while let Some(error) = source.filter(|_| text.len() < LONGEST_REASON) {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text.truncate(text.floor_char_boundary(LONGEST_REASON));
    text
}
