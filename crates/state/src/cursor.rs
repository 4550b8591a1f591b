//! What a client holds of the state of its account, as an opaque text.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mailbox_event::{AccountToken, Modseq};

use crate::{AccountState, Basis, Counter, Epoch, Vector};

/// Octets of the text at most: it travels in a header (`Last-Event-ID`), and proxies bound those.
pub const LONGEST_CURSOR: usize = 2048;

/// The first octet of every cursor.
const VERSION: u8 = 1;

/// The place in a stream of state changes that a client has reached (RFC 8620 §7.3: the event id encodes the whole
/// server-side state).
///
/// Its text is base64url of: a version octet, 4 octets of the account's token, the epoch, the basis, the set of known
/// counters and their modseqs; numbers in LEB128.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    account: [u8; 4],
    epoch: Epoch,
    basis: Basis,
    vector: Vector,
}

/// What moved since a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diff {
    /// Nothing.
    Same,
    /// These counters are higher; in the order of [`Counter::ALL`].
    Moved(Vec<Counter>),
    /// The numbers cannot be compared: another epoch or basis, or the cursor knows nothing of the account.
    Everything,
}

impl Cursor {
    /// The cursor of a client that has been told `vector` of its own account.
    pub fn new(account: AccountToken, epoch: Epoch, basis: Basis, vector: Vector) -> Self {
        Self { account: check(account), epoch, basis, vector }
    }

    /// The cursor of a client that has been told the whole of `state`, which is its own account's.
    pub fn of(account: AccountToken, state: &AccountState) -> Self {
        Self::new(account, state.epoch, state.basis, state.vector)
    }

    /// The text: letters, digits, `-` and `_`, at most [`LONGEST_CURSOR`] octets.
    pub fn encode(&self) -> String {
        let mut octets = vec![VERSION];
        self.write(&mut octets);
        URL_SAFE_NO_PAD.encode(octets)
    }

    /// Reads a text of any origin; `None` if it is no cursor.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > LONGEST_CURSOR {
            return None;
        }
        let octets = URL_SAFE_NO_PAD.decode(text).ok()?;
        let mut rest = octets.strip_prefix(&[VERSION])?;
        Self::read(&mut rest).filter(|_| rest.is_empty())
    }

    /// Reads a text that a client of `account` sent; `None` if it is no cursor or another account's.
    pub fn decode_for(text: &str, account: AccountToken) -> Option<Self> {
        Self::decode(text).filter(|cursor| cursor.belongs_to(account))
    }

    /// Whether the cursor's account is this one, so far as 32 bits tell.
    pub fn belongs_to(&self, account: AccountToken) -> bool {
        self.account == check(account)
    }

    /// What moved in the account since.
    pub fn diff(&self, state: &AccountState) -> Diff {
        if (self.epoch, self.basis) != (state.epoch, state.basis) {
            return Diff::Everything;
        }
        let moved = state.vector.changed_since(&self.vector).collect::<Vec<_>>();
        if moved.is_empty() { Diff::Same } else { Diff::Moved(moved) }
    }

    fn write(&self, octets: &mut Vec<u8>) {
        octets.extend_from_slice(&self.account);
        write_number(octets, u64::from(self.epoch.0));
        octets.push(match self.basis {
            Basis::ChangeNumbers => 0,
            Basis::Counters => 1,
        });
        octets.push(self.vector.known().fold(0, |known, (counter, _)| known | 1 << counter.index()));
        self.vector.known().for_each(|(_, modseq)| write_number(octets, modseq.0));
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        let account = *octets.split_off(..4)?.first_chunk()?;
        let epoch = Epoch(u32::try_from(read_number(octets)?).ok()?);
        let basis = match octets.split_off_first()? {
            0 => Basis::ChangeNumbers,
            1 => Basis::Counters,
            _ => return None,
        };
        let known = *octets.split_off_first()?;
        let mut vector = Vector::default();
        for counter in Counter::ALL.into_iter().filter(|counter| known & 1 << counter.index() != 0) {
            vector.raise(counter, Modseq(read_number(octets)?));
        }
        Some(Self { account, epoch, basis, vector })
    }
}

fn check(account: AccountToken) -> [u8; 4] {
    let [a, b, c, d, ..] = account.0;
    [a, b, c, d]
}

/// LEB128: seven bits an octet, the least first, the top bit where more follow.
fn write_number(octets: &mut Vec<u8>, mut number: u64) {
    while let [low, ..] = number.to_le_bytes()
        && number > 0x7f
    {
        octets.push(low | 0x80);
        number >>= 7;
    }
    octets.push(number.to_le_bytes()[0]);
}

fn read_number(octets: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..u64::BITS).step_by(7) {
        let octet = *octets.split_off_first()?;
        let bits = u64::from(octet & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests;
