//! relay is restarted under load while a service manager holds its socket.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use cyrus::dlist;

use crate::{
    activation::mail,
    house::{PATIENCE, change},
    manager::Manager,
    service,
};

const THIS_TEST: &str = "restart::restarts_under_load_keep_cyrus_waiting_for_a_moment_at_most";
const ACCOUNTS: [&str; 4] = ["u0", "u1", "u2", "u3"];
const RESTARTS: usize = 3;
/// Answers before each restart.
const BETWEEN: usize = 300;
/// Between two notifications of one sender.
const PAUSE: Duration = Duration::from_millis(1);
/// Ten times the 250 ms that a restart may cost Cyrus, for a debug build among other tests.
const LONGEST_WAIT: Duration = Duration::from_millis(2500);

/// What the senders share.
#[derive(Default)]
struct Load {
    answers: AtomicUsize,
    /// Notifications whose connection broke.
    broken: AtomicUsize,
    is_over: AtomicBool,
}

impl Load {
    /// Sends one after another; the last modseq that was answered, and the longest wait.
    fn send(&self, socket: &Path, user: &str) -> (u64, Duration) {
        let (mut last, mut longest) = (0, Duration::ZERO);
        for modseq in 1.. {
            if self.is_over.load(Ordering::SeqCst) {
                break;
            }
            // A busy server, not a flood: what is in the spool is gone over by every start.
            thread::park_timeout(PAUSE);
            let began = Instant::now();
            let answer = converse(socket, &dlist::write(&change(user, modseq)));
            longest = longest.max(began.elapsed());
            match answer {
                Ok(answer) if answer == dlist::OK => {
                    last = modseq;
                    self.answers.fetch_add(1, Ordering::SeqCst);
                }
                _ => {
                    self.broken.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
        (last, longest)
    }

    /// Waits for so many answers more.
    fn go_on(&self) {
        let (before, end) = (self.answers.load(Ordering::SeqCst), Instant::now() + PATIENCE);
        while self.answers.load(Ordering::SeqCst) < before + BETWEEN {
            assert!(Instant::now() < end, "nobody answers");
            thread::park_timeout(Duration::from_millis(1));
        }
    }
}

fn converse(socket: &Path, octets: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(octets)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

#[test]
fn restarts_under_load_keep_cyrus_waiting_for_a_moment_at_most() {
    service::or_else(async {
        let folder = tempfile::tempdir().unwrap();
        let sent = restart_under_load(folder.path());
        for (user, last, longest) in sent {
            eprintln!("{user}: {last} sent, the longest wait {longest:?}");
            assert!(longest < LONGEST_WAIT, "{user} waited {longest:?}");
            assert!(mail(folder.path(), user).await >= Some(last), "{user}: answered and not published");
        }
    });
}

fn restart_under_load(folder: &Path) -> Vec<(&'static str, u64, Duration)> {
    let (mut manager, load, socket) =
        (Manager::start(THIS_TEST, folder), Load::default(), folder.join("dlist"));
    manager.begin();
    thread::scope(|scope| {
        let (load, socket) = (&load, &socket);
        let senders = ACCOUNTS.map(|user| (user, scope.spawn(move || load.send(socket, user))));
        for _ in 0..RESTARTS {
            load.go_on();
            manager.end();
            manager.begin();
        }
        load.go_on();
        assert_eq!(load.broken.load(Ordering::SeqCst), 0, "a graceful restart broke a connection");
        for _ in 0..RESTARTS {
            manager.kill();
            manager.begin();
            load.go_on();
        }
        // One of each sender may have been with relay at its death.
        assert!(load.broken.load(Ordering::SeqCst) <= RESTARTS * ACCOUNTS.len());
        load.is_over.store(true, Ordering::SeqCst);
        let sent = senders.map(|(user, sender)| {
            let (last, longest) = sender.join().unwrap();
            (user, last, longest)
        });
        manager.end();
        // An end leaves what it has no time to publish to the next start.
        for _ in 0..4 {
            manager.begin();
            manager.end();
        }
        sent.to_vec()
    })
}
