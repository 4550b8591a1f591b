//! The jobs that run at this moment, and the word that no more may begin.

use std::time::Duration;

use tokio::sync::watch;

/// No job begins any more: this node is about to stop.
#[derive(Debug, thiserror::Error)]
#[error("node is stopping")]
pub(crate) struct Stopping;

/// Counts the runs, so that stopping can wait for mail that is on its way: cut off there, nobody would know whether
/// the server took it, and it would be sent again.
#[derive(Debug, Default)]
pub(crate) struct InFlight(watch::Sender<State>);

#[derive(Debug, Default)]
struct State {
    runs: usize,
    is_stopping: bool,
}

/// One run; it is over when this is dropped.
#[derive(Debug)]
pub(crate) struct Run<'a>(&'a InFlight);

impl InFlight {
    /// Counts a run, unless it is too late for one.
    pub(crate) fn begin(&self) -> Result<Run<'_>, Stopping> {
        let may_begin = self.0.send_if_modified(|state| {
            state.runs += usize::from(!state.is_stopping);
            !state.is_stopping
        });
        if may_begin { Ok(Run(self)) } else { Err(Stopping) }
    }

    /// Whether what can be left to a later run may still begin.
    pub(crate) fn go_on(&self) -> Result<(), Stopping> {
        if self.0.borrow().is_stopping { Err(Stopping) } else { Ok(()) }
    }

    /// How many are at work.
    pub(crate) fn runs(&self) -> usize {
        self.0.borrow().runs
    }

    /// Lets no run begin from here on, and waits for those at work for no longer than `patience`: how many are left.
    pub(crate) async fn finish(&self, patience: Duration) -> usize {
        self.0.send_modify(|state| state.is_stopping = true);
        let mut states = self.0.subscribe();
        match tokio::time::timeout(patience, states.wait_for(|state| state.runs == 0)).await {
            Ok(_) => 0,
            Err(_) => self.0.borrow().runs,
        }
    }
}

impl Run<'_> {
    /// Whether what is left of the run can be left to a later one.
    pub(crate) fn go_on(&self) -> Result<(), Stopping> {
        self.0.go_on()
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| state.runs -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn stopping_waits_for_runs_and_lets_none_begin() {
        let in_flight = InFlight::default();
        let run = in_flight.begin().unwrap();
        assert!(run.go_on().is_ok());
        let (left, ()) = tokio::join!(in_flight.finish(PATIENCE), async {
            assert!(run.go_on().is_err());
            assert!(in_flight.begin().is_err());
            drop(run);
        });
        assert_eq!(left, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_does_not_wait_for_ever() {
        let in_flight = InFlight::default();
        let _run = in_flight.begin().unwrap();
        assert_eq!(in_flight.finish(PATIENCE).await, 1);
    }
}
