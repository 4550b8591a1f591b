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
    hits::Hits,
    mailer::{self, address},
    place::Place,
};
use crate::setup::header;

const DEADLINE: Duration = Duration::from_secs(60);
/// How often notifyd sends a mail again that is in doubt.
const MOST_REPEATS: u64 = 4;

/// What came of rounds.
#[derive(Debug, Default)]
pub struct Tally {
    rounds: u64,
    alarms: u64,
    pub hits: Hits<Aim>,
    /// How many alarms have so many mails, each under the first one's Message-ID, each after it counted.
    copies: BTreeMap<usize, u64>,
    /// Mails that were in doubt as often as they may be sent, each a dead letter and each taken.
    given_up: u64,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.alarms += other.alarms;
        self.hits.add(other.hits);
        for (mails, alarms) in other.copies {
            *self.copies.entry(mails).or_default() += alarms;
        }
        self.given_up += other.given_up;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rounds, {} alarms, ", self.rounds, self.alarms)?;
        self.hits.tell(&AIMS, f)?;
        let with = [1, 2, 3, 4, 5].map(|mails| self.copies.get(&mails).copied().unwrap_or_default());
        write!(f, "; alarms with 1 to 5 mails: {with:?}; {} given up", self.given_up)
    }
}

/// Lets notifyd do what is left.
pub async fn finish(place: &Place, sink: &SmtpSink) {
    let victim = mailer::start(place, sink.local_addr(), None);
    let end = Instant::now() + DEADLINE;
    while place.count("state IN ('sent', 'failed', 'dropped')") < ALARMS {
        assert!(Instant::now() < end, "alarms are left");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    victim.end().await;
}

/// `doubts`: attempts at mails that were seen in doubt.
pub async fn check(sink: &SmtpSink, place: &Place, doubts: &BTreeSet<String>, mut tally: Tally) -> Tally {
    let mut mails: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in sink.mails() {
        mails.entry(header(&mail, "To")).or_default().push(header(&mail, "Message-ID"));
    }
    let dead = dead(place).await;
    for number in 1..=ALARMS {
        let ids = mails.remove(&address(number)).unwrap_or_default();
        let Some(id) = ids.first() else { panic!("alarm {number} has no mail") };
        assert!(ids.iter().all(|other| other == id), "alarm {number}: {ids:?}");
        let its = format!("{id} ");
        let doubts = doubts.iter().filter(|doubt| doubt.starts_with(&its)).count() as u64;
        let again = ids.len() as u64 - 1;
        assert!(again <= doubts.min(MOST_REPEATS), "alarm {number}: {again} more mails, {doubts} doubts");
        let is_dead = dead.contains(&address(number));
        assert!(!is_dead || doubts > MOST_REPEATS, "alarm {number} is given up after {doubts} doubts");
        let counted = format!("message_id = '{id}' AND repeats BETWEEN {again} AND {MOST_REPEATS}");
        assert_eq!(place.count(&counted), 1, "alarm {number} has mails that are not counted");
        *tally.copies.entry(ids.len()).or_default() += 1;
    }
    assert!(mails.is_empty(), "{mails:?}");
    // A death in doubt each time that it may be sent: nothing else may give one up.
    let spent = format!("state = 'failed' AND repeats = {MOST_REPEATS}");
    assert_eq!(place.count(&spent), dead.len() as u64);
    assert_eq!(place.count("state IN ('failed', 'dropped')"), dead.len() as u64);
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
            "mail was sent five times and it is not known whether it was taken",
            "it failed before: mail was sent five times and it is not known whether it was taken",
        ];
        assert!(reasons.contains(&&*letter.reason), "{}", letter.reason);
        let event: Event = codec::decode(&letter.message.payload).unwrap();
        let Notification::Alarm(alarm) = event.notification else { panic!("it is no alarm") };
        alarm.recipients[0].clone()
    };
    letters.into_iter().map(recipient).collect()
}
