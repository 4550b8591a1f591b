//! Whether the gateway may be given a message now. Told what was seen and when; has no clock of its own.

use std::time::{Duration, Instant};

use sms_gateway::{Answered, Outcome};
use tokio::sync::watch;
use tracing::{info, warn};

use super::{silence::Silence, unsent::Unsent};

/// What was heard of the gateway lately.
#[derive(Debug, Default)]
pub(super) struct Hearing(watch::Sender<Heard>);

#[derive(Debug, Default)]
struct Heard {
    silence: Silence,
    /// Until when it asked to be left alone.
    asked_until: Option<Instant>,
    /// Since when it takes no texts: it is away, refuses our account, or says nothing for long.
    down_since: Option<Instant>,
    /// Calls under way. No more than there are jobs and notices at a time.
    calls: usize,
}

/// A call under way; it is over when this is dropped.
#[derive(Debug)]
pub(super) struct Call<'a>(&'a Hearing);

impl Hearing {
    /// Holds messages back from a gateway that asked for it, and from one that takes them without a word: each would be in
    /// doubt. After one without a word a message waits for those under way. One that takes a reference once is only
    /// asked again.
    pub(super) async fn turn(
        &self,
        is_idempotent: bool,
        now: impl Fn() -> Instant,
    ) -> Result<Call<'_>, Unsent> {
        let mut changes = self.0.subscribe();
        loop {
            if let Some(call) = self.may_call(is_idempotent, now())? {
                return Ok(call);
            }
            // Who would tell of a change is borrowed, and cannot be gone.
            changes.changed().await.ok();
        }
    }

    /// Nothing where it is to be asked again after the next change.
    fn may_call(&self, is_idempotent: bool, now: Instant) -> Result<Option<Call<'_>>, Unsent> {
        let mut turn = Ok(false);
        self.0.send_if_modified(|heard| {
            turn = heard.may_call(is_idempotent, now);
            heard.calls += usize::from(turn == Ok(true));
            // One more under way lets nobody go.
            false
        });
        Ok(turn?.then(|| Call(self)))
    }

    /// Takes from an answer what it says of the gateway. What it begins to do is told once, and once that it is over.
    pub(super) fn note(&self, answered: &Answered, now: Instant) {
        let mut back = None;
        self.0.send_modify(|heard| {
            heard.note(answered, now);
            back = heard.back(&answered.outcome, now);
        });
        if let Some(away_for) = back {
            info!(?away_for, "SMS gateway takes texts again");
        }
    }

    /// Whether it says nothing for long.
    pub(super) fn is_silent(&self) -> bool {
        self.0.borrow().silence.is_long()
    }
}

impl Heard {
    fn may_call(&self, is_idempotent: bool, now: Instant) -> Result<bool, Unsent> {
        if self.asked_until.is_some_and(|until| now < until) {
            return Err(Unsent::Busy);
        }
        if is_idempotent {
            return Ok(true);
        }
        if !self.silence.may_send(now) {
            return Err(Unsent::Silent);
        }
        Ok(self.calls == 0 || !self.silence.has_begun())
    }

    fn note(&mut self, answered: &Answered, now: Instant) {
        if let Some(wait) = answered.wait {
            let until = now + wait;
            if self.asked_until.is_none_or(|before| before <= now) {
                warn!(seconds = wait.as_secs(), "SMS gateway asks for time");
            }
            self.asked_until = Some(self.asked_until.map_or(until, |before| before.max(until)));
        }
        let was_long = self.silence.is_long();
        match answered.outcome {
            Outcome::Unknown => self.silence.unanswered(now),
            _ => self.silence.answered(),
        }
        if self.silence.is_long() && !was_long {
            warn!("SMS gateway does not say whether it takes texts");
        }
    }

