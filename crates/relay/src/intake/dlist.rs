//! The `dlist:` form: a connection per notification, and a process of Cyrus that waits at its other end, often with
//! a mailbox locked.

mod answering;

use std::{
    io,
    os::unix::net::{UnixListener as StdListener, UnixStream as StdStream},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use cyrus::{Malformed, Notice, dlist};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::{timeout, timeout_at},
};
use tokio_util::task::TaskTracker;

pub(crate) use answering::start;

use super::{Exhibit, Intake};
use crate::{
    message_file,
    spool::Form,
    telemetry::{FileOutcome, Outcome},
};

/// Says that the notification is lost. Cyrus logs the word and goes on, as with `OK`.
const NO: &[u8] = b"NO ()\r\n";
/// Most notifications are shorter.
const FIRST_READ: usize = 4096;
/// What comes after a notification that was refused half-way is read and thrown away, up to this: closing on unread
/// octets would take the answer from the sender.
const MOST_DISCARDED: u64 = 64 << 20;

/// Threads that read message files, or hang at a file system that does not answer. The runtime has several hundred,
/// and the spool needs some.
const MOST_READERS: usize = 64;
/// While that many hang, who comes waits for leave no longer: the answer would be the same after the whole deadline.
const WAIT_FOR_READER: Duration = Duration::from_millis(250);

/// Bounds of connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub connections: usize,
    pub read_deadline: Duration,
    pub octets: usize,
}

/// What the connections share.
pub(crate) struct DlistIntake {
    intake: Intake,
    limits: Limits,
    permits: Arc<Semaphore>,
    /// Of message files.
    readers: Arc<Semaphore>,
    connections: TaskTracker,
}

impl DlistIntake {
    pub fn new(intake: Intake, limits: Limits) -> Self {
        let permits = Arc::new(Semaphore::new(limits.connections));
        let readers = Arc::new(Semaphore::new(MOST_READERS));
        Self { intake, limits, permits, readers, connections: TaskTracker::new() }
    }

    /// Takes the connections that wait in the kernel's queue of a listener that nobody will serve after us.
    pub async fn accept_the_rest(&self, listener: &StdListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        while let Ok((stream, _)) = listener.accept() {
            let permit = self.permit().await;
            self.serve(stream, &[], permit, Instant::now());
        }
        Ok(())
    }

    /// Waits for the connections.
    pub async fn finish(&self) {
        self.connections.close();
        self.connections.wait().await;
    }

    async fn permit(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.permits).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// Goes on with a connection, of which `octets` have been read, as a task.
    fn serve(&self, stream: StdStream, octets: &[u8], permit: OwnedSemaphorePermit, accepted: Instant) {
        let stream = match stream.set_nonblocking(true).and_then(|()| UnixStream::from_std(stream)) {
            Ok(stream) => stream,
            Err(error) => {
                // Its notification is lost, and comes no second time.
                self.intake.gaps.note();
                return tracing::warn!(%error, "Connection cannot be served");
            }
        };
        let (intake, readers, limits) = (self.intake.clone(), Arc::clone(&self.readers), self.limits);
        let mut connection = Connection { stream, intake, readers, limits, accepted };
        let mut read = BytesMut::with_capacity(FIRST_READ.max(octets.len()));
        read.extend_from_slice(octets);
        self.connections.spawn(async move {
            connection.converse(read).await;
            drop(permit);
        });
    }
}

/// Whether there is a file to be read before the answer.
fn names_a_message(notice: &Notice) -> bool {
    notice.class == "SIEVE" && notice.file_path.is_some()
}

struct Connection {
    stream: UnixStream,
    intake: Intake,
    readers: Arc<Semaphore>,
    limits: Limits,
    accepted: Instant,
}

/// What a connection brought.
enum Read {
    Whole(Notice),
    /// Nonsense, or the connection ended in the middle.
    Malformed(Malformed),
    /// It ended before a single octet.
    Nothing,
}

impl Connection {
    /// `octets` have been read before.
    async fn converse(&mut self, mut octets: BytesMut) {
        let deadline = (self.accepted + self.limits.read_deadline).into();
        match timeout_at(deadline, self.read(&mut octets)).await {
            Ok(Read::Whole(notice)) => self.take(octets.freeze(), &notice, deadline).await,
            Ok(Read::Malformed(why)) => self.refuse(octets.freeze(), &why, deadline).await,
            Ok(Read::Nothing) => self.intake.telemetry.count(Form::Dlist, Outcome::Cut),
            Err(_) => self.give_up(octets.freeze()).await,
        }
    }

