//! Why a job died, in words that are kept with it.

use std::{error::Error, iter};

/// A reason is for an operator's screen, not for a stack trace. Octets.
const LONGEST: usize = 1024;

/// The cause and what is behind it, cut to [`LONGEST`].
pub(crate) fn reason(cause: &dyn Error) -> String {
    let causes = iter::successors(Some(cause), |&error| error.source());
    let mut text = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    text.truncate(text.floor_char_boundary(LONGEST));
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use bus::Failure;

    use super::*;

    #[test]
    fn a_reason_names_what_is_behind_it() {
        assert_eq!(reason(&io::Error::other(Failure::Retry("deep".into()))), "try again: deep");
    }

    #[test]
    fn a_reason_is_cut_between_two_characters() {
        assert_eq!(reason(&io::Error::other("é".repeat(2000))), "é".repeat(LONGEST / 2));
        assert_eq!(reason(&io::Error::other("x".to_owned() + &"é".repeat(2000))).len(), LONGEST - 1);
    }
}