    /// For how long it took no texts, if it is over with this outcome. Who wants a text later says nothing of others.
    fn back(&mut self, outcome: &Outcome, now: Instant) -> Option<Duration> {
        let is_down = match outcome {
            Outcome::GatewayAway | Outcome::NoFunds | Outcome::Misconfigured => true,
            Outcome::Unknown => self.silence.is_long(),
            Outcome::Later => false,
            Outcome::Accepted { .. } | Outcome::Refused { .. } => {
                return self.down_since.take().map(|since| now.saturating_duration_since(since));
            }
        };
        if is_down {
            self.down_since.get_or_insert(now);
        }
        None
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|heard| heard.calls -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    /// As many as there are jobs at a time.
    const MOST: usize = 16;

    fn later(seconds: u32) -> Answered {
        Answered { outcome: Outcome::Later, wait: Some(seconds * SECOND) }
    }

    fn accepted() -> Answered {
        Answered { outcome: Outcome::Accepted { id: "a".to_owned(), segments: None }, wait: None }
    }

    fn nothing() -> Answered {
        Answered { outcome: Outcome::Unknown, wait: None }
    }

    fn is_let(hearing: &Hearing, is_idempotent: bool, now: Instant) -> Result<bool, Unsent> {
        hearing.may_call(is_idempotent, now).map(|call| call.is_some())
    }

    #[test]
    fn who_asks_for_time_has_the_longest_that_was_asked_for() {
        let (hearing, began) = (Hearing::default(), Instant::now());
        hearing.note(&later(30), began);
        hearing.note(&later(10), began);
        // A call that was under way before.
        hearing.note(&accepted(), began);
        for is_idempotent in [false, true] {
            assert_eq!(is_let(&hearing, is_idempotent, began + 29 * SECOND), Err(Unsent::Busy));
            assert_eq!(is_let(&hearing, is_idempotent, began + 30 * SECOND), Ok(true));
        }
    }

    #[test]
    fn silence_holds_back_from_who_might_take_it_twice() {
        let (hearing, now) = (Hearing::default(), Instant::now());
        while !hearing.is_silent() {
            hearing.note(&nothing(), now);
        }
        assert_eq!(is_let(&hearing, false, now), Err(Unsent::Silent));
        assert_eq!(is_let(&hearing, true, now), Ok(true));
    }

    #[test]
    fn a_gateway_that_took_no_texts_is_told_to_be_back_once() {
        let began = Instant::now();
        for down in [Outcome::Misconfigured, Outcome::NoFunds, Outcome::GatewayAway] {
            let mut heard = Heard::default();
            let mut after = |outcome: &Outcome, seconds| heard.back(outcome, began + seconds * SECOND);
            assert_eq!(after(&accepted().outcome, 0), None, "it was there");
            assert_eq!(after(&down, 1), None);
            assert_eq!(after(&down, 2), None);
            assert_eq!(after(&Outcome::Later, 3), None, "it may be as before");
            assert_eq!(after(&accepted().outcome, 11), Some(10 * SECOND));
            assert_eq!(after(&accepted().outcome, 12), None);
        }
    }

    #[test]
    fn silence_that_was_told_of_ends_in_the_log_as_well() {
        let (mut heard, now) = (Heard::default(), Instant::now());
        for is_long in [false, true] {
            while heard.silence.is_long() != is_long || !heard.silence.has_begun() {
                heard.note(&nothing(), now);
                assert_eq!(heard.back(&Outcome::Unknown, now), None);
            }
            heard.note(&accepted(), now);
            assert_eq!(heard.back(&accepted().outcome, now + SECOND).is_some(), is_long);
        }
    }

    #[test]
    fn after_one_without_a_word_none_joins_those_under_way() {
        let (hearing, now) = (Hearing::default(), Instant::now());
        let mut calls: Vec<_> = (0..MOST).map(|_| hearing.may_call(false, now).unwrap().unwrap()).collect();
        let mut in_doubt = 0;
        while calls.pop().is_some() {
            hearing.note(&nothing(), now);
            in_doubt += 1;
            assert_ne!(is_let(&hearing, false, now), Ok(true), "{} are under way", calls.len());
        }
        assert_eq!((in_doubt, hearing.is_silent()), (MOST, true));
    }

    #[tokio::test]
    async fn those_that_wait_go_one_by_one_until_one_is_answered() {
        let (hearing, now) = (Hearing::default(), Instant::now());
        hearing.note(&nothing(), now);
        let first = hearing.turn(false, || now).await.unwrap();
        assert_eq!(is_let(&hearing, false, now), Ok(false));
        let waiting = async { (hearing.turn(false, || now).await.unwrap(), hearing.is_silent()) };
        let (second, ()) = tokio::join!(waiting, async {
            hearing.note(&nothing(), now);
            drop(first);
        });
        assert_eq!((second.1, is_let(&hearing, false, now)), (false, Ok(false)));
        let (both, ()) = tokio::join!(
            async { [hearing.turn(false, || now).await, hearing.turn(false, || now).await] },
            async { hearing.note(&accepted(), now) },
        );
        assert!(both.iter().all(Result::is_ok), "beside the second, which is under way still");
    }
}
