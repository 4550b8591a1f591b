//! Gaps: each state says which was the one before it.

/// Where a state lies in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its sequence.
    pub(crate) sequence: u64,
    /// The sequence of the one before it, of the same account; 0: there was none.
    pub(crate) last: u64,
}

/// How a state comes after the last one that was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It is that one.
    Again,
    /// It is told.
    News,
    /// It is told, and one before it was missed.
    AfterGap,
}

impl Place {
    /// Compares it with the sequence of the last state that was heard; 0: none was.
    ///
    /// One that is older is told all the same: the numbers of a server that was replaced by an empty one begin again.
    pub(crate) fn after(self, heard: u64) -> Arrival {
        match heard {
            heard if heard == self.sequence => Arrival::Again,
            1.. if heard < self.last => Arrival::AfterGap,
            _ => Arrival::News,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_judged_by_the_one_before_it() {
        let place = Place { sequence: 9, last: 7 };
        assert_eq!(place.after(0), Arrival::News, "the first that is heard");
        assert_eq!(place.after(7), Arrival::News);
        assert_eq!(place.after(9), Arrival::Again);
        assert_eq!(place.after(6), Arrival::AfterGap);
        assert_eq!(place.after(12), Arrival::News, "a server that begins again");
        assert_eq!(Place { sequence: 9, last: 0 }.after(3), Arrival::News);
    }
}
