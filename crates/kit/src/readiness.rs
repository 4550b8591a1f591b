//! Whether a program can do its work, by named gates.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The gates of a program. Ready when all of them are up that are no notices; one without gates is ready. Clones are
/// the same.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<Gates>>);

/// Names are literals, so the map is bounded by the program's text.
type Gates = BTreeMap<&'static str, State>;

#[derive(Debug)]
struct State {
    /// Why it is down; `None` = up.
    down: Option<String>,
    is_notice: bool,
}

/// One thing that has to be well. Clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate {
    readiness: Readiness,
    name: &'static str,
}

/// A gate that is down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// Its name.
    pub gate: &'static str,
    /// Whether the program is ready all the same.
    pub is_notice: bool,
    /// Why; holds no content and no address.
    pub reason: String,
}

impl Readiness {
    /// No gates.
    pub fn new() -> Self {
        Self::default()
    }

    /// The gate of that name. One that is asked for the first time is down with the reason `starting`.
    pub fn gate(&self, name: &'static str) -> Gate {
        self.named(name, false)
    }

    /// A gate that only tells: what else the program does goes on while it is down.
    pub fn notice(&self, name: &'static str) -> Gate {
        self.named(name, true)
    }

    fn named(&self, name: &'static str, is_notice: bool) -> Gate {
        let starting = || State { down: Some("starting".to_owned()), is_notice };
        self.with(|gates| gates.entry(name).or_insert_with(starting).is_notice = is_notice);
        Gate { readiness: self.clone(), name }
    }

    /// Whether every gate is up, those aside that only give notice.
    pub fn is_ready(&self) -> bool {
        self.with(|gates| gates.values().all(|state| state.is_notice || state.down.is_none()))
    }

    /// The gates that are down, by name.
    pub fn down(&self) -> Vec<Down> {
        self.with(|gates| {
            let down = |(gate, state): (&&'static str, &State)| {
                let reason = state.down.clone()?;
                Some(Down { gate, is_notice: state.is_notice, reason })
            };
            gates.iter().filter_map(down).collect()
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Gates) -> T) -> T {
        // Every change is one assignment: a thread that panicked left nothing half done.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Gate {
    /// It is well.
    pub fn up(&self) {
        self.set(None);
    }

    /// It is not. `reason` is shown to operators and must hold no content.
    pub fn down(&self, reason: impl Into<String>) {
        self.set(Some(reason.into()));
    }

    fn set(&self, down: Option<String>) {
        self.readiness.with(|gates| {
            if let Some(state) = gates.get_mut(self.name) {
                state.down = down;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_when_all_gates_are_up() {
        let readiness = Readiness::new();
        assert!(readiness.is_ready());
        let (bus, spool) = (readiness.gate("bus"), readiness.gate("spool"));
        assert!(!readiness.is_ready());
        bus.up();
        assert_eq!(readiness.down(), [Down { gate: "spool", is_notice: false, reason: "starting".into() }]);
        spool.up();
        assert!(readiness.is_ready());
        bus.clone().down("away");
        assert_eq!(readiness.down(), [Down { gate: "bus", is_notice: false, reason: "away".into() }]);
    }

    #[test]
    fn a_notice_is_told_and_closes_nothing() {
        let readiness = Readiness::new();
        let smtp = readiness.notice("smtp");
        assert!(readiness.is_ready());
        smtp.down("away");
        assert_eq!(readiness.down(), [Down { gate: "smtp", is_notice: true, reason: "away".into() }]);
        assert!(readiness.is_ready());
    }

    #[test]
    fn asking_for_a_gate_again_does_not_change_it() {
        let readiness = Readiness::new();
        readiness.gate("bus").up();
        readiness.gate("bus").up();
        assert!(readiness.is_ready());
        let _again = readiness.gate("bus");
        assert!(readiness.is_ready());
    }
}
