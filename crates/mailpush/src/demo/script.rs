//! The scenes of the demo: what happens next, and how long until then.

use std::time::Duration;

use super::{compose::Deed, world::World};

/// The inbox is kept at a length that a screen shows.
const FULL_INBOX: usize = 8;

/// How many changes the button "40 at once" makes.
const BURST: usize = 40;

/// What the page or the script asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// One deed.
    One(Deed),
    /// Forty deeds without a pause.
    Burst,
    /// A letter arrives of which the user's script tells by text.
    Text,
}

/// The scenes, each with the milliseconds before it; after the last comes the first.
const SCENES: &[(u64, Action)] = &[
    (1200, Action::One(Deed::Deliver)),
    (1600, Action::Text),
    (2200, Action::One(Deed::Read)),
    (1800, Action::One(Deed::Event)),
    (1600, Action::One(Deed::Deliver)),
    (1500, Action::One(Deed::Flag)),
    (2000, Action::One(Deed::Contact)),
    (1600, Action::Text),
    (1700, Action::One(Deed::Delete)),
    (1500, Action::One(Deed::Alert)),
    (2500, Action::One(Deed::Deliver)),
    (1400, Action::One(Deed::Read)),
    (1600, Action::Text),
    (1900, Action::One(Deed::Event)),
    (1600, Action::One(Deed::AlarmMail)),
    (3000, Action::One(Deed::Deliver)),
    (1500, Action::One(Deed::Read)),
    (1300, Action::One(Deed::Contact)),
    (1800, Action::One(Deed::Delete)),
    (1500, Action::Burst),
    (3000, Action::One(Deed::Delete)),
];

/// Walks through the scenes without end.
#[derive(Debug, Default)]
pub struct Script {
    next: usize,
}

impl Script {
    /// How long to wait, and what to do then. Where the inbox is full, something is deleted before more arrives.
    pub fn next(&mut self, world: &World) -> (Duration, Action) {
        let (wait, action) = &SCENES[self.next % SCENES.len()];
        let wait = Duration::from_millis(*wait);
        let is_arrival = matches!(action, Action::One(Deed::Deliver) | Action::Text);
        if is_arrival && world.inbox().messages().len() >= FULL_INBOX {
            return (wait, Action::One(Deed::Delete));
        }
        self.next += 1;
        (wait, action.clone())
    }
}

impl Action {
    /// The word of the page's buttons.
    pub fn parse(word: &str) -> Option<Self> {
        Some(Self::One(match word {
            "deliver" => Deed::Deliver,
            "read" => Deed::Read,
            "flag" => Deed::Flag,
            "delete" => Deed::Delete,
            "event" => Deed::Event,
            "contact" => Deed::Contact,
            "alert" => Deed::Alert,
            "alarm-mail" => Deed::AlarmMail,
            "burst" => return Some(Self::Burst),
            "text" => return Some(Self::Text),
            _ => return None,
        }))
    }

    /// The deeds of the cast that it is made of. A burst leaves as many messages as there were; a text brings a letter
    /// of its own.
    pub fn deeds(&self) -> Vec<Deed> {
        match self {
            Self::One(deed) => vec![deed.clone()],
            Self::Text => Vec::new(),
            Self::Burst => [Deed::Deliver, Deed::Read, Deed::Flag, Deed::Delete]
                .into_iter()
                .cycle()
                .take(BURST)
                .collect(),
        }
    }
}

/// What was recorded as real, and then enough deeds for a screen that is not empty.
pub const PROLOGUE: &[Deed] = &[
    Deed::Deliver,
    Deed::Deliver,
    Deed::Event,
    Deed::Deliver,
    Deed::Contact,
    Deed::Read,
    Deed::Event,
    Deed::Deliver,
    Deed::Flag,
    Deed::Contact,
    Deed::Contact,
    Deed::Event,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_button_has_a_deed_and_other_words_have_none() {
        for word in
            ["deliver", "read", "flag", "delete", "burst", "event", "contact", "alert", "alarm-mail", "text"]
        {
            assert!(Action::parse(word).is_some(), "{word}");
        }
        assert_eq!(Action::parse("format-disk"), None);
    }

    #[test]
    fn a_burst_is_forty_changes() {
        assert_eq!(Action::Burst.deeds().len(), 40);
    }

    #[test]
    fn scenes_follow_one_another_at_a_human_pace_without_end() {
        let mut script = Script::default();
        for _ in 0..3 * SCENES.len() {
            let (wait, _) = script.next(&World::default());
            assert!((Duration::from_secs(1)..=Duration::from_secs(3)).contains(&wait));
        }
    }
}
