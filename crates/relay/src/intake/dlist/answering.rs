//! Answering while Cyrus waits: plain threads accept, read, append and answer, with no hop to another thread.
//!
//! A thread that is woken for every step is what an answer costs most. So all that is usual is done by the thread that
//! accepted: a whole notification that is there within moments. All else (a slow sender, a long notification, nonsense,
//! a message file) goes on as a task of the runtime, with the octets that came.

use std::{
    io::{self, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cyrus::dlist;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::sync::CancellationToken;

use super::{DlistIntake, NO};
use crate::spool::Form;

/// As many senders as are answered side by side. More wait in the kernel's queue for the microseconds that one takes.
const THREADS: usize = 8;
/// A notification that does not fit is a task's. Those of Cyrus have about 1 KiB.
const BUFFER: usize = 16 * 1024;
/// A process of Cyrus connects and writes at once; one that was put off the processor in between is back by then.
const PATIENCE: Duration = Duration::from_millis(20);
/// While no other thread is free, senders that say nothing must not keep those waiting that do.
const LITTLE_PATIENCE: Duration = Duration::from_millis(1);
/// How often a thread looks whether it is to end.
const LOOK_UP: Duration = Duration::from_millis(100);
/// After an error of accept (too many open files) the next try waits: the error stays for a while.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Starts the threads for one listener; each receiver hears when its thread has ended.
pub(crate) fn start(
    intake: &Arc<DlistIntake>,
    listener: &Arc<UnixListener>,
    stop: &CancellationToken,
) -> io::Result<Vec<oneshot::Receiver<io::Result<()>>>> {
    // A socket passed to us is shared with whoever held it before, its flags too.
    listener.set_nonblocking(false)?;
    set_socket_timeout(listener, Timeout::Recv, Some(LOOK_UP))?;
    let free = Arc::new(AtomicUsize::new(0));
    let runtime = Handle::current();
    let start_one = |_| {
        let (ended, has_ended) = oneshot::channel();
        let (listener, stop) = (Arc::clone(listener), stop.clone());
        let (intake, free, runtime) = (Arc::clone(intake), Arc::clone(&free), runtime.clone());
        let answering = Answering { intake, free, runtime };
        thread::Builder::new().name("relay-answer".to_owned()).spawn(move || {
            answering.accept_until(&stop, &listener);
            // Nobody may be waiting any more.
            ended.send(Ok(())).ok();
        })?;
        Ok(has_ended)
    };
    (0..THREADS).map(start_one).collect()
}

/// One thread.
struct Answering {
    intake: Arc<DlistIntake>,
    /// Threads that wait for a connection.
    free: Arc<AtomicUsize>,
    /// Where tasks go.
    runtime: Handle,
}

/// What came within the time that a thread has for it.
enum Came {
    /// A whole notification, of this many octets.
    Whole(usize),
    /// Something for a task.
    Other(usize),
}

impl Answering {
    fn accept_until(&self, stop: &CancellationToken, listener: &UnixListener) {
        let mut buffer = vec![0; BUFFER];
        while !stop.is_cancelled() {
            self.free.fetch_add(1, Ordering::Relaxed);
            let accepted = listener.accept();
            let others = self.free.fetch_sub(1, Ordering::Relaxed) - 1;
            match accepted {
                Ok((stream, _)) => self.serve(stream, &mut buffer, others > 0),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    tracing::warn!(%error, "Connection cannot be accepted");
                    thread::park_timeout(ACCEPT_PAUSE);
                }
            }
        }
    }

    fn serve(&self, stream: UnixStream, buffer: &mut [u8], others_are_free: bool) {
        let accepted = Instant::now();
        let patience = if others_are_free { PATIENCE } else { LITTLE_PATIENCE };
        // An error shows again, and is told, when the task reads.
        match self.read(&stream, buffer, accepted, patience).unwrap_or(Came::Other(0)) {
            Came::Whole(octets) => self.answer(&stream, Bytes::copy_from_slice(&buffer[..octets]), accepted),
            Came::Other(octets) => self.hand_over(stream, &buffer[..octets], accepted),
        }
    }

    fn read(
        &self,
        mut stream: &UnixStream,
        buffer: &mut [u8],
        accepted: Instant,
        patience: Duration,
    ) -> io::Result<Came> {
        stream.set_read_timeout(Some(patience))?;
        let mut reader = dlist::Reader::new(self.intake.limits.octets);
        let mut filled = 0;
        while filled < buffer.len() && accepted.elapsed() < patience {
            let octets = match stream.read(&mut buffer[filled..]) {
                Ok(0) | Err(_) => break,
                Ok(octets) => octets,
            };
            let piece = filled..filled + octets;
            filled += octets;
            match reader.push(&buffer[piece]) {
                Ok(Some(notice)) if !super::names_a_message(&notice) => return Ok(Came::Whole(filled)),
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => break,
            }
        }
        Ok(Came::Other(filled))
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
