//! The datagram form. Cyrus' `sendto` blocks as soon as the queue is full, and by default that is 10 datagrams: a
//! thread of its own does nothing but empty it into the spool.

use std::{
    fs, io,
    os::unix::net::UnixDatagram,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::Intake;
use crate::spool::Form;

/// Cyrus sends no more than 64 KiB; one that fills this buffer was cut by the kernel.
const LARGEST: usize = 128 * 1024;
/// How often the thread looks whether it is to end.
const LOOK_UP: Duration = Duration::from_millis(100);
/// At the end, what is queued is taken, for no longer than this: senders may go on and on.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Below this, a few processes of Cyrus at once wait for us.
const QUEUE_WANTED: u32 = 512;

/// Starts the thread; the receiver hears when it has ended, and why if nobody told it to.
pub(crate) fn start(
    socket: UnixDatagram,
    intake: Intake,
    stop: CancellationToken,
) -> io::Result<oneshot::Receiver<io::Result<()>>> {
    // A socket passed to us is shared with whoever held it before, its flags too.
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(LOOK_UP))?;
    let (ended, has_ended) = oneshot::channel();
    thread::Builder::new().name("relay-datagram".to_owned()).spawn(move || {
        let outcome = receive_until(&stop, &socket, &intake);
        // Nobody may be waiting any more.
        ended.send(outcome).ok();
    })?;
    Ok(has_ended)
}

fn receive_until(stop: &CancellationToken, socket: &UnixDatagram, intake: &Intake) -> io::Result<()> {
    let mut buffer = vec![0; LARGEST];
    while !stop.is_cancelled() {
        match socket.recv(&mut buffer) {
            Ok(octets) => take(intake, &buffer[..octets]),
            Err(error) if is_timeout(&error) => {}
            Err(error) => return Err(error),
        }
    }
    take_the_rest(socket, intake, &mut buffer);
    Ok(())
}

/// Nobody was answered for what is queued, but the senders believe it to be delivered.
fn take_the_rest(socket: &UnixDatagram, intake: &Intake, buffer: &mut [u8]) {
    let until = Instant::now() + LAST_WORDS;
    if socket.set_nonblocking(true).is_err() {
        return;
    }
    while Instant::now() < until {
        match socket.recv(buffer) {
            Ok(octets) => take(intake, &buffer[..octets]),
            Err(_) => break,
        }
    }
}

fn take(intake: &Intake, datagram: &[u8]) {
    // Publishing is woken when the result is dropped.
    drop(intake.take(Form::Datagram, Bytes::copy_from_slice(datagram), None));
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

/// The length of the kernel's queue, if it is too short for a busy server.
pub(crate) fn short_queue() -> Option<u32> {
    too_short(&fs::read_to_string("/proc/sys/net/unix/max_dgram_qlen").ok()?)
}

/// The length as the kernel writes it, if it is less than wanted.
fn too_short(length: &str) -> Option<u32> {
    length.trim().parse().ok().filter(|length| *length < QUEUE_WANTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_short_below_what_is_wanted() {
        assert_eq!(too_short("10\n"), Some(10));
        assert_eq!(too_short("511\n"), Some(511));
        assert_eq!(too_short("512\n"), None);
        assert_eq!(too_short("4096\n"), None);
    }

    #[test]
    fn a_length_that_cannot_be_read_is_no_reason_to_warn() {
        assert_eq!(too_short(""), None);
        assert_eq!(too_short("many\n"), None);
    }
}
