use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A schedule, and a clock that the test moves.
struct Desk {
    schedule: Schedule,
    now: Instant,
    rng: StdRng,
}

fn account(number: u8) -> AccountToken {
    AccountToken([number; 16])
}

impl Desk {
    fn with(settings: ReconcileSettings) -> Self {
        let now = Instant::now();
        Self { schedule: Schedule::new(&settings, now), now, rng: StdRng::seed_from_u64(7) }
    }

    /// Every ten minutes, within a minute where there is a reason.
    fn new() -> Self {
        Self::with(ReconcileSettings::default())
    }

    fn never() -> Self {
        Self::with(ReconcileSettings { every: Duration::ZERO, ..ReconcileSettings::default() })
    }

    /// The node has been running for an hour.
    fn an_hour_later(mut self) -> Self {
        self.now += 60 * MINUTE;
        self
    }

    fn join(&mut self, number: u8) {
        self.schedule.joined(account(number), self.now, &mut self.rng);
    }

    fn gap(&mut self, numbers: &[u8]) {
        self.schedule.gap(numbers.iter().map(|number| account(*number)), self.now, &mut self.rng);
    }

    fn first_given_up(&mut self, number: u8) {
        self.schedule.first_given_up(account(number), self.now, &mut self.rng);
    }

    fn answered(&mut self, number: u8) {
        self.schedule.answered(account(number), self.now, &mut self.rng);
    }

    fn unanswered_since(&mut self, number: u8, began: Instant) {
        self.schedule.unanswered(account(number), (began, self.now), &mut self.rng);
    }

    /// Moves to when something is due and takes it. Says who, and how long that took.
    fn next(&mut self) -> Option<(AccountToken, Duration)> {
        let due = self.schedule.next_due()?.max(self.now);
        let waited = due - self.now;
        if !waited.is_zero() {
            assert_eq!(self.schedule.take_due(due - Duration::from_nanos(1)), None, "too early");
        }
        self.now = due;
        Some((self.schedule.take_due(due).expect("it is due"), waited))
    }

    /// The accounts that are due within `time`, each answered at once.
    fn asked_within(&mut self, time: Duration) -> Vec<AccountToken> {
        let end = self.now + time;
        let mut asked = Vec::new();
        while self.schedule.next_due().is_some_and(|due| due <= end) {
            let (account, _) = self.next().unwrap();
            self.schedule.answered(account, self.now, &mut self.rng);
            asked.push(account);
        }
        self.now = end;
        asked
    }
}

#[test]
fn a_node_that_started_just_now_asks_about_its_first_streams_within_the_window() {
    let mut desk = Desk::new();
    (0..100).for_each(|number| desk.join(number));
    let first_half = desk.asked_within(MINUTE / 2).len();
    assert!((30..70).contains(&first_half), "they are spread: {first_half}");
    assert_eq!(first_half + desk.asked_within(MINUTE / 2).len(), 100);
}

#[test]
fn a_node_that_has_been_running_asks_in_turn() {
    let mut desk = Desk::new().an_hour_later();
    desk.join(1);
    assert_eq!(desk.asked_within(7 * MINUTE), []);
    assert_eq!(desk.asked_within(5 * MINUTE), [account(1)]);
}

#[test]
fn a_gap_that_is_remembered_is_a_reason_to_ask_about_who_comes() {
    let mut desk = Desk::new().an_hour_later();
    desk.schedule.remember_gap(true);
    desk.join(1);
    assert_eq!(desk.asked_within(MINUTE), [account(1)]);
    desk.schedule.remember_gap(false);
    desk.join(2);
    assert_eq!(desk.asked_within(MINUTE), []);
}

#[test]
fn each_account_is_asked_about_every_ten_minutes_or_so() {
    let mut desk = Desk::new().an_hour_later();
    desk.join(1);
    for _ in 0..20 {
        let (_, waited) = desk.next().unwrap();
        assert!((8 * MINUTE..=12 * MINUTE).contains(&waited), "{waited:?}");
        desk.answered(1);
    }
}

#[test]
fn a_client_that_goes_and_comes_is_not_asked_about_each_time() {
    let mut desk = Desk::new();
    desk.join(1);
    desk.next();
    desk.answered(1);
    desk.join(1);
    assert_eq!(desk.asked_within(7 * MINUTE), []);
}

#[test]
fn without_turns_an_account_is_asked_about_only_where_there_is_a_reason() {
    let mut desk = Desk::never();
    desk.join(1);
    assert_eq!(desk.asked_within(MINUTE), [account(1)]);
    assert_eq!(desk.schedule.len(), 0);
    let mut desk = Desk::never().an_hour_later();
    desk.join(1);
    assert_eq!((desk.schedule.next_due(), desk.schedule.len()), (None, 0));
    desk.gap(&[1]);
    assert_eq!(desk.asked_within(MINUTE), [account(1)]);
}

#[test]
fn after_a_gap_everybody_is_asked_about_within_the_window_and_once() {
    let mut desk = Desk::new().an_hour_later();
    (0..50).for_each(|number| desk.join(number));
    let present: Vec<u8> = (40..60).collect();
    desk.gap(&present);
    let mut asked = desk.asked_within(MINUTE);
    asked.sort();
    assert_eq!(asked, (0..60).map(account).collect::<Vec<_>>());
}

#[test]
fn a_gap_puts_nobody_off() {
    let mut desk = Desk::new();
    desk.join(1);
    let due = desk.schedule.next_due().unwrap();
    for _ in 0..20 {
        desk.gap(&[1]);
        assert!(desk.schedule.next_due().unwrap() <= due);
    }
}

