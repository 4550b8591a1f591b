//! What became of each notification after all the kills, and of what nobody knew.

use std::collections::{BTreeMap, BTreeSet};

use bus::Group;
use fakes::sms::{Status, TextMessage};
use mailbox_event::EventId;
use notifyd::SMS;
use store::EffectKey;

use super::{
    books::{self, Row},
    people::{PRICE, Person, Role, Told},
    round::Round,
    tally::Tally,
    texter,
};
use crate::setup::{header, now};

/// All that there is to look at.
pub struct End {
    rows: BTreeMap<String, Row>,
    merged: BTreeSet<String>,
    /// Whom a notice is to come to, or a mail has.
    noticed: BTreeSet<String>,
    taken: BTreeMap<String, Vec<std::sync::Arc<TextMessage>>>,
}

impl End {
    pub fn of(round: &Round<'_>) -> Self {
        let merged = round.place.rows("SELECT key FROM effects WHERE state = 'dropped'");
        // Before the mails: a notice that is there no more has been told.
        let mut noticed: BTreeSet<_> = round.place.rows("SELECT user_id FROM windows").into_iter().collect();
        noticed.extend(round.sink.mails().into_iter().flat_map(|mail| mail.to.clone()));
        let mut taken: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for message in round.gateway.messages() {
            taken.entry(message.reference.clone()).or_default().push(message);
        }
        Self { rows: books::rows(round.place), merged: merged.into_iter().collect(), noticed, taken }
    }

    /// Whether nothing is left to do for any notification.
    pub fn is_done(&self, round: &Round<'_>) -> bool {
        let is_over = |row: &Row| match &*row.state {
            "reserved" | "sending" => false,
            "unknown" => !round.is_idempotent(),
            _ => true,
        };
        let mut told = round.people.iter().flat_map(|person| person.told());
        told.all(|told| match self.rows.get(&told.key) {
            Some(row) => is_over(row),
            // The job that finds his credit used up is not over before he has a notice to come.
            None if self.is_without_credit(&told) => self.noticed.contains(told.person.account().as_str()),
            None => self.merged.contains(&told.key),
        })
    }

    /// Bob's other notification has used it up.
    fn is_without_credit(&self, told: &Told) -> bool {
        told.person.role == Role::Bob && told.person.told().any(|other| self.rows.contains_key(&other.key))
    }

    /// What became of each notification; fails where that may not be.
    pub fn check(&self, round: &Round<'_>, dead: &BTreeSet<EventId>) -> Tally {
        assert!(self.taken.values().all(|copies| copies.len() == 1), "a text was taken twice");
        let mut tally = Tally { rounds: 1, ..Tally::default() };
        for told in round.people.iter().flat_map(|person| person.told()) {
            self.check_told(round, &told, dead, &mut tally);
        }
        for person in &round.people {
            self.check_person(round, *person, &mut tally);
        }
        tally
    }

    fn check_told(&self, round: &Round<'_>, told: &Told, dead: &BTreeSet<EventId>, tally: &mut Tally) {
        let is_taken = self.taken.contains_key(&told.key);
        tally.told += 1;
        match self.rows.get(&told.key).map(|row| &*row.state) {
            Some("accepted" | "delivered" | "undelivered") => {
                assert!(is_taken, "what nobody took is paid");
                tally.taken += 1;
            }
            Some("refused") => {
                assert!(!is_taken, "what was taken is given back");
                tally.refused += 1;
            }
            Some("unknown") => {
                assert!(!round.is_idempotent(), "nobody asked again");
                assert!(round.doubts.contains(&told.key), "nothing happened to it");
                assert!(dead.contains(&told.event), "nobody is told that it is in doubt");
                tally.unknown += 1;
                tally.unknown_taken += u64::from(is_taken);
            }
            Some(state) => panic!("a text is {state} at the end"),
            None if self.merged.contains(&told.key) => tally.merged += 1,
            None => {
                assert!(self.is_without_credit(told), "a notification is lost");
                tally.without_credit += 1;
            }
        }
    }

