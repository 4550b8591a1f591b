//! The signals that end a program.

use std::{fmt, io};

use tokio::signal::unix::{SignalKind, signal};

/// Which signal it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Termination {
    /// SIGTERM: a service manager.
    Terminate,
    /// SIGINT: somebody at a terminal.
    Interrupt,
}

impl fmt::Display for Termination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        })
    }
}

/// Catches SIGTERM and SIGINT from this call on; the future ends at the first of them.
/// Fails when the handlers cannot be installed. Must be called within a runtime.
pub fn terminated() -> io::Result<impl Future<Output = Termination>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => Termination::Terminate,
            _ = interrupt.recv() => Termination::Interrupt,
        }
    })
}
