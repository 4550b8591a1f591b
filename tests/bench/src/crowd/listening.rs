//! A crowd that reads on a thread of its own while somebody else sends.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::Crowd;
use crate::{Outcome, stamps::Stamps};

/// How often it looks whether it is to stop.
const LOOKS_EVERY: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Progress {
    is_over: AtomicBool,
    frames: AtomicU64,
    goal: AtomicU64,
    reached: AtomicUsize,
    reached_at: AtomicU64,
}

/// A crowd that reads.
pub struct Listening {
    progress: Arc<Progress>,
    thread: JoinHandle<io::Result<Crowd>>,
}

impl Listening {
    /// Has `crowd` read until [`Self::stop`].
    pub fn start(mut crowd: Crowd, stamps: &Arc<Stamps>) -> Self {
        let progress = Arc::new(Progress::default());
        let (seen, stamps) = (Arc::clone(&progress), Arc::clone(stamps));
        let thread = thread::spawn(move || {
            while !seen.is_over.load(Ordering::Acquire) {
                crowd.round(LOOKS_EVERY, &stamps, &mut |before, after| seen.heard(before, after, &stamps))?;
                seen.frames.store(crowd.frames, Ordering::Release);
            }
            Ok(crowd)
        });
        Self { progress, thread }
    }

    /// Begins to count those that are told of this event or a later one. Before it is sent.
    pub fn aim(&self, modseq: u64) {
        self.progress.reached.store(0, Ordering::Release);
        self.progress.goal.store(modseq, Ordering::Release);
    }

    /// Waits until so many were told; the moment of the last by the clock of the stamps.
    pub fn until_reached(&self, streams: usize, patience: Duration) -> Outcome<u64> {
        self.wait(patience, || self.progress.reached.load(Ordering::Acquire) >= streams)?;
        Ok(self.progress.reached_at.load(Ordering::Acquire))
    }

    /// Frames that have come in all.
    pub fn frames(&self) -> u64 {
        self.progress.frames.load(Ordering::Acquire)
    }

    /// Waits until so many frames have come in all.
    pub fn until_frames(&self, frames: u64, patience: Duration) -> Outcome<()> {
        self.wait(patience, || self.progress.frames.load(Ordering::Acquire) >= frames)
    }

    /// Gives the crowd back.
    pub fn stop(self) -> Outcome<Crowd> {
        self.progress.is_over.store(true, Ordering::Release);
        Ok(self.thread.join().map_err(|_| "the reader panicked")??)
    }

    fn wait(&self, patience: Duration, is_done: impl Fn() -> bool) -> Outcome<()> {
        let began = Instant::now();
        while !is_done() {
            if began.elapsed() > patience || self.thread.is_finished() {
                let (frames, reached) = (&self.progress.frames, &self.progress.reached);
                return Err(
                    format!("not all was delivered: {frames:?} frames, the last to {reached:?}").into()
                );
            }
            thread::park_timeout(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Progress {
    fn heard(&self, before: u64, after: u64, stamps: &Stamps) {
        let goal = self.goal.load(Ordering::Acquire);
        if before < goal && goal <= after {
            self.reached_at.store(stamps.now(), Ordering::Release);
            self.reached.fetch_add(1, Ordering::AcqRel);
        }
    }
}
