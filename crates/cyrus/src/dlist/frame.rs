//! Where the line ends, found octet by octet so that no octet is looked at twice.

use crate::Malformed;

/// The most digits of a literal's size; more cannot be a size that anyone allows.
const MOST_DIGITS: u8 = 10;

/// How far the search for the end of the line has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Line,
    Quoted,
    Escape,
    /// In `{n`, with the digits so far.
    Size {
        octets: u64,
        digits: u8,
    },
    /// After the `+`.
    Plus(u64),
    /// After the `}`; a CR may have come.
    Brace(u64),
    Literal(u64),
}

/// Finds the LF that ends a line, skipping those within literals. Keeps its place between pieces.
#[derive(Debug)]
pub(super) struct Frame {
    within: Within,
}

impl Frame {
    pub(super) const fn new() -> Self {
        Self { within: Within::Line }
    }

    /// Looks at `piece`; returns how much of it belongs to the line once the line has ended.
    ///
    /// `room` is how many octets the line may still have; a literal that would not fit is refused at its head.
    pub(super) fn advance(&mut self, piece: &[u8], room: usize) -> Result<Option<usize>, Malformed> {
        let mut at = 0;
        while at < piece.len() {
            if let Within::Literal(left) = self.within {
                at += self.skip(left, piece.len() - at);
                continue;
            }
            let octet = piece[at];
            at += 1;
            if self.within == Within::Line && octet == b'\n' {
                return Ok(Some(at));
            }
            self.within = step(self.within, octet)?;
            self.refuse_oversize(room.saturating_sub(at))?;
        }
        Ok(None)
    }

    /// Goes over a literal's octets without looking at them.
    fn skip(&mut self, left: u64, available: usize) -> usize {
        let taken = usize::try_from(left).map_or(available, |left| left.min(available));
        let left = left - taken as u64;
        self.within = if left == 0 { Within::Line } else { Within::Literal(left) };
        taken
    }

    fn refuse_oversize(&self, room: usize) -> Result<(), Malformed> {
        match self.within {
            Within::Literal(octets) if octets > room as u64 => Err(Malformed::TooLarge),
            _ => Ok(()),
        }
    }
}

fn step(within: Within, octet: u8) -> Result<Within, Malformed> {
    Ok(match (within, octet) {
        (Within::Line, b'"') | (Within::Escape, b'"' | b'\\') => Within::Quoted,
        (Within::Line, b'{') => Within::Size { octets: 0, digits: 0 },
        (Within::Line, _) => Within::Line,
        (Within::Quoted, b'"') => Within::Line,
        (Within::Quoted, b'\\') => Within::Escape,
        (Within::Quoted, b'\r' | b'\n') | (Within::Escape, _) => return Err(Malformed::Syntax),
        (Within::Quoted, _) => Within::Quoted,
        (Within::Size { octets, digits }, b'0'..=b'9') if digits < MOST_DIGITS => {
            Within::Size { octets: octets * 10 + u64::from(octet - b'0'), digits: digits + 1 }
        }
        (Within::Size { octets, digits: 1.. }, b'+') => Within::Plus(octets),
        (Within::Size { octets, digits: 1.. } | Within::Plus(octets), b'}')
        | (Within::Brace(octets), b'\r') => Within::Brace(octets),
        (Within::Brace(0), b'\n') => Within::Line,
        (Within::Brace(octets), b'\n') => Within::Literal(octets),
        (Within::Size { .. } | Within::Plus(_) | Within::Brace(_), _) => return Err(Malformed::Literal),
        // `advance` goes over a literal by itself.
        (Within::Literal(left), _) => Within::Literal(left),
    })
}
