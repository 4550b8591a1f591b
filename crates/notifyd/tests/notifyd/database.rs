//! notifyd on a real PostgreSQL that goes away and comes back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bus::{Attempt, Bus, DeadLetters, Failure, Group, GroupListener};
use bus_local::{LocalBus, LocalBusSettings};
use fakes::smtp::{Faults, SmtpSink, Verb};
use kit::drain::{Drain, Drained};
use notifyd::{ALARM_MAIL, AlarmMailer, Metrics, Notifyd};
use prometheus_client::registry::Registry;
use store::Store;
use tempfile::TempDir;
use testkit::postgres::Postgres;

use crate::{
    bus::{mails, runs},
    setup::{alarm, job, metric, settings, sink},
};

const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn alarms_wait_for_the_database_and_are_sent_once_afterwards() {
    let mut server = Postgres::start().await;
    let limit = Duration::from_secs(1);
    let (acquire_timeout, statement_timeout) = (limit, limit);
    let url = server.url(&server.database());
    let database = store::Settings { acquire_timeout, statement_timeout, ..store::Settings::at(url) };
    let store = Store::open(&database, "/nowhere".as_ref()).await.unwrap();
    let (folder, sink, drain) = (TempDir::new().unwrap(), sink().await, Drain::new());
    let bus = LocalBus::open(&folder.path().join("bus.sqlite"), LocalBusSettings::default()).unwrap();
    let mut settings = settings(sink.local_addr());
    // One burnt attempt would be the end of the job.
    settings.retries = 0;
    let mut registry = Registry::default();
    let notifyd =
        Notifyd::start(settings, b"site", Arc::new(bus.clone()), store, &mut registry).await.unwrap();
    drop(drain.spawn(notifyd.run(drain.clone())));

    for (sequence, is_pause) in [(1, false), (2, true)] {
        if is_pause {
            server.pause()
        } else {
            server.stop().await
        }
        let (mut job, before) = (job(alarm(&[&format!("bob{sequence}@example.org")])), runs(&registry));
        job.id.sequence = sequence;
        bus.dispatch(job, &[]).await.unwrap();
        // More runs than one, and the job still lives: that was an outage.
        let began = Instant::now();
        while runs(&registry) < before + 2 {
            assert!(began.elapsed() < DEADLINE, "the job was not run again");
            tokio::task::yield_now().await;
        }
        assert_eq!(sink.mails().len() as u64, sequence - 1, "nothing is sent without the ledger");
        if is_pause {
            server.resume()
        } else {
            server.restart().await
        }
        mails(&sink, sequence).await;
    }
    let group = Group(ALARM_MAIL.to_owned());
    assert_eq!(bus.dead_letters(&group, 10).await.unwrap(), []);
    assert_eq!(drain.finish(DEADLINE).await, Drained::Clean);
    assert_eq!(sink.mails().len(), 2);
}

/// Has the database go away, by a pause or a stop, while the server holds back its answer to `verb`, some times for one
/// alarm; the server and what notifyd counted as ambiguous.
async fn goes_away_at(verb: Verb, times: u64, is_pause: bool) -> (SmtpSink, String) {
    let mut server = Postgres::start().await;
    let limit = Duration::from_secs(1);
    let url = server.url(&server.database());
    let database =
        store::Settings { acquire_timeout: limit, statement_timeout: limit, ..store::Settings::at(url) };
    let store = Store::open(&database, "/nowhere".as_ref()).await.unwrap();
    let (sink, mut registry) = (sink().await, Registry::default());
    let metrics = Metrics::register(&mut registry);
    let mailer = AlarmMailer::new(settings(sink.local_addr()), store, metrics).unwrap();
    let job = job(alarm(&["bob@example.org"]));
    let run = || mailer.run(job.clone(), Attempt { number: 1, is_last: false });

    for _ in 0..times {
        sink.set_faults(Faults { stalled: Some(verb), ..Faults::default() });
        let mut stalled = sink.stalled();
        let before = *stalled.borrow_and_update();
        let goes_away = async {
            stalled.wait_for(|stalled| *stalled > before).await.unwrap();
            if is_pause {
                server.pause();
            } else {
                server.stop().await;
            }
            sink.set_faults(Faults::default());
        };
        // The database may have to be found again first.
        let outage = async {
            loop {
                let result = run().await;
                if *sink.stalled().borrow() > before {
                    break result;
                }
            }
        };
        let (result, ()) = tokio::join!(outage, goes_away);
        assert!(matches!(result, Err(Failure::Outage(_))), "{result:?}");
        assert!(matches!(run().await, Err(Failure::Outage(_))));
        if is_pause {
            server.resume();
        } else {
            server.restart().await;
        }
    }
    let began = Instant::now();
    while run().await.is_err() {
        assert!(began.elapsed() < DEADLINE, "the database is back");
    }
    (sink, metric(&registry, "notifyd_mails_ambiguous_total"))
}

#[tokio::test]
async fn mail_that_was_taken_while_the_database_went_away_is_not_sent_again() {
    for is_pause in [true, false] {
        let (sink, ambiguous) = goes_away_at(Verb::End, 1, is_pause).await;
        assert_eq!((sink.mails().len(), &*ambiguous), (1, "0"));
    }
}

#[tokio::test]
async fn mail_that_the_database_let_nobody_begin_is_sent_once_afterwards() {
    for is_pause in [true, false] {
        let (sink, ambiguous) = goes_away_at(Verb::Data, 3, is_pause).await;
        assert_eq!((sink.mails().len(), &*ambiguous), (1, "0"));
    }
}
