//! Where notifyd is killed while it texts.

use std::time::Duration;

use fakes::sms::Fault;
use rand::{RngExt, rngs::StdRng};

use crate::kill::victim::Strike;

/// A place between two effects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aim {
    /// Where notifyd writes this into its log at level trace.
    Word(&'static str),
    /// The same, after the gateway wanted the text later.
    Throttled(&'static str),
    /// The same, after the gateway refused it for good.
    Refused(&'static str),
    /// While the gateway holds its answer back, having taken the text or not.
    Held(bool),
    /// Where it takes a job although it runs one at a time: the one before is acknowledged.
    Acknowledged,
    /// Where it writes this while receipts come.
    Receipt(&'static str),
    /// Where it writes this while notices are due.
    Notice(&'static str),
    /// So long after it came by one of those words.
    Later(&'static str, Duration),
}

const TAKEN: &str = "Job is taken";
const ADMITTED: &str = "Text is admitted";
const MERGED: &str = "Text is merged";
const NO_CREDIT: &str = "Credit does not reach";
const LEAVES: &str = "Ledger says that the text leaves";
const ANSWERED: &str = "Gateway has answered";
const PUT_DOWN: &str = "Ledger says what became of the text";
const DONE: &str = "Job is done";
const GENUINE: &str = "Receipt is genuine";
const WORDS: [&str; 9] = [TAKEN, ADMITTED, MERGED, NO_CREDIT, LEAVES, ANSWERED, PUT_DOWN, DONE, GENUINE];

/// Every fourth is one round's.
pub const AIMS: [Aim; 20] = [
    Aim::Word(LEAVES),
    Aim::Word(ANSWERED),
    Aim::Held(true),
    Aim::Held(false),
    Aim::Word(TAKEN),
    Aim::Word(ADMITTED),
    Aim::Word(MERGED),
    Aim::Word(NO_CREDIT),
    Aim::Word(PUT_DOWN),
    Aim::Word(DONE),
    Aim::Acknowledged,
    Aim::Throttled(ANSWERED),
    Aim::Throttled(PUT_DOWN),
    Aim::Refused(ANSWERED),
    Aim::Refused(PUT_DOWN),
    Aim::Receipt(GENUINE),
    Aim::Receipt("Receipt is put down"),
    Aim::Notice("Notice is taken"),
    Aim::Notice("Notice is told"),
    Aim::Notice("Notice is closed"),
];

/// Longer than any round.
const NEVER: Duration = Duration::from_secs(3600);

impl Aim {
    /// Within a few milliseconds of any word.
    pub fn later(rng: &mut StdRng) -> Self {
        let word = WORDS[rng.random_range(0..WORDS.len())];
        Self::Later(word, Duration::from_micros(rng.random_range(0..4000)))
    }

    /// How the gateway behaves until the kill.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Throttled(_) => Some(Fault::Throttle),
            Self::Refused(_) => Some(Fault::Refuse),
            Self::Held(true) => Some(Fault::Late(NEVER)),
            Self::Held(false) => Some(Fault::Silence),
            _ => None,
        }
    }

    /// Where notifyd kills itself, at the `nth` time; the rarer ones at the first. A text is admitted by itself alone where it
    /// does not leave at once.
    pub fn strike(&self, nth: u64) -> Option<Strike> {
        let (word, times, pause) = match *self {
            Self::Held(_) => return None,
            Self::Word(word @ (ADMITTED | MERGED | NO_CREDIT)) | Self::Notice(word) => {
                (word, 1, Duration::ZERO)
            }
            Self::Word(word) | Self::Throttled(word) | Self::Refused(word) | Self::Receipt(word) => {
                (word, nth, Duration::ZERO)
            }
            Self::Acknowledged => (TAKEN, nth + 1, Duration::ZERO),
            Self::Later(word, pause) => (word, 1, pause),
        };
        Some(Strike { word, times, pause })
    }

    /// Whether receipts have to come.
    pub fn wants_receipts(&self) -> bool {
        matches!(self, Self::Receipt(_) | Self::Later(GENUINE, _))
    }

    /// Jobs at a time.
    pub fn concurrency(&self) -> usize {
        if *self == Self::Acknowledged { 1 } else { 4 }
    }
}
