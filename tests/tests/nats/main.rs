//! relay, pusher and notifyd in processes of their own, on the NATS servers that operators run, with the files of
//! `deploy/nats/`.

mod line;
mod operator;
mod outage;

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use testkit::{
    cyrus, eventually,
    icalendar::{self, Alarm},
    message,
    nats::{Nats, Version},
    smtp::RealSmtp,
};
use tests::{Alone, Apart, Follower, alone::bearer, apart};

use self::line::reaches;

/// Processes find each other again within seconds; a busy machine takes longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Cyrus looks for alarms every 10 s or so.
const ALARM_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_on_cyrus_is_told_by_every_pusher_and_mailed_by_notifyd() {
    for version in Version::ALL {
        let (nats, smtp) = (apart::nats(version).await, RealSmtp::start().await);
        let site = Apart::on(&nats);
        let notifyd = site.notifyd(smtp.port()).await;
        let relay = site.relay("relay").await;
        let cyrus = site.cyrus("relay").await;
        cyrus.imap("alice").await;
        let http = cyrus.http();
        let pushers = [site.pusher("one", Some(&http)).await, site.pusher("two", Some(&http)).await];
        let pair = format!("{}:{}", cyrus.address("alice"), cyrus::PASSWORD);
        let basic = format!("Basic {}", STANDARD.encode(pair));
        let streams = [pushers[0].follow_with(&basic).await, pushers[1].follow_with(&basic).await];

        cyrus.deliver("alice", &message("Lunch?")).await;
        let state = cyrus.jmap("alice").state_of("Email").await;
        for stream in &streams {
            let expected = BTreeMap::from([("Email".to_owned(), state.clone())]);
            stream.reaches("alice", &expected, PATIENCE).await;
        }
        let display = icalendar::event("show-me", "Stand-up", Alarm::Display, 3);
        let email = icalendar::event("mail-me", "Team lunch", Alarm::Email("alice@example.org"), 3);
        cyrus.dav("alice").put_event("show-me", &display.text()).await;
        cyrus.dav("alice").put_event("mail-me", &email.text()).await;
        smtp.wait_for_mails(1, ALARM_WITHIN).await;
        for stream in &streams {
            eventually(ALARM_WITHIN, "the display alarm is told", async || {
                stream.events("calendarAlert").pop()
            })
            .await;
        }
        for process in [&relay, &notifyd, &pushers[0], &pushers[1]] {
            process.wait_until_ready(true).await;
        }
        apart::assert_refused_nothing(&nats);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_in_one_process_can_meet_on_nats_too() {
    let nats = Nats::start(Version::Debian).await;
    let alone = Alone::start_on(&nats.url()).await;
    alone.change("alice", 5).await;
    let (url, token) = (alone.url("/jmap/eventsource/?types=*&closeafter=no&ping=0"), bearer("alice"));
    let stream = Follower::start(&url, &[("Authorization", &token)]).await;
    reaches(&stream, "alice", 5).await;
    let streams = nats.jsz().await["streams"].as_u64().unwrap_or_default();
    assert!(streams >= 9, "{streams} streams are there");
}