#[test]
fn an_answer_that_may_be_from_before_a_gap_is_asked_for_again() {
    let mut desk = Desk::new();
    desk.join(1);
    desk.next();
    desk.gap(&[1]);
    assert_eq!(desk.schedule.next_due(), None, "not twice at the same time");
    desk.answered(1);
    assert_eq!(desk.asked_within(MINUTE), [account(1)]);
    assert_eq!(desk.asked_within(7 * MINUTE), []);
}

#[test]
fn a_mail_server_that_does_not_answer_is_left_alone_for_longer_and_longer() {
    let mut desk = Desk::new();
    (0..200).for_each(|number| desk.join(number));
    // Everybody is late, so that only the pause holds them back.
    desk.now += MINUTE;
    let mut longest = Duration::ZERO;
    for _ in 0..100 {
        let (account, waited) = desk.next().unwrap();
        longest = longest.max(waited);
        let began = desk.now;
        desk.now += SECOND;
        desk.schedule.unanswered(account, (began, desk.now), &mut desk.rng);
    }
    assert!((30 * SECOND..=60 * SECOND).contains(&longest), "{longest:?}");
}

#[test]
fn questions_that_fail_together_are_one_failure_and_an_answer_ends_the_pause() {
    let mut desk = Desk::new();
    (0..4).for_each(|number| desk.join(number));
    desk.now += MINUTE;
    let began = desk.now;
    let asked: Vec<_> = (0..4).map(|_| desk.schedule.take_due(began).unwrap()).collect();
    desk.now += SECOND;
    asked.iter().for_each(|account| desk.unanswered_since(account.0[0], began));
    assert_eq!(desk.schedule.pause.failures, 1);
    desk.next();
    desk.answered(0);
    assert_eq!(desk.schedule.pause.failures, 0);
}

#[test]
fn an_account_that_gets_no_answer_comes_after_the_others() {
    let mut desk = Desk::new();
    desk.join(1);
    let (_, _) = desk.next().unwrap();
    desk.unanswered_since(1, desk.now);
    let (_, waited) = desk.next().unwrap();
    assert!((MINUTE..=2 * MINUTE).contains(&waited), "{waited:?}");
}

#[test]
fn who_left_is_asked_about_no_more() {
    let mut desk = Desk::new();
    desk.join(1);
    desk.schedule.left(account(1));
    assert_eq!((desk.schedule.len(), desk.schedule.next_due()), (0, None));
    (0..10).for_each(|number| desk.join(number));
    let (asked, _) = desk.next().unwrap();
    desk.schedule.retain(|_| false);
    assert_eq!((desk.schedule.len(), desk.schedule.next_due()), (1, None), "only who is being asked about");
    desk.schedule.left(asked);
    assert_eq!(desk.schedule.len(), 0);
}

#[derive(Debug, Clone)]
enum Step {
    Join(u8),
    Told(u8),
    Gap,
    Take,
    Answered,
    Unanswered,
    Left,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..5u8).prop_map(Step::Join),
        (0..5u8).prop_map(Step::Told),
        Just(Step::Gap),
        Just(Step::Take),
        Just(Step::Answered),
        Just(Step::Unanswered),
        Just(Step::Left),
        (0..700u64).prop_map(Step::Pass),
    ]
}

proptest! {
    /// Whatever happens: an account is asked about by one at a time, and who waits has exactly one turn.
    #[test]
    fn nobody_is_lost_and_nobody_is_asked_about_twice(steps in prop::collection::vec(step(), 1..80)) {
        let mut desk = Desk::new();
        let mut asking: Vec<AccountToken> = Vec::new();
        for step in steps {
            let now = desk.now;
            match step {
                Step::Join(number) => desk.join(number),
                Step::Told(number) => desk.schedule.told(account(number), now, &mut desk.rng),
                Step::Gap => desk.gap(&[1, 6]),
                Step::Pass(seconds) => desk.now += SECOND * u32::try_from(seconds).unwrap(),
                Step::Take => if let Some(account) = desk.schedule.take_due(now) {
                    prop_assert!(!asking.contains(&account));
                    asking.push(account);
                },
                Step::Answered => if let Some(account) = asking.pop() {
                    desk.schedule.answered(account, now, &mut desk.rng);
                },
                Step::Unanswered => if let Some(account) = asking.pop() {
                    desk.schedule.unanswered(account, (now, now), &mut desk.rng);
                },
                Step::Left => if let Some(account) = asking.pop() {
                    desk.schedule.left(account);
                },
            }
            prop_assert_eq!(desk.schedule.turns.len() + asking.len(), desk.schedule.len());
        }
    }
}

#[test]
fn a_first_question_that_breaks_off_takes_nothing_from_the_turn_that_a_gap_gave() {
    let mut desk = Desk::never().an_hour_later();
    desk.gap(&[1]);
    let turn = desk.schedule.next_due();
    desk.first_given_up(1);
    assert_eq!(desk.schedule.next_due(), turn);
    // Nor from a question in that turn, which a gap says to ask once more.
    desk.next();
    desk.gap(&[1]);
    desk.first_given_up(1);
    assert_eq!(desk.schedule.next_due(), None, "nobody else asks meanwhile");
    desk.answered(1);
    assert_eq!(desk.asked_within(MINUTE), [account(1)]);
}

#[test]
fn an_account_that_nothing_is_known_of_has_a_turn_after_its_first_question_broke_off() {
    let mut desk = Desk::never().an_hour_later();
    desk.first_given_up(1);
    assert_eq!(desk.asked_within(2 * MINUTE), [account(1)]);
}