    /// The notices: carol's of what was merged, bob's of his credit.
    fn check_person(&self, round: &Round<'_>, person: Person, tally: &mut Tally) {
        let account = person.account();
        let keys: BTreeSet<_> = person.told().map(|told| told.key).collect();
        let notices: Vec<_> = self
            .rows
            .iter()
            .filter(|(key, row)| row.user == account.as_str() && !keys.contains(*key))
            .collect();
        let merged = keys.intersection(&self.merged).count() as u64;
        let told: u64 = notices
            .iter()
            .filter_map(|(key, _)| self.taken.get(*key))
            .map(|copies| count(&copies[0].text))
            .sum();
        let unknown =
            notices.iter().filter(|(_, row)| matches!(&*row.state, "unknown" | "refused")).count() as u64;
        assert_eq!(merged, if person.role == Role::Carol { 2 } else { 0 });
        assert!(told <= merged && (told == merged || unknown > 0), "{told} of {merged} are told of");
        tally.notices += notices.len() as u64;
        tally.unknown_notices += unknown;
        if keys.iter().any(|key| !self.rows.contains_key(key) && !self.merged.contains(key)) {
            let mails = round.sink.mails();
            let mails = mails.iter().filter(|mail| mail.to == [account.as_str()]);
            let ids: BTreeSet<_> = mails.map(|mail| header(mail, "Message-ID")).collect();
            assert_eq!(ids.len(), 1, "whose credit has ended is told so once");
        }
    }

    /// Settles what nobody knows: every other taken one by a receipt, the others by hand. Then no credit is held, and
    /// exactly what the gateway took is paid.
    pub async fn settle(&self, round: &Round<'_>) {
        let store = round.place.store().await;
        let listed: BTreeSet<_> =
            store.doubtful(now(), 10_000).await.unwrap().into_iter().map(|text| text.key).collect();
        let unknown: BTreeSet<_> =
            self.rows.iter().filter(|(_, row)| row.state == "unknown").map(|(key, _)| key.clone()).collect();
        assert_eq!(listed, unknown, "not all that nobody knows is listed");
        // Only for receipts.
        let victim = (!unknown.is_empty()).then(|| texter::start(round, None));
        for (nth, key) in unknown.iter().enumerate() {
            let taken = self.taken.get(key).map(|copies| &copies[0]);
            match taken.filter(|_| nth.is_multiple_of(2)) {
                Some(message) => receipt(round, message).await,
                None => {
                    let key = EffectKey::parse(key).unwrap();
                    store.resolve(&key, taken.is_some(), now(), now()).await.unwrap();
                }
            }
        }
        if let Some(victim) = victim {
            victim.end().await;
        }
        store.close().await;
        self.balance(round);
    }

    fn balance(&self, round: &Round<'_>) {
        let (rows, credit) = (books::rows(round.place), books::credit(round.place));
        for person in &round.people {
            let account = person.account();
            let paid: i64 = rows
                .iter()
                .filter(|(key, row)| row.user == account.as_str() && self.taken.contains_key(*key))
                .filter(|(_, row)| row.state != "undelivered")
                .map(|(key, _)| i64::from(self.taken[key][0].segments * PRICE))
                .sum();
            assert_eq!(
                credit[account.as_str()],
                (person.credit() - paid, 0),
                "{account:?} does not pay what was taken"
            );
        }
    }
}

/// As they come: notifyd may not listen yet.
async fn receipt(round: &Round<'_>, message: &TextMessage) {
    for _ in 0..600 {
        if round.gateway.receipt(message, Status::Delivered).await.is_ok_and(|statuses| statuses == [200]) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("a receipt is not taken");
}

/// Of how many messages a notice tells.
fn count(text: &str) -> u64 {
    if text == "One more message" { 1 } else { text.trim_end_matches(" more messages").parse().unwrap() }
}

/// The events that became dead letters, once there is one for each text in doubt.
pub async fn dead(round: &Round<'_>, end: &End) -> BTreeSet<EventId> {
    let in_doubt = round.people.iter().flat_map(|person| person.told());
    let in_doubt: BTreeSet<_> = in_doubt
        .filter(|told| end.rows.get(&told.key).is_some_and(|row| row.state == "unknown"))
        .map(|told| told.event)
        .collect();
    let (bus, group) = (round.place.bus().await, Group(SMS.to_owned()));
    let letters = bus.shared().dead_letters(&group, 10_000).await.unwrap();
    let dead: BTreeSet<_> = letters.into_iter().map(|letter| letter.message.id).collect();
    bus.close().await;
    assert!(in_doubt.is_subset(&dead), "nobody is told of {:?}", in_doubt.difference(&dead));
    dead
}
