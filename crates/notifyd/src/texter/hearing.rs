//! Whether the gateway may be given a message now. Told what was seen and when; has no clock of its own.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use sms_gateway::{Answered, Outcome};
use tracing::warn;

use super::{silence::Silence, unsent::Unsent};

/// What was heard of the gateway lately.
#[derive(Debug, Default)]
pub(super) struct Hearing(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    silence: Silence,
    /// Until when it asked to be left alone.
    asked_until: Option<Instant>,
}

impl Hearing {
    /// Holds messages back from a gateway that asked for it, and from one that takes them without a word: each would be in
    /// doubt. One that takes a reference once is only asked again.
    pub(super) fn may_send(&self, is_idempotent: bool, now: Instant) -> Result<(), Unsent> {
        let heard = self.heard();
        if heard.asked_until.is_some_and(|until| now < until) {
            return Err(Unsent::Busy);
        }
        if is_idempotent || heard.silence.may_send(now) { Ok(()) } else { Err(Unsent::Silent) }
    }

    /// Takes from an answer what it says of the gateway: whether that says nothing for long. Told once, when it begins.
    pub(super) fn listen(&self, answered: &Answered, now: Instant) -> bool {
        let mut heard = self.heard();
        if let Some(wait) = answered.wait {
            let until = now + wait;
            if heard.asked_until.is_none_or(|before| before <= now) {
                warn!(seconds = wait.as_secs(), "SMS gateway asks for time");
            }
            heard.asked_until = Some(heard.asked_until.map_or(until, |before| before.max(until)));
        }
        let was_long = heard.silence.is_long();
        match answered.outcome {
            Outcome::Unknown => heard.silence.unanswered(now),
            _ => heard.silence.answered(),
        }
        if heard.silence.is_long() && !was_long {
            warn!("SMS gateway does not say whether it takes texts");
        }
        heard.silence.is_long()
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        // What a thread that panicked left is at worst a message too few.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn later(seconds: u32) -> Answered {
        Answered { outcome: Outcome::Later, wait: Some(seconds * SECOND) }
    }

    #[test]
    fn who_asks_for_time_has_the_longest_that_was_asked_for() {
        let (hearing, began) = (Hearing::default(), Instant::now());
        hearing.listen(&later(30), began);
        hearing.listen(&later(10), began);
        // A call that was under way before.
        let accepted = Outcome::Accepted { id: "a".to_owned(), segments: None };
        hearing.listen(&Answered { outcome: accepted, wait: None }, began);
        for is_idempotent in [false, true] {
            assert_eq!(hearing.may_send(is_idempotent, began + 29 * SECOND), Err(Unsent::Busy));
            assert_eq!(hearing.may_send(is_idempotent, began + 30 * SECOND), Ok(()));
        }
    }

    #[test]
    fn silence_holds_back_from_who_might_take_it_twice() {
        let (hearing, now) = (Hearing::default(), Instant::now());
        while !hearing.listen(&Answered { outcome: Outcome::Unknown, wait: None }, now) {}
        assert_eq!(hearing.may_send(false, now), Err(Unsent::Silent));
        assert_eq!(hearing.may_send(true, now), Ok(()));
    }
}
