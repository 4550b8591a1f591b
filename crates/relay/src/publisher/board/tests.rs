//! Whatever comes, and in whichever order it is done: nothing is passed over, nothing overtakes.

use std::collections::BTreeMap;

use bus::{JobKind, LiveKind, Message, Topic, Urgency};
use bytes::Bytes;
use mailbox_event::{Account, EventId, RelayId, UnixMillis};
use proptest::{prelude::*, sample::Index};
use state::Observation;

use super::*;
use crate::spool::Form;

const RELAY: RelayId = RelayId(1);

/// What happens to a board.
#[derive(Debug, Clone)]
enum Step {
    /// A record of an account comes: whether it moves its state, and how many messages come of it.
    Add {
        account: u8,
        moves: bool,
        messages: usize,
    },
    Start(Jobs),
    /// One of the pieces under way ends.
    End {
        which: Index,
        well: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_u8, any::<bool>(), 0..3_usize)
            .prop_map(|(account, moves, messages)| Step::Add { account, moves, messages }),
        4 => prop_oneof![3 => Just(Jobs::Go), 1 => Just(Jobs::AreHeld)].prop_map(Step::Start),
        3 => (any::<Index>(), prop::bool::weighted(0.8)).prop_map(|(which, well)| Step::End { which, well }),
    ]
}

fn record(sequence: u64) -> Record {
    let payload = Bytes::from_static(b"x");
    Record { sequence, taken_at: UnixMillis(sequence), form: Form::Dlist, payload, message: None }
}

fn token(account: u8) -> AccountToken {
    AccountToken([account; 16])
}

fn publications(sequence: u64, account: u8, moves: bool, messages: usize) -> Publications {
    let owner = Account::parse(&format!("u{account}@example.org")).unwrap();
    let observation = Observation::of_upstream(owner, []);
    let topic = if sequence.is_multiple_of(2) {
        Topic::Job(Urgency::Normal, JobKind::Sieve, token(account))
    } else {
        Topic::Live(token(account), LiveKind::CalendarAlert)
    };
    let id = EventId { relay: RELAY, sequence };
    let message = Message { id, topic, payload: Bytes::from_static(b"x") };
    Publications {
        state: moves.then_some((token(account), observation)),
        messages: vec![(message, Vec::new()); messages],
    }
}

/// A board, and what is known of it by counting.
struct Model {
    board: Board,
    next: u64,
    under_way: Vec<Piece>,
    /// What is left to do of each record.
    left: BTreeMap<u64, usize>,
    /// Of each account the last record whose message was done, and whose state was.
    last: BTreeMap<AccountToken, (u64, u64)>,
    /// The last record of each account that moved its state.
    moved: BTreeMap<u64, AccountToken>,
    position: u64,
}

impl Model {
    fn new() -> Self {
        let board = Board::new(Window { records: 100, octets: 1 << 20 });
        let (left, last, moved) = Default::default();
        Self { board, next: 1, under_way: Vec::new(), left, last, moved, position: 1 }
    }

    fn play(&mut self, step: Step) {
        match step {
            Step::Add { account, moves, messages } => {
                // Sequences have gaps.
                let sequence = self.next + u64::from(account);
                self.next = sequence + 1;
                self.left.insert(sequence, usize::from(moves) + messages);
                if moves {
                    self.moved.insert(sequence, token(account));
                }
                self.board.add(record(sequence), publications(sequence, account, moves, messages));
            }
            Step::Start(jobs) => self.start(jobs),
            Step::End { which, well } if !self.under_way.is_empty() => {
                let piece = self.under_way.swap_remove(which.index(self.under_way.len()));
                if well { self.finish(&piece) } else { self.board.fail(piece) }
            }
            Step::End { .. } => {}
        }
        self.check();
    }

    fn start(&mut self, jobs: Jobs) {
        if let Some(piece) = self.board.start(jobs) {
            let is_alone = self.under_way.iter().all(|other| other.account != piece.account);
            assert!(is_alone, "two pieces of one account");
            assert!(jobs == Jobs::Go || !piece.is_job(), "a job that is held back");
            self.under_way.push(piece);
        }
    }

    fn finish(&mut self, piece: &Piece) {
        let sequences = piece.sequences();
        let (told, merged) = self.last.entry(piece.account).or_default();
        match &piece.work {
            Work::Merge(_) => {
                assert!(*merged < sequences[0] && sequences.is_sorted(), "states out of order");
                *merged = *sequences.last().unwrap();
            }
            Work::Dispatch(message, _) => {
                assert!(*told <= message.id.sequence, "messages out of order");
                *told = message.id.sequence;
                let moves = self.moved.get(told) == Some(&piece.account);
                assert!(!moves || *merged >= *told, "a message before the state of its record");
            }
        }
        for sequence in sequences {
            *self.left.get_mut(sequence).unwrap() -= 1;
        }
        self.board.finish(piece);
    }

