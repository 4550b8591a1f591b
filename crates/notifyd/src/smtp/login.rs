//! Logs in: one connection at a time, and seldom where that was refused, for too many refused logins lock an account.

use std::time::Duration;

use lettre::transport::smtp::{
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::AsyncSmtpConnection,
};
use tokio::{sync::Mutex, time::Instant};

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
    refusals: Mutex<Refusals>,
}

/// The last login, if it was refused for good: when, and by which reply.
#[derive(Debug, Default)]
struct Refusals(Option<(Instant, u16)>);

impl Login {
    pub(super) fn new(login: &settings::Login) -> Self {
        let credentials = Credentials::new(login.user.clone(), login.password.expose().to_owned());
        Self { credentials, refusals: Mutex::default() }
    }

    /// Fails as the last login did while none may be tried, so that nobody connects for nothing.
    pub(super) fn check(&self) -> Result<(), Undelivered> {
        // Whoever logs in at the moment is about to know better.
        let Ok(refusals) = self.refusals.try_lock() else { return Ok(()) };
        let allowed = refusals.check(Instant::now());
        allowed.map_err(|fault| Undelivered { phase: Phase::Login, fault, cause: None })
    }

    pub(super) async fn log_in(
        &self,
        client: &mut AsyncSmtpConnection,
        patience: Duration,
    ) -> Result<(), Undelivered> {
        within(patience, Phase::Login, self.in_turn(client)).await
    }

    async fn in_turn(&self, client: &mut AsyncSmtpConnection) -> Result<(), Mishap> {
        let mut refusals = self.refusals.lock().await;
        refusals.check(Instant::now())?;
        let result = client.auth(DEFAULT_MECHANISMS, &self.credentials).await.map_err(Mishap::from);
        refusals.note(Instant::now(), result.as_ref().err().map(|why| why.fault));
        result.map(drop)
    }
}

impl Refusals {
    fn check(&self, now: Instant) -> Result<(), Fault> {
        match self.0 {
            Some((at, code)) if now.saturating_duration_since(at) < REFUSED_FOR => Err(Fault::Reply(code)),
            _ => Ok(()),
        }
    }

    /// A login ended so. One that the server could not judge (RFC 4954 §4.7.2, 454) counts against nobody.
    fn note(&mut self, now: Instant, fault: Option<Fault>) {
        self.0 = match fault {
            Some(Fault::Reply(code @ 500..)) => Some((now, code)),
            _ => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_login_is_tried_again_after_a_minute_and_no_sooner() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
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
}
