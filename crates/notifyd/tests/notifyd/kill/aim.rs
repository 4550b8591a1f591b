//! Where notifyd is killed.

use std::time::Duration;

use fakes::smtp::{DataFault, Faults, Verb};
use rand::{RngExt, rngs::StdRng};

/// A place between two effects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aim {
    /// While the server holds back the answer to this; it may lose what it was sent.
    Answer(Verb, bool),
    /// Where notifyd writes this into its log at level trace.
    Word(&'static str),
    /// Where notifyd writes this after the server answered 421 to this: it closes, whatever it was asked.
    Closing(Verb, &'static str),
    /// Where it takes a job although it runs one at a time: the one before is acknowledged.
    Acknowledged,
    /// So long after it came by one of those words.
    Later(&'static str, Duration),
}

pub const TAKEN: &str = "Job is taken";
const LEAVES: &str = "Ledger says that the mail leaves";
const ANSWERED: &str = "Server has answered";
const PUT_DOWN: &str = "Ledger says how it ended";
/// After [`Aim::Closing`] alone.
const PROBED: &str = "Server is asked whether it answers others";
const WORDS: [&str; 8] = [
    TAKEN,
    "Mail is due",
    "Server waits for the text",
    "All but the end of the text has left",
    LEAVES,
    ANSWERED,
    PUT_DOWN,
    "Job is done",
];

/// Every fourth is one round's: fewer kills than a mail is sent again, so that none may be given up. The first three lose a
/// mail that is in doubt; they are in three rounds, so that others bring it.
pub const AIMS: [Aim; 20] = [
    Aim::Word(LEAVES),
    Aim::Closing(Verb::End, ANSWERED),
    Aim::Answer(Verb::End, true),
    Aim::Answer(Verb::End, false),
    Aim::Answer(Verb::Connect, false),
    Aim::Answer(Verb::Hello, false),
    Aim::Answer(Verb::Mail, false),
    Aim::Answer(Verb::Recipient, false),
    Aim::Answer(Verb::Data, false),
    Aim::Word(WORDS[0]),
    Aim::Word(WORDS[1]),
    Aim::Word(WORDS[2]),
    Aim::Word(WORDS[3]),
    Aim::Word(ANSWERED),
    Aim::Word(PUT_DOWN),
    Aim::Word(WORDS[7]),
    Aim::Acknowledged,
    Aim::Closing(Verb::End, PUT_DOWN),
    Aim::Closing(Verb::End, PROBED),
    Aim::Closing(Verb::Data, PROBED),
];

impl Aim {
    /// Within a few milliseconds of any word.
    pub fn later(rng: &mut StdRng) -> Self {
        let word = WORDS[rng.random_range(0..WORDS.len())];
        Self::Later(word, Duration::from_micros(rng.random_range(0..4000)))
    }

    /// How the server behaves until the kill.
    pub fn faults(&self) -> Faults {
        match *self {
            Self::Answer(verb, loses) => {
                let data = if loses { DataFault::Lose } else { DataFault::None };
                Faults { stalled: Some(verb), data, ..Faults::default() }
            }
            Self::Closing(verb, _) => Faults { refused: [(verb, 421)].into(), ..Faults::default() },
            Self::Word(_) | Self::Acknowledged | Self::Later(..) => Faults::default(),
        }
    }

    /// The word at which notifyd kills itself, and how long after it.
    pub fn word(&self) -> Option<(&'static str, Duration)> {
        match *self {
            Self::Answer(..) => None,
            Self::Word(word) | Self::Closing(_, word) => Some((word, Duration::ZERO)),
            Self::Acknowledged => Some((TAKEN, Duration::ZERO)),
            Self::Later(word, pause) => Some((word, pause)),
        }
    }

    /// How often it has to come by before it is killed, if `count` times were enough anywhere.
    pub fn times(&self, count: u64) -> u64 {
        count + u64::from(*self == Self::Acknowledged)
    }

    /// Jobs at a time. A server that closes does so to all at once, and each of them would be in doubt.
    pub fn concurrency(&self) -> usize {
        if matches!(self, Self::Acknowledged | Self::Closing(..)) { 1 } else { 4 }
    }
}
