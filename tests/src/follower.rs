//! Somebody who follows a stream all the time and notes when each thing was told.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use testkit::{
    eventually,
    sse::{Frame, Stream},
};
use tokio::{task::JoinHandle, time::Instant};

/// One frame and when it came.
#[derive(Debug, Clone)]
pub struct Told {
    /// When its last line was read.
    pub at: Instant,
    /// The frame.
    pub frame: Frame,
}

/// Reads a stream in the background. The stream is closed when this is dropped.
pub struct Follower {
    told: Arc<Mutex<Vec<Told>>>,
    reading: JoinHandle<()>,
}

impl Follower {
    /// Opens `url` and reads on.
    pub async fn start(url: &str, headers: &[(&str, &str)]) -> Self {
        let mut stream = Stream::connect(url, headers).await;
        let told = Arc::<Mutex<Vec<Told>>>::default();
        let notes = Arc::clone(&told);
        let reading = tokio::spawn(async move {
            while let Some(frame) = stream.try_next().await {
                let at = Instant::now();
                notes.lock().unwrap_or_else(PoisonError::into_inner).push(Told { at, frame });
            }
        });
        Self { told, reading }
    }

    /// Everything told so far.
    pub fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Events called `name`, with their data.
    pub fn events(&self, name: &str) -> Vec<Value> {
        let is_asked = |told: &Told| told.frame.event.as_deref() == Some(name);
        let data = |told: Told| serde_json::from_str(&told.frame.data.unwrap_or_default()).ok();
        self.told().into_iter().filter(is_asked).filter_map(data).collect()
    }

    /// The last event id.
    pub fn cursor(&self) -> Option<String> {
        self.told().into_iter().rev().find_map(|told| told.frame.id)
    }

    /// Whether the server has ended the stream.
    pub fn has_ended(&self) -> bool {
        self.reading.is_finished()
    }

    /// What the JMAP stream says of the types of `account` by now.
    pub fn states(&self, account: &str) -> BTreeMap<String, String> {
        let mut states = BTreeMap::new();
        for change in self.events("state") {
            let types = change["changed"][account].as_object().cloned().unwrap_or_default();
            states.extend(
                types.into_iter().map(|(name, state)| (name, state.as_str().unwrap_or("").to_owned())),
            );
        }
        states
    }

    /// Waits until the stream says of `account` what `expected` says, and returns when it had said it.
    pub async fn reaches(
        &self,
        account: &str,
        expected: &BTreeMap<String, String>,
        deadline: Duration,
    ) -> Instant {
        let what = format!("the stream tells {expected:?}");
        eventually(deadline, &what, async || {
            let states = self.states(account);
            expected.iter().all(|(name, state)| states.get(name) == Some(state)).then_some(())
        })
        .await;
        self.told().last().map_or_else(Instant::now, |told| told.at)
    }

    /// Asserts that no type of `account` ever went back.
    pub fn assert_never_backwards(&self, account: &str) {
        let mut highest = BTreeMap::<String, u64>::new();
        for change in self.events("state") {
            for (name, state) in change["changed"][account].as_object().into_iter().flatten() {
                let state: u64 =
                    state.as_str().and_then(|text| text.parse().ok()).expect("a state is a number");
                let before = highest.insert(name.clone(), state).unwrap_or_default();
                assert!(
                    state > before || (state == 0 && before == 0),
                    "{name} went from {before} to {state}"
                );
            }
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.reading.abort();
    }
}
