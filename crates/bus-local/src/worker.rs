//! The worker of a live group: takes what is due, runs it, settles it.

mod claims;
mod run;

use std::{sync::Arc, time::Duration};

use bus::{Group, GroupListener, GroupSettings};
use bus_node::{Sleep, pause, until};
use futures_util::future::OptionFuture;
use mailbox_event::UnixMillis;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

pub(crate) use claims::{Claim, Claims};
use run::Ended;

use crate::shared::Shared;

/// Runs the jobs of a group on one node.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    group: Arc<Group>,
    settings: GroupSettings,
    listener: Arc<dyn GroupListener>,
    wake: Arc<Notify>,
    running: JoinSet<Ended>,
    /// Pauses since the last run that found its dependencies there.
    pauses: u32,
    /// Nothing is taken before its end.
    pause: Option<Sleep>,
}

impl Worker {
    pub(crate) fn new(
        shared: Arc<Shared>,
        group: Group,
        settings: GroupSettings,
        listener: Arc<dyn GroupListener>,
    ) -> Self {
        let wake = shared.waker(&group);
        Self {
            shared,
            group: Arc::new(group),
            settings,
            listener,
            wake,
            running: JoinSet::new(),
            pauses: 0,
            pause: None,
        }
    }

    /// Works until `dropped` ends or the bus closes; then runs are cut off, and their jobs wait as if never taken.
    pub(crate) async fn work(mut self, mut dropped: watch::Receiver<()>, mut closing: watch::Receiver<bool>) {
        loop {
            let next_due = self.take(&dropped).await;
            let clock = &self.shared.surroundings.clock;
            let due = next_due.map(|due| clock.sleep(until(clock.now(), due)));
            let is_paused = self.pause.is_some();
            tokio::select! {
                biased;
                _ = dropped.changed() => break,
                _ = closing.wait_for(|closing| *closing) => break,
                Some(ended) = self.running.join_next() => self.note(ended),
                () = self.wake.notified(), if !is_paused => {}
                Some(()) = OptionFuture::from(due), if !is_paused => {}
                Some(()) = OptionFuture::from(self.pause.as_mut()) => self.pause = None,
            }
            while let Some(ended) = self.running.try_join_next() {
                self.note(ended);
            }
        }
        self.running.shutdown().await;
        // Another worker of the group may take over at once.
        self.shared.wake(&self.group);
    }

    /// Fills the free places, and tells when the next parked job is due.
    async fn take(&mut self, dropped: &watch::Receiver<()>) -> Option<UnixMillis> {
        let free = self.places().saturating_sub(self.running.len());
        if free == 0 || self.pause.is_some() {
            return None;
        }
        let (group, claims) = (self.group.clone(), self.shared.claims.clone());
        let (now, longest) = (self.shared.now(), self.settings.backoff.longest);
        let taken =
            self.shared.writer.call(move |tables| tables.take(&group, free, (now, longest), &claims)).await;
        match taken {
            Ok(taken) => {
                for job in taken.jobs {
                    let (shared, group) = (self.shared.clone(), self.group.clone());
                    let run = run::run(shared, group, self.settings.clone(), self.listener.clone(), job);
                    let dropped = dropped.clone();
                    // A registration that is over by now has no business with the job.
                    self.running.spawn(async move {
                        if dropped.has_changed().is_err() { Ended::Outage } else { run.await }
                    });
                }
                taken.next_due
            }
            Err(error) => {
                tracing::warn!(group = %self.group, error = &error as &dyn std::error::Error, "Jobs cannot be taken");
                self.start_pause(|wait| wait);
                None
            }
        }
    }

    /// After an outage one job goes ahead, to find out whether it is over.
    fn places(&self) -> usize {
        if self.pauses > 0 { 1 } else { self.settings.concurrency.max(1) }
    }

    fn note(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        match ended {
            Ok(Ended::Settled) => self.pauses = 0,
            // Jobs that ran beside the one that told of the outage tell of the same.
            _ if self.pause.is_some() => {}
            Ok(Ended::Outage) => {
                let listener = self.listener.clone();
                self.start_pause(|wait| pause(wait, listener));
            }
            Ok(Ended::Unsettled) | Err(_) => self.start_pause(|wait| wait),
        }
    }

    /// `until` says what ends the pause, beside its time.
    fn start_pause(&mut self, until: impl FnOnce(Sleep) -> Sleep) {
        self.pauses = self.pauses.saturating_add(1);
        let wait = self.settings.backoff.ceiling(self.pauses).max(SHORTEST_PAUSE);
        // What is away is told by the listener, who knows.
        tracing::debug!(group = %self.group, ?wait, "Group pauses");
        self.pause = Some(until(self.shared.surroundings.clock.sleep(wait)));
    }
}

/// A group whose backoff is zero must not ask in a tight loop either.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
