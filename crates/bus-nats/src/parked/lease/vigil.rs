//! Whether the holder of a lease lives. Pure.
//!
//! The end that is written in a lease is by its holder's clock. One whose clock is an hour ahead, or was set back since,
//! and that dies, would leave it held for an hour. So those who wait look for signs of life, too, and count their own
//! looks: no clock says how many they were.

use bus::Revision;

/// Looks at one revision after which its holder is dead: in the four seconds between them it would have written another
/// three times.
const MOST: u32 = 5;

/// What was seen of a lease that another holds.
#[derive(Debug, Default)]
pub(super) struct Vigil {
    seen: Option<(Revision, u32)>,
}

impl Vigil {
    /// Notes a look. Whether the holder that wrote `revision` has given no sign of life since.
    pub(super) fn is_abandoned(&mut self, revision: Revision) -> bool {
        let looks = match self.seen {
            Some((seen, looks)) if seen == revision => looks.saturating_add(1),
            _ => 1,
        };
        self.seen = Some((revision, looks));
        looks >= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(vigil: &mut Vigil, revision: u64, times: usize) -> Vec<bool> {
        (0..times).map(|_| vigil.is_abandoned(Revision(revision))).collect()
    }

    #[test]
    fn who_gives_no_sign_of_life_is_dead_and_who_gives_one_now_and_then_is_not() {
        let mut vigil = Vigil::default();
        assert_eq!(looks(&mut vigil, 1, 4), [false; 4]);
        assert_eq!(looks(&mut vigil, 2, 4), [false; 4], "it lives");
        assert_eq!(looks(&mut vigil, 3, 6), [false, false, false, false, true, true]);
    }
}
