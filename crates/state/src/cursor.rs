//! What a client holds of the state of accounts, as an opaque text.

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
/// Its text is base64url of: a version octet, then for each account 4 octets of its token, the epoch, the basis, the
/// set of known counters and their modseqs; numbers in LEB128. The first account is the client's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    own: Entry,
    others: Vec<Entry>,
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

/// What a cursor holds of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    account: [u8; 4],
    epoch: Epoch,
    basis: Basis,
    vector: Vector,
}

impl Cursor {
    /// The cursor of a client that has been told `vector` of its own account.
    pub fn new(account: AccountToken, epoch: Epoch, basis: Basis, vector: Vector) -> Self {
        Self { own: Entry { account: check(account), epoch, basis, vector }, others: Vec::new() }
    }

    /// The cursor of a client that has been told the whole of `state`, which is its own account's.
    pub fn of(account: AccountToken, state: &AccountState) -> Self {
        Self::new(account, state.epoch, state.basis, state.vector)
    }

    /// Adds another account that the client can see; `vector` is what it was told of it.
    #[must_use]
    pub fn and(mut self, account: AccountToken, epoch: Epoch, basis: Basis, vector: Vector) -> Self {
        self.others.push(Entry { account: check(account), epoch, basis, vector });
        self
    }

    /// The text: letters, digits, `-` and `_`, at most [`LONGEST_CURSOR`] octets. Where all accounts are too many for
    /// that, it holds the client's own alone, and the others are told in full at a reconnect.
    pub fn encode(&self) -> String {
        let mut octets = vec![VERSION];
        self.own.write(&mut octets);
        let own_alone = octets.len();
        self.others.iter().for_each(|entry| entry.write(&mut octets));
        if base64::encoded_len(octets.len(), false).is_none_or(|length| length > LONGEST_CURSOR) {
            octets.truncate(own_alone);
        }
        URL_SAFE_NO_PAD.encode(octets)
    }

    /// Reads a text of any origin; `None` if it is no cursor.
    pub fn decode(text: &str) -> Option<Self> {
        if text.len() > LONGEST_CURSOR {
            return None;
        }
        let octets = URL_SAFE_NO_PAD.decode(text).ok()?;
        let mut rest = octets.strip_prefix(&[VERSION])?;
        let own = Entry::read(&mut rest)?;
        let mut others = Vec::new();
        while !rest.is_empty() {
            others.push(Entry::read(&mut rest)?);
        }
        Some(Self { own, others })
    }

    /// Reads a text that a client of `account` sent; `None` if it is no cursor or another account's.
    pub fn decode_for(text: &str, account: AccountToken) -> Option<Self> {
        Self::decode(text).filter(|cursor| cursor.belongs_to(account))
    }

    /// Whether the cursor's own account is this one, so far as 32 bits tell.
    pub fn belongs_to(&self, account: AccountToken) -> bool {
        self.own.account == check(account)
    }

    /// What moved in the client's own account.
    pub fn diff(&self, state: &AccountState) -> Diff {
        self.own.diff(state.epoch, state.basis, &state.vector)
    }

    /// What moved in another account that the client can see, or in a part of it; `vector` is what it may be told.
    pub fn diff_of(&self, account: AccountToken, epoch: Epoch, basis: Basis, vector: &Vector) -> Diff {
        let entry = self.others.iter().find(|entry| entry.account == check(account));
        entry.map_or(Diff::Everything, |entry| entry.diff(epoch, basis, vector))
    }
}

impl Entry {
    fn diff(&self, epoch: Epoch, basis: Basis, vector: &Vector) -> Diff {
        if (self.epoch, self.basis) != (epoch, basis) {
            return Diff::Everything;
        }
        let moved = vector.changed_since(&self.vector).collect::<Vec<_>>();
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
