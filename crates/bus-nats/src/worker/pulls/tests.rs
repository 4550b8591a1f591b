//! Order of urgency, and no more than there are places.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const HIGH: usize = 0;
const NORMAL: usize = 1;
const OTHER: usize = 2;
const LOW: usize = 3;
const URGENCIES: [Urgency; 4] = [Urgency::High, Urgency::Normal, Urgency::Normal, Urgency::Low];

fn sources(asks: &[Ask]) -> Vec<(usize, bool)> {
    asks.iter().map(|ask| (ask.source, ask.is_probe)).collect()
}

/// Pulls whose consumers all said that they have nothing, with their standing requests.
fn idle(now: Instant) -> Pulls {
    let mut pulls = Pulls::new(URGENCIES);
    loop {
        let asks = pulls.next(4, now);
        let probes: Vec<_> = asks.iter().filter(|ask| ask.is_probe).collect();
        if probes.is_empty() {
            return pulls;
        }
        probes.into_iter().for_each(|ask| pulls.refused(ask.source, ask.number, true));
    }
}

#[test]
fn the_most_urgent_is_asked_until_it_has_nothing() {
    let (now, mut pulls) = (Instant::now(), Pulls::new(URGENCIES));
    let asks = pulls.next(2, now);
    assert_eq!(sources(&asks), [(HIGH, true), (HIGH, true)]);
    assert!(pulls.arrived(HIGH, 0, 2));
    pulls.refused(HIGH, asks[1].number, true);
    assert_eq!(sources(&pulls.next(1, now)), [(NORMAL, true), (HIGH, false)]);
}

#[test]
fn no_more_is_asked_at_once_than_fits_into_the_queue_of_the_inbox() {
    let (now, mut pulls) = (Instant::now(), Pulls::new(URGENCIES));
    assert_eq!(sources(&pulls.next(10 * MOST_PROBES, now)), [(HIGH, true); MOST_PROBES]);
    assert_eq!(sources(&pulls.next(10 * MOST_PROBES, now)), []);
}

#[test]
fn the_last_job_that_is_known_is_not_the_last_until_the_consumer_says_so() {
    let (now, mut pulls) = (Instant::now(), Pulls::new(URGENCIES));
    pulls.next(2, now);
    assert!(pulls.arrived(HIGH, 0, 2));
    assert_eq!(sources(&pulls.next(2, now)), [(HIGH, true)]);
}

#[test]
fn a_request_lapses_when_its_answer_is_overdue_and_a_standing_one_has_its_time_before() {
    let (now, mut pulls) = (Instant::now(), Pulls::new(URGENCIES));
    pulls.next(1, now);
    assert_eq!(pulls.next_lapse(), Some(now + SLACK));
    pulls.lapse(now + SLACK / 2);
    assert_eq!(sources(&pulls.next(1, now)), []);
    pulls.lapse(now + SLACK);
    assert_eq!(sources(&pulls.next(1, now)), [(HIGH, true)]);
    assert_eq!(idle(now).next_lapse(), Some(now + STANDING + SLACK));
}

#[test]
fn consumers_of_one_urgency_take_turns() {
    let (now, mut pulls) = (Instant::now(), idle(Instant::now()));
    assert!(pulls.arrived(NORMAL, 5, 3) && pulls.arrived(OTHER, 5, 2));
    let asks = pulls.next(4, now);
    assert_eq!(sources(&asks)[..4], [(NORMAL, true), (OTHER, true), (NORMAL, true), (OTHER, true)]);
}

#[test]
fn a_job_that_finds_no_place_goes_back_and_is_asked_for_later() {
    let (now, mut pulls) = (Instant::now(), idle(Instant::now()));
    assert!(pulls.arrived(LOW, 0, 1));
    assert_eq!(sources(&pulls.next(0, now)), [(LOW, false)]);
    assert!(!pulls.arrived(HIGH, 0, 0));
    assert_eq!(sources(&pulls.next(0, now)), []);
    assert_eq!(sources(&pulls.next(1, now)), [(HIGH, true)]);
}

#[test]
fn a_place_that_a_more_urgent_consumer_was_asked_to_fill_is_kept_for_it() {
    let (now, mut pulls) = (Instant::now(), idle(Instant::now()));
    pulls.returned(HIGH);
    pulls.refused(HIGH, pulls.consumers[HIGH].asked[0].number, true);
    assert_eq!(sources(&pulls.next(1, now)), [(HIGH, true)]);
    assert!(!pulls.arrived(LOW, 0, 1));
    assert!(pulls.arrived(HIGH, 0, 1));
}

