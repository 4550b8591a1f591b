//! What groups say in the log, for tests that wait for a word or count it.

use std::{
    fmt::Debug,
    sync::{Mutex, Once},
};

use bus::Group;
use testkit::eventually;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::scene::PATIENCE;

/// Every word of every group of this process, from `info` on: what was said, and by which group.
static SAID: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

static BEGUN: Once = Once::new();

/// Hears from now on.
pub fn listen() {
    BEGUN.call_once(|| tracing::subscriber::set_global_default(Hears).unwrap());
}

/// What a group said, in its order.
pub fn by(group: &Group) -> Vec<String> {
    let said = SAID.lock().unwrap();
    said.iter().filter(|(_, by)| *by == group.0).map(|(words, _)| words.clone()).collect()
}

/// Waits until a group says this.
pub async fn until(group: &Group, words: &str) {
    let is_said = async || by(group).iter().any(|said| said == words).then_some(());
    eventually(PATIENCE, words, is_said).await;
}

struct Hears;

#[derive(Default)]
struct Words {
    message: String,
    group: Option<String>,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            "group" => self.group = Some(format!("{value:?}")),
            _ => {}
        }
    }
}

impl Subscriber for Hears {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO && metadata.target().starts_with("bus_nats")
    }

    fn event(&self, event: &Event<'_>) {
        let mut words = Words::default();
        event.record(&mut words);
        if let Some(group) = words.group {
            SAID.lock().unwrap().push((words.message, group));
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
