//! Answering while Cyrus waits: a plain thread accepts, reads, appends and answers, with no hop to another thread.
//!
//! Waking a thread for every step is what an answer costs most, so what is usual is done by the thread that
//! accepted: a notification that is there within moments. All else (a slow sender, a long notification, nonsense, a
//! message file) goes on as a task of the runtime, with the octets that came. One thread does: it answers more than any
//! Cyrus says, and several would wait for each other at the spool.

use std::{
    io::{self, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cyrus::dlist;
use kit::line_pace::LinePace;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::sockopt::{Timeout, set_socket_timeout},
};
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::sync::CancellationToken;

use super::{DlistIntake, NO};
use crate::spool::Form;

/// A notification that does not fit is a task's. Those of Cyrus have about 1 KiB.
const BUFFER: usize = 16 * 1024;
/// A process of Cyrus writes as soon as it has connected. The others wait for no longer than this for one that does not.
const PATIENCE: Duration = Duration::from_millis(1);
/// How often the thread looks whether it is to end.
const LOOK_UP: Duration = Duration::from_millis(100);
/// After an error of accept (too many open files) the next try waits: the error stays for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Starts the thread for a listener; the receiver hears when it has ended.
pub(crate) fn start(
    intake: Arc<DlistIntake>,
    listener: Arc<UnixListener>,
    stop: CancellationToken,
) -> io::Result<oneshot::Receiver<io::Result<()>>> {
    // A socket passed to us is shared with whoever held it before, its flags too.
    listener.set_nonblocking(false)?;
    set_socket_timeout(&listener, Timeout::Recv, Some(LOOK_UP))?;
    let (ended, has_ended) = oneshot::channel();
    let mut answering = Answering { intake, runtime: Handle::current(), patience: PATIENCE };
    thread::Builder::new().name("relay-answer".to_owned()).spawn(move || {
        answering.accept_until(&stop, &listener);
        // Nobody may be waiting any more.
        ended.send(Ok(())).ok();
    })?;
    Ok(has_ended)
}

struct Answering {
    intake: Arc<DlistIntake>,
    /// Where tasks go.
    runtime: Handle,
    /// None after a sender that kept silent: a crowd of them costs the others no more than one of them.
    patience: Duration,
}

/// What came within the time that a thread has for it.
enum Came {
    /// A whole notification, of this many octets.
    Whole(usize),
    /// Something for a task.
    Other(usize),
}

impl Answering {
    fn accept_until(&mut self, stop: &CancellationToken, listener: &UnixListener) {
        let (mut buffer, mut failures_told) = (vec![0; BUFFER], LinePace::of_failures());
        while !stop.is_cancelled() {
            match listener.accept() {
                Ok((stream, _)) => self.serve(stream, &mut buffer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    if let Some(failures) = failures_told.line(Instant::now()) {
                        tracing::warn!(%error, failures, "Connection cannot be accepted");
                    }
                    thread::park_timeout(ACCEPT_PAUSE);
                }
            }
        }
    }

    fn serve(&mut self, stream: UnixStream, buffer: &mut [u8]) {
        let accepted = Instant::now();
        match self.read(&stream, buffer, accepted) {
            Came::Whole(octets) => self.answer(&stream, Bytes::copy_from_slice(&buffer[..octets]), accepted),
            Came::Other(octets) => self.hand_over(stream, &buffer[..octets], accepted),
        }
    }

    /// An error shows again, and is told, when the task reads.
    fn read(&mut self, mut stream: &UnixStream, buffer: &mut [u8], accepted: Instant) -> Came {
        let mut reader = dlist::Reader::new(self.intake.limits.octets);
        let mut filled = 0;
        while filled < buffer.len() {
            let patience = self.patience.saturating_sub(accepted.elapsed());
            self.patience = if is_readable(stream, patience) { PATIENCE } else { Duration::ZERO };
            if self.patience.is_zero() {
                break;
            }
            let octets = match stream.read(&mut buffer[filled..]) {
                Ok(0) | Err(_) => break,
                Ok(octets) => octets,
            };
            let piece = filled..filled + octets;
            filled += octets;
            match reader.push(&buffer[piece]) {
                Ok(Some(notice)) if !super::names_a_message(&notice) => return Came::Whole(filled),
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => break,
            }
        }
        Came::Other(filled)
    }

    /// Spools, then answers; publishing is woken last.
    fn answer(&self, mut stream: &UnixStream, octets: Bytes, accepted: Instant) {
        let intake = &self.intake.intake;
        let taken = intake.take(Form::Dlist, octets, None);
        match stream.write_all(if taken.is_some() { dlist::OK } else { NO }) {
            Ok(()) => intake.telemetry.answered(accepted.elapsed()),
            Err(error) => tracing::debug!(%error, "Sender went away before the answer"),
        }
    }

    /// Waits while there are as many tasks as there may be: further senders wait in the kernel's queue.
    fn hand_over(&self, stream: UnixStream, octets: &[u8], accepted: Instant) {
        let permit = self.runtime.block_on(self.intake.permit());
        let _within = self.runtime.enter();
        self.intake.serve(stream, octets, permit, accepted);
    }
}

/// Whether there is something to read, or the end, within `patience`.
fn is_readable(stream: &UnixStream, patience: Duration) -> bool {
    let timeout = Timespec { tv_sec: 0, tv_nsec: patience.subsec_nanos().into() };
    poll(&mut [PollFd::new(stream, PollFlags::IN)], Some(&timeout)).is_ok_and(|ready| ready > 0)
}