    /// The position stands before the first record with something left, and every record below was counted.
    fn check(&mut self) {
        if let Some(done) = self.board.take_done(1) {
            let passed = self.left.range(self.position..done.position);
            assert_eq!(passed.count() as u64, done.records);
            self.position = done.position;
            assert_eq!(
                done.oldest,
                self.left.range(self.position..).next().map(|(first, _)| UnixMillis(*first))
            );
        }
        let first_left = self.left.iter().find(|(_, left)| **left > 0).map(|(sequence, _)| *sequence);
        let last_done = self.left.range(..first_left.unwrap_or(self.next)).next_back();
        assert_eq!(self.position, last_done.map_or(1, |(sequence, _)| sequence + 1));
    }

    /// All that waits is done in the end.
    fn end(mut self) {
        loop {
            self.start(Jobs::Go);
            let Some(piece) = self.under_way.pop() else { break };
            self.finish(&piece);
            self.check();
        }
        assert!(self.left.values().all(|left| *left == 0));
        assert!(self.board.accounts.is_empty() && self.board.ready.is_empty() && self.board.held.is_empty());
        assert_eq!(self.board.failing(), Failing::default());
        assert_eq!(self.board.room(), Window { records: 100, octets: 1 << 20 });
    }
}

proptest! {
    #[test]
    fn a_record_is_done_when_all_its_work_is_and_accounts_keep_their_order(
        steps in prop::collection::vec(step(), 0..100),
    ) {
        let mut model = Model::new();
        steps.into_iter().for_each(|step| model.play(step));
        model.end();
    }
}

#[test]
fn observations_wait_together_and_messages_do_not_wait_forever() {
    let mut board = Board::new(Window { records: 10, octets: 1000 });
    board.add(record(1), publications(1, 1, true, 0));
    let first = board.start(Jobs::Go).unwrap();
    board.add(record(2), publications(2, 1, false, 1));
    board.add(record(3), publications(3, 1, true, 0));
    board.add(record(4), publications(4, 1, true, 1));
    assert!(board.start(Jobs::Go).is_none(), "one at a time");
    board.finish(&first);
    let mut order = Vec::new();
    while let Some(piece) = board.start(Jobs::Go) {
        order.push(piece.sequences().to_vec());
        board.finish(&piece);
    }
    assert_eq!(order, [vec![2], vec![3, 4], vec![4]]);
}

#[test]
fn what_failed_is_done_again_as_it_was_and_before_others() {
    let mut board = Board::new(Window { records: 10, octets: 1000 });
    for (sequence, account) in [(1, 1), (2, 2), (3, 1)] {
        board.add(record(sequence), publications(sequence, account, true, 0));
    }
    let failed = board.start(Jobs::Go).unwrap();
    board.fail(failed);
    assert_eq!(board.failing(), Failing { jobs: 0, others: 1 });
    board.add(record(4), publications(4, 1, true, 0));
    let again = board.start(Jobs::Go).unwrap();
    assert_eq!(again.sequences(), [1, 3], "what came later goes by itself");
    board.finish(&again);
    assert_eq!(board.failing(), Failing::default());
}

#[test]
fn it_holds_no_more_than_its_bound() {
    let mut board = Board::new(Window { records: 2, octets: 1000 });
    board.add(record(1), publications(1, 1, true, 0));
    board.add(record(2), publications(2, 1, true, 0));
    assert_eq!(board.room().records, 0);
    let piece = board.start(Jobs::Go).unwrap();
    board.finish(&piece);
    assert_eq!(board.room(), Window { records: 2, octets: 1000 });
}

#[test]
fn jobs_that_are_held_back_delay_no_state() {
    let mut board = Board::new(Window { records: 10, octets: 1000 });
    board.add(record(2), publications(2, 1, false, 1));
    let job = board.start(Jobs::Go).unwrap();
    board.fail(job);
    board.add(record(4), publications(4, 2, true, 1));
    let state = board.start(Jobs::AreHeld).unwrap();
    assert!(board.start(Jobs::AreHeld).is_none(), "jobs are held");
    board.finish(&state);
    for sequence in [6, 8] {
        board.add(record(sequence), publications(sequence, 1, true, 0));
        let state = board.start(Jobs::AreHeld).expect("a state of an account whose job failed");
        assert_eq!(state.sequences(), [sequence]);
        board.finish(&state);
    }
    assert!(board.start(Jobs::AreHeld).is_none());
    let (one, other) = (board.start(Jobs::Go).unwrap(), board.start(Jobs::Go).unwrap());
    let mut rest = [one.sequences(), other.sequences()].concat();
    rest.sort_unstable();
    assert_eq!(rest, [2, 4]);
}