#[test]
fn a_place_is_not_kept_for_a_consumer_that_is_no_more_urgent() {
    let (now, mut pulls) = (Instant::now(), idle(Instant::now()));
    for source in [OTHER, LOW] {
        pulls.returned(source);
        pulls.refused(source, pulls.consumers[source].asked[0].number, true);
    }
    assert_eq!(sources(&pulls.next(2, now)), [(OTHER, true), (OTHER, true)]);
    assert!(pulls.arrived(NORMAL, 0, 2), "a place of its own");
    assert!(pulls.arrived(NORMAL, 0, 1), "the last place");
    assert!(!pulls.arrived(LOW, 0, 2));
}

#[test]
fn an_answer_of_a_busy_server_does_not_mean_that_there_is_nothing() {
    let (now, mut pulls) = (Instant::now(), Pulls::new(URGENCIES));
    let asks = pulls.next(1, now);
    pulls.refused(HIGH, asks[0].number, false);
    assert_eq!(sources(&pulls.next(1, now)), [(HIGH, true)]);
}

#[test]
fn the_answer_to_one_request_leaves_the_others() {
    let (now, mut pulls) = (Instant::now(), Pulls::new(URGENCIES));
    let asks = pulls.next(2, now);
    pulls.refused(HIGH, asks[1].number, false);
    assert_eq!(pulls.consumers[HIGH].asked[0].number, asks[0].number);
    pulls.refused(HIGH, 99, true);
    pulls.refused(99, asks[0].number, true);
    assert_eq!(pulls.probes(None), 1);
}

#[test]
fn requests_without_an_answer_lapse_and_are_made_again() {
    let (now, mut pulls) = (Instant::now(), idle(Instant::now()));
    assert_eq!(sources(&pulls.next(4, now)), []);
    let lapse = pulls.next_lapse().unwrap();
    assert!(lapse > now + STANDING);
    pulls.lapse(now + STANDING);
    assert_eq!(sources(&pulls.next(4, now)), [], "their answers may be on their way");
    pulls.lapse(lapse);
    assert_eq!(
        sources(&pulls.next(4, lapse)),
        [(HIGH, false), (NORMAL, false), (OTHER, false), (LOW, false)]
    );
    pulls.reset();
    assert_eq!(pulls.next_lapse(), None);
    assert_eq!(sources(&pulls.next(1, lapse)), [(HIGH, true)]);
}

/// A server with jobs of each consumer, and the requests it has not answered.
#[derive(Default)]
struct Server {
    jobs: [u64; 4],
    standing: [VecDeque<u64>; 4],
}

proptest! {
    #[test]
    fn every_job_is_taken_and_never_more_than_there_are_places(
        jobs in prop::array::uniform4(0u64..20),
        places in 1usize..5,
        ends in prop::collection::vec(any::<bool>(), 1..50),
        late in prop::collection::vec(0usize..4, 0..10),
    ) {
        let now = Instant::now();
        let (mut pulls, mut server) = (Pulls::new(URGENCIES), Server { jobs, ..Server::default() });
        let (mut running, mut done) = (0, 0);
        let all = jobs.iter().sum::<u64>() + late.len() as u64;
        let (mut late, mut ends) = (late.into_iter(), ends.into_iter().cycle());
        for _ in 0..2000 {
            for ask in pulls.next(places - running, now) {
                if ask.is_probe && server.jobs[ask.source] == 0 {
                    pulls.refused(ask.source, ask.number, true);
                } else {
                    server.standing[ask.source].push_back(ask.number);
                }
            }
            for source in 0..4 {
                while server.jobs[source] > 0 && server.standing[source].pop_front().is_some() {
                    server.jobs[source] -= 1;
                    if pulls.arrived(source, server.jobs[source], places - running) {
                        running += 1;
                        prop_assert!(running <= places);
                    } else {
                        server.jobs[source] += 1;
                    }
                }
            }
            if running > 0 && ends.next() == Some(true) {
                running -= 1;
                done += 1;
            } else if let Some(source) = late.next() {
                server.jobs[source] += 1;
            } else if running > 0 {
                running -= 1;
                done += 1;
            }
        }
        prop_assert_eq!(done, all);
    }
}
