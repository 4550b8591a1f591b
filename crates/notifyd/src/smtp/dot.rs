//! The end of a mail's text, the dot on a line of its own, which a connection holds back until it is let go. Before it no
//! server takes the mail (RFC 5321 §4.1.1.4).

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// As lettre writes it, at once and with nothing else.
pub(super) const END: &[u8] = b"\r\n.\r\n";

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Dot(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_held: bool,
    has_left: bool,
    /// Who wants to write it.
    writer: Option<Waker>,
}

impl Dot {
    /// Holds that of the next mail.
    pub(super) fn hold(&self) {
        *self.state() = State { is_held: true, ..State::default() };
    }

    pub(super) fn let_go(&self) {
        let mut state = self.state();
        state.is_held = false;
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
    }

    /// Whether the server may have it.
    pub(super) fn has_left(&self) -> bool {
        self.state().has_left
    }

    /// Ready when it may be written.
    pub(super) fn poll_free(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.is_held {
            state.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// It was written, or a part of it.
    pub(super) fn gone(&self) {
        self.state().has_left = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is whole before the lock is left.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
