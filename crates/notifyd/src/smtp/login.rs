//! Logs in: one connection at a time until the server has taken the password, and seldom where that was refused, for too
//! many refused logins lock an account.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use lettre::transport::smtp::{
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::AsyncSmtpConnection,
};
use tokio::time::Instant;

use super::{Mishap, Undelivered, within};
use crate::{
    consequence::{Fault, Phase},
    settings,
};

/// How long no login is tried after a refused one. Most servers lock an account after more within some minutes.
const REFUSED_FOR: Duration = Duration::from_secs(60);

/// Who we are at the server, and what it last said to that.
pub(super) struct Login {
    credentials: Credentials,
    turns: Turns,
}

/// Whose turn it is while nobody knows whether the password is right.
#[derive(Debug, Default)]
struct Turns {
    turn: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

/// How logins have ended so far.
#[derive(Debug, Default)]
struct Known {
    /// The last that was judged was taken: others need not wait for each other.
    is_proven: bool,
    /// The last login, if it was refused for good: when, and by which reply.
    refusal: Option<(Instant, u16)>,
    /// How many failed.
    failures: u64,
    /// How the last of them did.
    failure: Option<Fault>,
}

impl Login {
    pub(super) fn new(login: &settings::Login) -> Self {
        let credentials = Credentials::new(login.user.clone(), login.password.expose().to_owned());
        Self { credentials, turns: Turns::default() }
    }

    /// Fails as the last login did while none may be tried, so that nobody connects for nothing.
    pub(super) fn check(&self) -> Result<(), Undelivered> {
        self.turns.known().check(Instant::now()).map_err(undelivered)
    }

    pub(super) async fn log_in(
        &self,
        client: &mut AsyncSmtpConnection,
        patience: Duration,
    ) -> Result<(), Undelivered> {
        let login = async { client.auth(DEFAULT_MECHANISMS, &self.credentials).await.map(drop) };
        self.turns.run(patience, login).await
    }
}

impl Turns {
    /// Runs one login. The time that the server has for it begins when it does: to wait for others is not its silence. Who
    /// waited for one that failed fails as it did, for nothing better is to be expected.
    async fn run<E: Into<Mishap>>(
        &self,
        patience: Duration,
        login: impl Future<Output = Result<(), E>>,
    ) -> Result<(), Undelivered> {
        let turn = self.turn().await?;
        let result = within(patience, Phase::Login, login).await;
        self.known().note(Instant::now(), result.as_ref().err().map(|why| why.fault));
        drop(turn);
        result
    }

    /// Nothing to hold where the password is known to be right.
    async fn turn(&self) -> Result<Option<tokio::sync::MutexGuard<'_, ()>>, Undelivered> {
        let failures = {
            let known = self.known();
            known.check(Instant::now()).map_err(undelivered)?;
            if known.is_proven {
                return Ok(None);
            }
            known.failures
        };
        let turn = self.turn.lock().await;
        let known = self.known();
        known.check(Instant::now()).map_err(undelivered)?;
        match known.failure {
            Some(fault) if known.failures > failures => Err(undelivered(fault)),
            _ => Ok((!known.is_proven).then_some(turn)),
        }
    }

    /// Whoever died in the middle of a change has left whole values.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn check(&self, now: Instant) -> Result<(), Fault> {
        match self.refusal {
            Some((at, code)) if now.saturating_duration_since(at) < REFUSED_FOR => Err(Fault::Reply(code)),
            _ => Ok(()),
        }
    }

    /// A login ended so. One that the server could not judge (RFC 4954 §4.7.2, 454) counts against nobody.
    fn note(&mut self, now: Instant, fault: Option<Fault>) {
        self.failures += u64::from(fault.is_some());
        self.failure = fault.or(self.failure);
        self.refusal = match fault {
            Some(Fault::Reply(code @ 500..)) => Some((now, code)),
            _ => None,
        };
        self.is_proven = fault.is_none() || (self.is_proven && self.refusal.is_none());
    }
}

fn undelivered(fault: Fault) -> Undelivered {
    Undelivered { phase: Phase::Login, fault, cause: None }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);
    const CONNECTIONS: usize = 32;

    #[test]
    fn refused_login_is_tried_again_after_a_minute_and_no_sooner() {
        let (mut refusals, start) = (Known::default(), Instant::now());
        let second = Duration::from_secs(1);
        assert_eq!(refusals.check(start), Ok(()));
        refusals.note(start, Some(Fault::Reply(535)));
        assert_eq!(refusals.check(start), Err(Fault::Reply(535)));
        assert_eq!(refusals.check(start + 59 * second), Err(Fault::Reply(535)));
        assert_eq!(refusals.check(start + 60 * second), Ok(()));
        for other in [None, Some(Fault::Silence), Some(Fault::Reply(454)), Some(Fault::NotOffered)] {
            refusals.note(start, Some(Fault::Reply(535)));
            refusals.note(start, other);
            assert_eq!(refusals.check(start), Ok(()), "{other:?}");
        }
    }

    /// As many logins at once as there are connections, each of which ends so after `takes`: how they end, and
    /// how long all took.
    async fn rush(
        turns: &Turns,
        takes: Duration,
        result: Result<(), Fault>,
    ) -> (Vec<Option<Fault>>, Duration) {
        let began = Instant::now();
        let login = async || {
            tokio::time::sleep(takes).await;
            result.map_err(|fault| Mishap { fault, cause: None })
        };
        let ended = join_all((0..CONNECTIONS).map(|_| turns.run(PATIENCE, login()))).await;
        (ended.into_iter().map(|ended| ended.err().map(|why| why.fault)).collect(), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn many_slow_logins_wait_for_the_first_and_for_no_other() {
        let (turns, two) = (Turns::default(), Duration::from_secs(2));
        let (ended, took) = rush(&turns, two, Ok(())).await;
        assert!(ended.iter().all(Option::is_none), "{ended:?}");
        assert_eq!(took.as_secs(), 4);
        assert_eq!(rush(&turns, two, Ok(())).await.1.as_secs(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waited_for_a_login_that_failed_tries_none() {
        for fault in [535, 454].map(Fault::Reply) {
            let turns = Turns::default();
            let (ended, took) = rush(&turns, Duration::from_secs(2), Err(fault)).await;
            assert_eq!((ended, took.as_secs()), (vec![Some(fault); CONNECTIONS], 2));
        }
        let (ended, took) = rush(&Turns::default(), 2 * PATIENCE, Ok(())).await;
        assert_eq!((ended, took), (vec![Some(Fault::Silence); CONNECTIONS], PATIENCE));
    }

    #[tokio::test(start_paused = true)]
    async fn password_that_was_refused_is_tried_by_one_again() {
        let turns = Turns::default();
        let second = Duration::from_secs(1);
        rush(&turns, second, Ok(())).await;
        rush(&turns, second, Err(Fault::Reply(535))).await;
        tokio::time::advance(REFUSED_FOR).await;
        let (ended, took) = rush(&turns, second, Err(Fault::Reply(535))).await;
        assert_eq!((ended, took), (vec![Some(Fault::Reply(535)); CONNECTIONS], second));
        assert_eq!(turns.known().failures, CONNECTIONS as u64 + 1);
    }
}
