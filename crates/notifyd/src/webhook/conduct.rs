//! How hosts have conducted themselves lately: one that fails is left alone for a while, then asked by one job, and
//! meanwhile takes no job's time from the others. Told what was seen and when; has no clock of its own.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// The first time that a failed host is left alone; each failure in a row doubles it.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// Hosts that are remembered. A list with `*.` may stand for any number of them.
const MOST_HOSTS: usize = 1_024;

/// The host is left alone at this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("host had trouble a moment ago and is left alone")]
pub(crate) struct HostAway;

/// See the module. Who is not in it has done nothing wrong.
#[derive(Debug, Default)]
pub(crate) struct Conduct(HashMap<String, Trouble>);

#[derive(Debug)]
struct Trouble {
    failures: u32,
    alone_until: Instant,
    /// Until when the one job may take that asks it.
    asked_until: Option<Instant>,
}

impl Conduct {
    /// Whether a job may call `host` at `now`; it then has `patience`.
    pub(crate) fn may_call(&mut self, host: &str, now: Instant, patience: Duration) -> Result<(), HostAway> {
        let Some(trouble) = self.0.get_mut(host) else { return Ok(()) };
        let is_asked = trouble.asked_until.is_some_and(|until| now < until);
        if now < trouble.alone_until || is_asked {
            return Err(HostAway);
        }
        trouble.asked_until = Some(now + patience);
        Ok(())
    }

    /// It gave an answer that makes sense.
    pub(crate) fn answered(&mut self, host: &str) {
        self.0.remove(host);
    }

    /// It did not, or wants to be left alone for as long as `wait`. Failures of calls that were under way together are one.
    /// Whether it is the first in a row.
    pub(crate) fn failed(&mut self, host: &str, now: Instant, wait: Option<Duration>) -> bool {
        if self.0.len() >= MOST_HOSTS && !self.0.contains_key(host) {
            self.forget_one();
        }
        let trouble = self.0.entry(host.to_owned()).or_insert(Trouble {
            failures: 0,
            alone_until: now,
            asked_until: None,
        });
        let is_known = now < trouble.alone_until;
        let usual = FIRST.saturating_mul(2_u32.saturating_pow(trouble.failures)).min(LONGEST);
        let usual = if is_known { Duration::ZERO } else { usual };
        trouble.failures = trouble.failures.saturating_add(u32::from(!is_known));
        trouble.alone_until = trouble.alone_until.max(now + wait.unwrap_or_default().max(usual));
        trouble.asked_until = None;
        !is_known && trouble.failures == 1
    }

    fn forget_one(&mut self) {
        let soonest = self.0.iter().min_by_key(|(_, trouble)| trouble.alone_until);
        if let Some(host) = soonest.map(|(host, _)| host.clone()) {
            self.0.remove(&host);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn failed_host_is_left_alone_ever_longer_and_others_are_not() {
        let (mut conduct, mut now) = (Conduct::default(), Instant::now());
        let mut waits = Vec::new();
        for _ in 0..8 {
            assert_eq!(conduct.may_call("a", now, PATIENCE), Ok(()));
            conduct.failed("a", now, None);
            let began = now;
            while conduct.may_call("a", now, Duration::ZERO).is_err() {
                now += SECOND;
            }
            waits.push((now - began).as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(conduct.may_call("b", now, PATIENCE), Ok(()));
    }

    #[test]
    fn one_job_asks_and_an_answer_lets_all_go_on() {
        let (mut conduct, now) = (Conduct::default(), Instant::now());
        conduct.failed("a", now, None);
        let later = now + SECOND;
        assert_eq!(conduct.may_call("a", later, PATIENCE), Ok(()));
        assert_eq!(conduct.may_call("a", later, PATIENCE), Err(HostAway));
        assert_eq!(conduct.may_call("a", later + PATIENCE, PATIENCE), Ok(()), "who asked may have died");
        conduct.answered("a");
        for _ in 0..3 {
            assert_eq!(conduct.may_call("a", later, PATIENCE), Ok(()));
        }
    }

    #[test]
    fn host_that_asks_for_time_has_it() {
        let (mut conduct, now) = (Conduct::default(), Instant::now());
        conduct.failed("a", now, Some(30 * SECOND));
        assert_eq!(conduct.may_call("a", now + 29 * SECOND, PATIENCE), Err(HostAway));
        assert_eq!(conduct.may_call("a", now + 30 * SECOND, PATIENCE), Ok(()));
    }

    #[test]
    fn no_more_than_so_many_hosts_are_remembered() {
        let (mut conduct, now) = (Conduct::default(), Instant::now());
        for host in 0..2 * MOST_HOSTS {
            conduct.failed(&host.to_string(), now, None);
        }
        assert_eq!(conduct.0.len(), MOST_HOSTS);
        assert_eq!(conduct.may_call(&(2 * MOST_HOSTS - 1).to_string(), now, PATIENCE), Err(HostAway));
    }

    #[test]
    fn failures_of_calls_under_way_together_are_one() {
        let (mut conduct, began) = (Conduct::default(), Instant::now());
        for _ in 0..4 {
            conduct.may_call("a", began, PATIENCE).unwrap();
        }
        for _ in 0..4 {
            conduct.failed("a", began, None);
        }
        assert_eq!(conduct.may_call("a", began, PATIENCE), Err(HostAway));
        assert_eq!(conduct.may_call("a", began + SECOND, PATIENCE), Ok(()));
    }
}
