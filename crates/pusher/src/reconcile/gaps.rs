//! Whether notifications were lost: relay writes a value at such moments, and each write gives it another revision.

use bus::Revision;

/// Remembers the last revision.
#[derive(Debug, Default)]
pub(super) struct GapWatch {
    seen: Option<Seen>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen(Option<Revision>);

/// What a look says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing was lost for as long as relay remembers it.
    Never,
    /// The last loss is the one that was there before, or the first one found.
    Before,
    /// Another one, since the last look.
    Again,
}

impl GapWatch {
    /// Takes the value's revision; `None`: there is no value.
    pub(super) fn look(&mut self, revision: Option<Revision>) -> Look {
        let before = self.seen.replace(Seen(revision));
        match (before, revision) {
            (_, None) => Look::Never,
            // What was lost before this process started is found when its streams come.
            (None, Some(_)) => Look::Before,
            (Some(Seen(before)), Some(_)) if before == revision => Look::Before,
            (Some(_), Some(_)) => Look::Again,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_revision_is_another_gap() {
        let mut watch = GapWatch::default();
        assert_eq!(watch.look(Some(Revision(3))), Look::Before);
        assert_eq!(watch.look(Some(Revision(3))), Look::Before);
        assert_eq!(watch.look(Some(Revision(5))), Look::Again);
        assert_eq!(watch.look(Some(Revision(5))), Look::Before);
    }

    #[test]
    fn the_first_value_after_a_look_that_found_none_is_a_gap_and_its_end_is_not() {
        let mut watch = GapWatch::default();
        assert_eq!(watch.look(None), Look::Never);
        assert_eq!(watch.look(Some(Revision(1))), Look::Again);
        assert_eq!(watch.look(None), Look::Never);
    }
}