    async fn read(&mut self, octets: &mut BytesMut) -> Read {
        let mut reader = dlist::Reader::new(self.limits.octets);
        let mut seen = 0;
        loop {
            match reader.push(&octets[seen..]) {
                Ok(Some(notice)) => return Read::Whole(notice),
                Ok(None) => seen = octets.len(),
                Err(why) => return Read::Malformed(why),
            }
            match self.stream.read_buf(octets).await {
                Ok(0) | Err(_) if octets.is_empty() => return Read::Nothing,
                Ok(0) | Err(_) => return Read::Malformed(Malformed::Truncated),
                Ok(_) => {}
            }
        }
    }

    /// The sender stopped in the middle: an answer lets it go on, if it lives.
    async fn give_up(&mut self, octets: Bytes) {
        self.answer(NO).await;
        self.intake.telemetry.count(Form::Dlist, Outcome::Stalled);
        // It goes on without its notification.
        self.intake.gaps.note();
        tracing::warn!(bytes = octets.len(), "Notification did not come in time");
        if !octets.is_empty() {
            self.intake.quarantine(vec![Exhibit { form: Form::Dlist, octets }]);
        }
    }

    /// Spools, then answers; publishing is woken last.
    async fn take(&mut self, octets: Bytes, notice: &Notice, deadline: tokio::time::Instant) {
        let message = self.message_file(notice, deadline).await;
        let intake = self.intake.clone();
        let taken = intake.take(Form::Dlist, octets, message);
        self.answer(if taken.is_some() { dlist::OK } else { NO }).await;
    }

    async fn refuse(&mut self, octets: Bytes, why: &Malformed, deadline: tokio::time::Instant) {
        self.answer(NO).await;
        // Who reads to the end has the whole answer now. Whether it could be told shows below.
        self.stream.shutdown().await.ok();
        if matches!(why, Malformed::TooLarge | Malformed::Truncated) {
            // It was a notification, and not nonsense.
            self.intake.gaps.note();
        }
        self.intake.tell_malformed(Form::Dlist, octets.len(), why);
        self.intake.quarantine(vec![Exhibit { form: Form::Dlist, octets }]);
        let mut rest = (&mut self.stream).take(MOST_DISCARDED);
        let mut nowhere = tokio::io::sink();
        let discarding = tokio::io::copy(&mut rest, &mut nowhere);
        // However it ends, the connection is over.
        timeout_at(deadline, discarding).await.ok();
    }

    async fn answer(&mut self, answer: &[u8]) {
        match self.stream.write_all(answer).await {
            Ok(()) => self.intake.telemetry.answered(self.accepted.elapsed()),
            Err(error) => tracing::debug!(%error, "Sender went away before the answer"),
        }
    }

    /// The message that a Sieve notification names, read while the sender waits and so while it is there. A notification
    /// without it is better than a sender that waits for a file system that hangs.
    async fn message_file(&self, notice: &Notice, deadline: tokio::time::Instant) -> Option<Bytes> {
        let path = notice.file_path.as_ref().filter(|_| names_a_message(notice)).map(PathBuf::from)?;
        let sender = self.stream.peer_cred().ok()?.uid();
        let late = (FileOutcome::Late, None);
        let (outcome, message) = match timeout_at(deadline, self.reader()).await.ok().flatten() {
            None => late,
            Some(reader) => {
                let reading = spawn_blocking(move || {
                    let read = message_file::read(&path, sender);
                    drop(reader);
                    read
                });
                timeout_at(deadline, reading).await.unwrap_or(Ok(late)).ok()?
            }
        };
        self.intake.telemetry.message_file(outcome);
        message.map(Bytes::from)
    }

    /// Leave to read a message file; none where too many hang.
    async fn reader(&self) -> Option<OwnedSemaphorePermit> {
        let reader = timeout(WAIT_FOR_READER, Arc::clone(&self.readers).acquire_owned()).await.ok()?;
        Some(reader.expect("the semaphore is never closed"))
    }
}

#[cfg(test)]
mod tests;
