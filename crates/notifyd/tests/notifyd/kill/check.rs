//! What has to hold after all the kills.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::{Duration, Instant},
};

use bus::Group;
use fakes::smtp::SmtpSink;
use mailbox_event::{Event, Notification, codec};
use notifyd::ALARM_MAIL;

use super::{
    ALARMS,
    aim::{AIMS, Aim},
    place::{Place, address},
    victim::Victim,
};
use crate::setup::header;

const DEADLINE: Duration = Duration::from_secs(60);

/// What came of rounds.
#[derive(Debug, Default)]
pub struct Tally {
    rounds: u64,
    alarms: u64,
    /// Kills, and how many landed where they were aimed.
    hits: BTreeMap<Aim, u64>,
    later: u64,
    missed: u64,
    /// Second mails, each under the first one's Message-ID, each counted.
    second_mails: u64,
    /// Mails in doubt twice, each a dead letter.
    given_up: u64,
    /// Of these, such as no server has taken.
    without_a_mail: u64,
}

impl Tally {
    pub fn killed(&mut self, aim: &Aim, is_hit: bool) {
        match aim {
            _ if !is_hit => self.missed += 1,
            Aim::Later(..) => self.later += 1,
            aim => *self.hits.entry(aim.clone()).or_default() += 1,
        }
    }

    pub fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.alarms += other.alarms;
        for (aim, hits) in other.hits {
            *self.hits.entry(aim).or_default() += hits;
        }
        self.later += other.later;
        self.missed += other.missed;
        self.second_mails += other.second_mails;
        self.given_up += other.given_up;
        self.without_a_mail += other.without_a_mail;
    }

    pub fn and(mut self, other: Self) -> Self {
        self.add(other);
        self
    }

    pub fn assert_every_aim_was_hit(&self) {
        for aim in &AIMS {
            assert!(self.hits.contains_key(aim), "never hit: {aim:?}");
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let aimed: u64 = self.hits.values().sum();
        let fewest = AIMS.iter().map(|aim| self.hits.get(aim).copied().unwrap_or_default()).min();
        write!(
            f,
            "{} rounds, {} alarms, {aimed} aimed kills (each of {} aims at least {} times), {} at random times, {} missed; \
             {} second mails, {} given up, {} of them without a mail",
            self.rounds,
            self.alarms,
            AIMS.len(),
            fewest.unwrap_or_default(),
            self.later,
            self.missed,
            self.second_mails,
            self.given_up,
            self.without_a_mail,
        )
    }
}

/// Lets notifyd do what is left.
pub async fn finish(place: &Place, sink: &SmtpSink) {
    let victim = Victim::start(place, sink.local_addr(), None);
    let end = Instant::now() + DEADLINE;
    while place.count("state IN ('sent', 'failed', 'dropped')") < ALARMS {
        assert!(Instant::now() < end, "alarms are left");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    victim.end().await;
}

/// `doubts`: how often each mail was seen in doubt.
pub async fn check(
    sink: &SmtpSink,
    place: &Place,
    doubts: &BTreeMap<String, u64>,
    mut tally: Tally,
) -> Tally {
    let mut mails: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in sink.mails() {
        mails.entry(header(&mail, "To")).or_default().push(header(&mail, "Message-ID"));
    }
    let dead = dead(place).await;
    for number in 1..=ALARMS {
        let ids = mails.remove(&address(number)).unwrap_or_default();
        let Some(id) = ids.first() else {
            assert!(dead.contains(&address(number)), "alarm {number} has no mail and nobody is told");
            tally.without_a_mail += 1;
            continue;
        };
        assert!(ids.iter().all(|other| other == id), "alarm {number}: {ids:?}");
        let doubts = doubts.get(id).copied().unwrap_or_default();
        assert!(ids.len() <= 2, "alarm {number} has {} mails", ids.len());
        assert!(ids.len() as u64 <= 1 + doubts, "alarm {number} has a second mail without a doubt");
        assert!(doubts >= 2 || !dead.contains(&address(number)), "alarm {number} is given up too soon");
        if ids.len() == 2 {
            assert_eq!(place.count(&format!("message_id = '{id}' AND repeats = 1")), 1, "it is not counted");
            tally.second_mails += 1;
        }
    }
    assert!(mails.is_empty(), "{mails:?}");
    // Two deaths in doubt of one mail: nothing else may give one up.
    assert_eq!(place.count("state = 'failed' AND repeats = 1"), dead.len() as u64);
    assert_eq!(place.count("state = 'dropped' OR (state = 'failed' AND repeats <> 1)"), 0);
    tally.given_up += dead.len() as u64;
    Tally { rounds: 1, alarms: ALARMS, ..tally }
}

/// To whom mails were given up, and why: there is one reason.
async fn dead(place: &Place) -> BTreeSet<String> {
    let (bus, group) = (place.bus().await, Group(ALARM_MAIL.to_owned()));
    let letters = bus.shared().dead_letters(&group, 100).await.unwrap();
    bus.close().await;
    let recipient = |letter: bus::DeadLetter| {
        let reasons = [
            "mail was sent twice and it is not known whether it was taken",
            "mail was refused or given up before",
        ];
        assert!(reasons.contains(&&*letter.reason), "{}", letter.reason);
        let event: Event = codec::decode(&letter.message.payload).unwrap();
        let Notification::Alarm(alarm) = event.notification else { panic!("it is no alarm") };
        alarm.recipients[0].clone()
    };
    letters.into_iter().map(recipient).collect()
}
