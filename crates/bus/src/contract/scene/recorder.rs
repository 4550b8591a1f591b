//! A listener that records what it is given and fails as told.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::{Attempt, Execution, Failure, GroupListener, KeyListener, Message, Topic};

/// How a run fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// With this kind of failure.
    Retry,
    Reject,
    Outage,
    Panic,
}

#[derive(Debug, thiserror::Error)]
#[error("told to fail")]
struct Told;

/// See the module.
pub struct Recorder {
    heard: Mutex<Vec<(Message, u32, bool)>>,
    fails: Option<(usize, How)>,
    deaf_to: Option<u64>,
    execution: Execution,
    gate: Option<Arc<Semaphore>>,
    /// What was away is back when there is a permit.
    recovery: Option<Arc<Semaphore>>,
    running: AtomicUsize,
    most: AtomicUsize,
    done: AtomicUsize,
}

impl Recorder {
    fn base() -> Self {
        Self {
            heard: Mutex::default(),
            fails: None,
            deaf_to: None,
            execution: Execution::Synchronous,
            gate: None,
            recovery: None,
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
        }
    }

    /// One that never fails.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::base())
    }

    /// One whose first `times` runs fail.
    pub fn failing(times: usize, how: How) -> Arc<Self> {
        Arc::new(Self { fails: Some((times, how)), ..Self::base() })
    }

    /// One whose first `times` runs find something away, of which each permit of `recovery` says that it is back.
    pub fn waiting_for(recovery: &Arc<Semaphore>, times: usize) -> Arc<Self> {
        Arc::new(Self { fails: Some((times, How::Outage)), recovery: Some(recovery.clone()), ..Self::base() })
    }

    /// One that does not handle the message of this sequence number, nor states.
    pub fn deaf_to(sequence: u64) -> Arc<Self> {
        Arc::new(Self { deaf_to: Some(sequence), ..Self::base() })
    }

    /// One that dispatch does not wait for, and whose runs wait for permits of `gate`.
    pub fn asynchronous(gate: &Arc<Semaphore>) -> Arc<Self> {
        Arc::new(Self { execution: Execution::Asynchronous, gate: Some(gate.clone()), ..Self::base() })
    }

    /// One whose runs each take a permit of `gate` before they end.
    pub fn gated(gate: &Arc<Semaphore>) -> Arc<Self> {
        Arc::new(Self { gate: Some(gate.clone()), ..Self::base() })
    }

    /// Runs that began.
    pub fn runs(&self) -> usize {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Runs that came to their end.
    pub fn done(&self) -> usize {
        self.done.load(Ordering::SeqCst)
    }

    /// The most runs at one time.
    pub fn most_at_once(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// What it was given, in order.
    pub fn heard(&self) -> Vec<Message> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().map(|(message, ..)| message.clone()).collect()
    }

    /// The sequence numbers of what it was given, in order.
    pub fn sequences(&self) -> Vec<u64> {
        self.heard().iter().map(|message| message.id.sequence).collect()
    }

    /// The number of each attempt, and whether it was told to be the last.
    pub fn attempts(&self) -> Vec<(u32, bool)> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().map(|&(_, number, is_last)| (number, is_last)).collect()
    }

    async fn record(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        let before = {
            let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.push((message, attempt.number, attempt.is_last));
            heard.len() - 1
        };
        self.most.fetch_max(self.running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let leaving = Leaving(&self.running);
        if let Some(gate) = &self.gate {
            gate.acquire().await.expect("gate stays open").forget();
        }
        drop(leaving);
        self.done.fetch_add(1, Ordering::SeqCst);
        match self.fails.filter(|&(times, _)| before < times) {
            None => Ok(()),
            Some((_, How::Retry)) => Err(Failure::Retry(Told.into())),
            Some((_, How::Reject)) => Err(Failure::Reject(Told.into())),
            Some((_, How::Outage)) => Err(Failure::Outage(Told.into())),
            Some((_, How::Panic)) => panic!("told to panic"),
        }
    }
}

/// Counts a run that ends, also one that is cut off.
struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl GroupListener for Recorder {
    fn handles(&self, message: &Message) -> bool {
        self.deaf_to != Some(message.id.sequence)
    }

    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        self.record(message, attempt).await
    }

    async fn recovered(&self) {
        match &self.recovery {
            Some(recovery) => recovery.acquire().await.expect("recovery stays open").forget(),
            None => std::future::pending().await,
        }
    }
}

#[async_trait]
impl KeyListener for Recorder {
    fn handles(&self, topic: &Topic) -> bool {
        self.deaf_to.is_none() || !matches!(topic, Topic::State(_))
    }

    fn execution(&self) -> Execution {
        self.execution
    }

    async fn hear(&self, message: Arc<Message>) -> Result<(), Failure> {
        self.record(Message::clone(&message), Attempt { number: 1, is_last: true }).await
    }
}
