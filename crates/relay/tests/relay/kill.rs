//! relay is killed in the middle of a burst while the bus takes nothing, again and again, at points that a seed draws.
//!
//! `RELAY_TEST_KILL_ROUNDS` and `RELAY_TEST_KILL_SEED` make the run longer and another one: see `tests/long/kill`.

use std::{
    env,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use cyrus::dlist;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    house::{House, PATIENCE, change, sieve, until},
    service,
};

const THIS_TEST: &str = "kill::what_was_answered_before_kills_in_a_burst_is_published_in_order";
const ACCOUNTS: [&str; 4] = ["u0", "u1", "u2", "u3"];
/// Notifications in a burst, of all accounts together.
const BURST: usize = 10_000;
const ROUNDS: u64 = 3;

/// What an account said so far.
struct Sender {
    user: &'static str,
    /// The number of the next notification.
    next: u64,
    answered: Vec<u64>,
}

impl Sender {
    /// Sends until nobody answers any more: texts, whose order shows on the bus, and changes of the mailbox in between.
    fn burst(&mut self, socket: &Path, answers: &AtomicUsize) {
        for _ in 0..BURST / ACCOUNTS.len() {
            let number = self.next;
            self.next += 1;
            let notice = match is_change(number) {
                true => change(self.user, number),
                false => sieve(self.user, &text(self.user, number)),
            };
            if !is_taken(socket, &dlist::write(&notice)) {
                return;
            }
            self.answered.push(number);
            answers.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Every fourth is a change of the mailbox, which becomes a state and no job.
fn is_change(number: u64) -> bool {
    number.is_multiple_of(4)
}

fn text(user: &str, number: u64) -> String {
    format!("{user} {number:06}")
}

fn is_taken(socket: &Path, octets: &[u8]) -> bool {
    let exchange = || {
        let mut stream = UnixStream::connect(socket)?;
        stream.write_all(octets)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    exchange().is_ok_and(|answer| answer == dlist::OK)
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn what_was_answered_before_kills_in_a_burst_is_published_in_order() {
    service::or_else(async {
        let seed = number("RELAY_TEST_KILL_SEED", 1);
        for round in 0..number("RELAY_TEST_KILL_ROUNDS", ROUNDS) {
            eprintln!("seed {}", seed + round);
            kill_and_publish(seed + round).await;
        }
    });
}

async fn kill_and_publish(seed: u64) {
    let (house, mut rng) = (House::new(), StdRng::seed_from_u64(seed));
    let mut senders = ACCOUNTS.map(|user| Sender { user, next: 1, answered: Vec::new() });
    let kills = rng.random_range(1..=3);
    for _ in 0..kills {
        burst_until_killed(&house, &mut senders, rng.random_range(1..BURST / 2));
    }
    let relay = house.start();
    let is_job = |number: &&u64| !is_change(**number);
    let answered: usize = senders.iter().map(|sender| sender.answered.iter().filter(is_job).count()).sum();
    until(|| house.bus.dispatched.lock().unwrap().len() >= answered).await;
    // Every state too, and what was taken and not answered.
    relay.stop().await;
    let jobs = house.jobs();
    for sender in senders {
        check(&sender, &jobs);
        let told = sender.answered.iter().copied().filter(|number| is_change(*number)).max();
        assert!(house.mail(sender.user).await >= told, "{}", sender.user);
    }
}

/// relay is killed after so many answers.
fn burst_until_killed(house: &House, senders: &mut [Sender], before: usize) {
    let (socket, answers) = (house.path("dlist"), AtomicUsize::new(0));
    let mut service = service::start_without_bus(THIS_TEST, house.folder.path());
    let end = Instant::now() + PATIENCE;
    while UnixStream::connect(&socket).is_err() {
        assert!(Instant::now() < end, "relay does not start");
        thread::yield_now();
    }
    thread::scope(|scope| {
        for sender in senders {
            scope.spawn(|| sender.burst(&socket, &answers));
        }
        while answers.load(Ordering::SeqCst) < before {
            assert!(Instant::now() < end, "relay does not answer");
            thread::yield_now();
        }
        service.kill().unwrap();
        service.wait().unwrap();
    });
}

/// In the order of sending, all that was answered. What was taken and killed before its answer may be there too.
fn check(sender: &Sender, jobs: &[String]) {
    let told: Vec<u64> =
        jobs.iter().filter_map(|job| job.strip_prefix(sender.user)?.trim().parse().ok()).collect();
    assert!(told.is_sorted_by(|a, b| a < b), "{}: out of order, or twice", sender.user);
    for number in sender.answered.iter().filter(|number| !is_change(**number)) {
        assert!(told.binary_search(number).is_ok(), "{} {number} was answered and is lost", sender.user);
    }
    assert!(told.iter().all(|number| *number < sender.next));
}
