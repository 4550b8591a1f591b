//! One modseq per counter.

use mailbox_event::Modseq;
use serde::{Deserialize, Serialize};

use crate::Counter;

/// What an account has reached: one modseq per [`Counter`], 0 where it is unknown. It only rises.
///
/// Stored as a list in the order of [`Counter::ALL`]. A reader takes a list of any length, so that a counter can be
/// added at the end while programs of two versions run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "Vec<u64>", from = "Vec<u64>")]
pub struct Vector([u64; Counter::COUNT]);

impl Vector {
    /// The modseq of `counter`, if it is known.
    pub fn get(&self, counter: Counter) -> Option<Modseq> {
        match self.0[counter.index()] {
            0 => None,
            modseq => Some(Modseq(modseq)),
        }
    }

    /// Lifts `counter` to `modseq` and says whether that moved it. Zero and lower values move nothing.
    pub fn raise(&mut self, counter: Counter, modseq: Modseq) -> bool {
        let known = &mut self.0[counter.index()];
        let moved = modseq.0 > *known;
        *known = modseq.0.max(*known);
        moved
    }

    /// Takes the greater of each pair and says whether anything moved.
    pub fn join(&mut self, other: &Self) -> bool {
        let before = *self;
        for (known, said) in self.0.iter_mut().zip(other.0) {
            *known = said.max(*known);
        }
        *self != before
    }

    /// The counters that are higher here than in `earlier`.
    pub fn changed_since(&self, earlier: &Self) -> impl Iterator<Item = Counter> {
        let (this, earlier) = (*self, *earlier);
        Counter::ALL.into_iter().filter(move |counter| this.0[counter.index()] > earlier.0[counter.index()])
    }

    /// What is known, in the order of [`Counter::ALL`].
    pub fn known(&self) -> impl Iterator<Item = (Counter, Modseq)> {
        let this = *self;
        Counter::ALL.into_iter().filter_map(move |counter| Some((counter, this.get(counter)?)))
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// Only those of `counters`, the others unknown.
    pub(crate) fn only(&self, counters: &[Counter]) -> Self {
        self.known().filter(|(counter, _)| counters.contains(counter)).collect()
    }
}

impl FromIterator<(Counter, Modseq)> for Vector {
    fn from_iter<I: IntoIterator<Item = (Counter, Modseq)>>(modseqs: I) -> Self {
        let mut vector = Self::default();
        for (counter, modseq) in modseqs {
            vector.raise(counter, modseq);
        }
        vector
    }
}

impl From<Vec<u64>> for Vector {
    fn from(stored: Vec<u64>) -> Self {
        let mut vector = Self::default();
        for (known, stored) in vector.0.iter_mut().zip(stored) {
            *known = stored;
        }
        vector
    }
}

impl From<Vector> for Vec<u64> {
    fn from(vector: Vector) -> Self {
        vector.0.to_vec()
    }
}
