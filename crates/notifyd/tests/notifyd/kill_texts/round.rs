//! One round: a gateway, people, and a notifyd that is killed again and again.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use fakes::{
    sms::{Form, GatewaySettings, SmsGateway},
    smtp::{SinkSettings, SmtpSink},
};
use rand::{RngExt, rngs::StdRng};
use testkit::free_ports;

use super::{
    aim::Aim,
    books,
    people::{PRICE, Person, batch},
    texter,
};
use crate::{kill::place::Place, setup::now};

const DEADLINE: Duration = Duration::from_secs(60);

pub struct Round<'a> {
    pub place: &'a Place,
    pub form: Form,
    pub gateway: SmsGateway,
    pub sink: SmtpSink,
    /// Where receipts come to.
    pub port: u16,
    pub people: Vec<Person>,
    /// Texts that were seen in doubt.
    pub doubts: BTreeSet<String>,
}

impl<'a> Round<'a> {
    pub async fn new(form: Form, place: &'a Place) -> Self {
        let anywhere = "127.0.0.1:0".parse().unwrap();
        let gateway = SmsGateway::start(anywhere, GatewaySettings::default()).await.unwrap();
        let keep = SinkSettings { kept: 1000, ..SinkSettings::default() };
        let sink = SmtpSink::start(anywhere, keep).await.unwrap();
        let mail = sink.local_addr().to_string();
        place.prepare(texter::of(form, &gateway.base_url(), &mail, 0, 1)).await;
        let [port] = free_ports();
        Self { place, form, gateway, sink, port, people: Vec::new(), doubts: BTreeSet::new() }
    }

    /// Whether this provider takes a reference once.
    pub fn is_idempotent(&self) -> bool {
        self.form == Form::Webhook
    }

    /// Three more people, with credit and notifications.
    pub async fn more(&mut self) {
        let people = batch(self.people.len() as u64 / 3);
        let store = self.place.store().await;
        for person in people {
            self.place.execute(&person.insert());
            let account = person.account();
            store.grant(&account, person.credit(), account.as_str(), now()).await.unwrap();
        }
        store.close().await;
        self.place.dispatch(people.into_iter().flat_map(|person| person.jobs(now()))).await;
        self.people.extend(people);
    }

    /// Kills notifyd there, and looks at the books: whether it was hit.
    pub async fn kill(&mut self, aim: &Aim, rng: &mut StdRng) -> bool {
        self.more().await;
        if matches!(aim, Aim::Notice(_)) {
            self.merge().await;
        }
        self.claims_end();
        let victim = texter::start(self, Some((aim, rng.random_range(1..=3))));
        let is_hit = texter::killed(victim, aim, self).await;
        self.look();
        is_hit
    }

    fn look(&mut self) {
        books::audit(self.place, &self.gateway, PRICE);
        let rows = books::rows(self.place).into_iter();
        let doubtful = rows.filter(|(_, row)| matches!(&*row.state, "sending" | "unknown"));
        self.doubts.extend(doubtful.map(|(key, _)| key));
    }

    /// Sees to it that a notice is due: one of carol's, if no other.
    async fn merge(&mut self) {
        let place = self.place;
        if notices(place) > 0 {
            return;
        }
        let victim = texter::start(self, None);
        until("somebody has a notice to come", || notices(place) > 0).await;
        victim.end().await;
    }

    /// A notice is left to the worker that took it for minutes. They are over.
    pub fn claims_end(&self) {
        self.place.execute("UPDATE windows SET claimed_until = 0");
    }

    /// Lets notifyd do what is left.
    pub async fn finish(&mut self, is_done: impl Fn(&Self) -> bool) {
        self.claims_end();
        let victim = texter::start(self, None);
        until("all jobs are done", || is_done(self)).await;
        victim.end().await;
        let began = Instant::now();
        while notices(self.place) > 0 {
            assert!(began.elapsed() < DEADLINE, "notices are left");
            self.claims_end();
            let victim = texter::start(self, None);
            within(Duration::from_secs(3), || notices(self.place) == 0).await;
            victim.end().await;
        }
        self.look();
    }
}

fn notices(place: &Place) -> usize {
    place.rows("SELECT id FROM windows").len()
}

pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    assert!(within(DEADLINE, is_so).await, "waited in vain until {what}");
}

async fn within(time: Duration, is_so: impl Fn() -> bool) -> bool {
    let end = Instant::now() + time;
    while !is_so() {
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    true
}
