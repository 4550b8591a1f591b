//! One job after the other, against a server that can be told to fail.

use std::time::Duration;

use bus::Failure;
use fakes::smtp::{DataFault, Faults, SinkSettings, SmtpSink, Verb};
use futures_util::future::join_all;
use mailbox_event::{AlarmAction, UnixMillis};

use crate::setup::{World, alarm, header, job, job_taken_at, now, settings, sink, text};

#[tokio::test]
async fn one_alarm_is_one_mail_to_each_recipient() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    world
        .run(&job(alarm(&["bob@example.org", "nobody", "carol@example.org", "bob@example.org"])))
        .await
        .unwrap();
    let mails = sink.mails();
    let to: Vec<_> = mails.iter().map(|mail| mail.to.join(",")).collect();
    assert_eq!(to, ["bob@example.org", "carol@example.org"]);
    let mail = &mails[0];
    assert_eq!(mail.from, "calendar@example.org");
    assert_eq!(header(mail, "Auto-Submitted"), "auto-generated");
    assert_eq!(header(mail, "To"), "bob@example.org");
    assert!(header(mail, "Content-Type").starts_with("multipart/alternative;"), "{}", text(mail));
    assert!(header(mail, "Message-ID").ends_with(".alarm@example.org>"), "{}", text(mail));
    assert_ne!(header(mail, "Message-ID"), header(&mails[1], "Message-ID"));
    assert_eq!(world.metric("notifyd_mails_sent_total"), "2");
    assert_eq!(world.metric("notifyd_mails_dropped_total{reason=\"Malformed\"}"), "1");
}

#[tokio::test]
async fn the_same_job_again_sends_nothing() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    let job = job(alarm(&["bob@example.org"]));
    for _ in 0..3 {
        world.run(&job).await.unwrap();
    }
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn refused_recipient_stops_nobody_else_and_is_not_tried_again() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    sink.set_faults(Faults { recipients: [("bob@example.org".into(), 550)].into(), ..Faults::default() });
    let job = job(alarm(&["bob@example.org", "carol@example.org"]));
    assert!(matches!(world.run(&job).await, Err(Failure::Reject(_))));
    sink.set_faults(Faults::default());
    // Whoever has it run again hears once more why there is no mail.
    let Err(Failure::Reject(why)) = world.run(&job).await else { panic!("it is not refused again") };
    assert_eq!(why.to_string(), "it failed before: mail was not taken at Recipient: Reply(550)");
    assert_eq!(sink.mails().len(), 1);
    assert_eq!(sink.mails()[0].to, ["carol@example.org"]);
    assert_eq!(world.metric("notifyd_mails_refused_total"), "1");
}

#[tokio::test]
async fn refusal_is_a_dead_letter_although_another_recipient_was_to_be_tried_again() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    let recipients = [("bob@example.org".into(), 550), ("carol@example.org".into(), 450)].into();
    sink.set_faults(Faults { recipients, ..Faults::default() });
    let job = job(alarm(&["bob@example.org", "carol@example.org"]));
    assert!(matches!(world.run(&job).await, Err(Failure::Retry(_))));
    sink.set_faults(Faults::default());
    assert!(matches!(world.run(&job).await, Err(Failure::Reject(_))));
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn recipient_that_no_mail_can_name_stops_nobody_else_and_is_counted() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    let job = job(alarm(&["\"a b\"@example.org", "carol@example.org"]));
    assert!(matches!(world.run(&job).await, Err(Failure::Reject(_))));
    assert_eq!(sink.mails().len(), 1);
    assert_eq!(sink.mails()[0].to, ["carol@example.org"]);
    assert_eq!(world.metric("notifyd_mails_dropped_total{reason=\"Malformed\"}"), "1");
}

#[tokio::test]
async fn malformed_recipient_is_counted_once_however_long_the_server_is_away() {
    let gone = sink().await;
    let address = gone.local_addr();
    gone.stop().await;
    let world = World::before(address).await;
    let job = job(alarm(&["nobody", "bob@example.org"]));
    for _ in 0..3 {
        assert!(matches!(world.run(&job).await, Err(Failure::Outage(_))));
    }
    let _back = SmtpSink::start(address, SinkSettings::default()).await.unwrap();
    world.run(&job).await.unwrap();
    assert_eq!(world.metric("notifyd_mails_dropped_total{reason=\"Malformed\"}"), "1");
}

#[tokio::test]
async fn recipient_put_off_is_sent_later_and_the_others_once() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    sink.set_faults(Faults { recipients: [("bob@example.org".into(), 450)].into(), ..Faults::default() });
    let job = job(alarm(&["bob@example.org", "carol@example.org"]));
    assert!(matches!(world.run(&job).await, Err(Failure::Retry(_))));
    sink.set_faults(Faults::default());
    world.run(&job).await.unwrap();
    let to: Vec<_> = sink.mails().iter().map(|mail| mail.to.join(",")).collect();
    assert_eq!(to, ["carol@example.org", "bob@example.org"]);
    assert_eq!(world.metric("notifyd_mails_ambiguous_total"), "0");
}

#[tokio::test]
async fn mail_without_an_answer_is_sent_again_under_the_same_id_and_after_the_fifth_a_dead_letter() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    sink.set_faults(Faults { data: DataFault::HangUp, ..Faults::default() });
    let job = job(alarm(&["bob@example.org"]));
    for _ in 0..5 {
        assert!(matches!(world.run(&job).await, Err(Failure::Retry(_))));
    }
    for _ in 0..2 {
        // A dead letter, whether or not the run that gave it up lived to say so.
        let Err(Failure::Reject(why)) = world.run(&job).await else { panic!("it is not given up") };
        assert!(
            why.to_string().ends_with("mail was sent five times and it is not known whether it was taken")
        );
    }
    let mails = sink.mails();
    assert_eq!(mails.len(), 5);
    assert!(mails.iter().all(|mail| header(mail, "Message-ID") == header(&mails[0], "Message-ID")));
    assert_eq!(world.metric("notifyd_mails_ambiguous_total"), "4");
    assert_eq!(world.metric("notifyd_mails_dropped_total{reason=\"Unknown\"}"), "1");
}

#[tokio::test]
async fn runs_that_are_cut_off_before_the_text_has_left_use_up_nothing() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    let job = job(alarm(&["bob@example.org"]));
    for verb in [Verb::Connect, Verb::Hello, Verb::Mail, Verb::Recipient, Verb::Data] {
        sink.set_faults(Faults { stalled: Some(verb), ..Faults::default() });
        let mut stalled = sink.stalled();
        let before = *stalled.borrow_and_update();
        tokio::select! {
            _ended = world.run(&job) => panic!("the answer was held back"),
            _stalled = stalled.wait_for(|stalled| *stalled > before) => {}
        }
    }
    sink.set_faults(Faults::default());
    world.run(&job).await.unwrap();
    assert_eq!((sink.mails().len(), &*world.metric("notifyd_mails_ambiguous_total")), (1, "0"));
}

#[tokio::test]
async fn mail_refused_when_sent_once_more_is_no_repeat() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    let job = job(alarm(&["bob@example.org"]));
    sink.set_faults(Faults { data: DataFault::Lose, ..Faults::default() });
    assert!(matches!(world.run(&job).await, Err(Failure::Retry(_))));
    for refused in [Verb::Data, Verb::End, Verb::Mail, Verb::End] {
        sink.set_faults(Faults { refused: [(refused, 451)].into(), ..Faults::default() });
        assert!(matches!(world.run(&job).await, Err(Failure::Retry(_))), "{refused:?}");
    }
    sink.set_faults(Faults::default());
    world.run(&job).await.unwrap();
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn server_that_is_away_is_an_outage_and_the_mail_comes_when_it_is_back() {
    let gone = sink().await;
    let address = gone.local_addr();
    gone.stop().await;
    let world = World::before(address).await;
    let job = job(alarm(&["bob@example.org"]));
    assert!(matches!(world.run(&job).await, Err(Failure::Outage(_))));
    let back = SmtpSink::start(address, SinkSettings::default()).await.unwrap();
    world.run(&job).await.unwrap();
    assert_eq!(back.mails().len(), 1);
    assert_eq!(world.metric("notifyd_mails_ambiguous_total"), "0");
}

#[tokio::test]
async fn connection_that_died_while_idle_is_replaced_and_the_mail_sent_once() {
    for farewell in ["", "421 4.4.2 Idle for too long\r\n"] {
        let sink = sink().await;
        let world = World::before(sink.local_addr()).await;
        for to in ["bob@example.org", "carol@example.org"] {
            world.run(&job(alarm(&[to]))).await.unwrap();
        }
        assert_eq!(sink.connections(), 1, "one connection does for both");
        sink.end_sessions(farewell).await;
        world.run(&job(alarm(&["dave@example.org"]))).await.unwrap();
        assert_eq!((sink.mails().len(), sink.connections()), (3, 2), "{farewell:?}");
    }
}

#[tokio::test]
async fn mails_that_find_no_connection_free_wait_for_one() {
    let sink = sink().await;
    let mut settings = settings(sink.local_addr());
    settings.smtp.connections = 2;
    let world = World::with(settings).await;
    let jobs: Vec<_> = (0..20).map(|number| job(alarm(&[&format!("user-{number}@example.org")]))).collect();
    for result in join_all(jobs.iter().map(|job| world.run(job))).await {
        result.unwrap();
    }
    assert_eq!((sink.mails().len(), sink.connections()), (20, 2));
}

#[tokio::test]
async fn mail_whose_text_has_left_is_not_sent_again_over_another_connection() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    world.run(&job(alarm(&["bob@example.org"]))).await.unwrap();
    sink.set_faults(Faults { data: DataFault::HangUp, ..Faults::default() });
    assert!(matches!(world.run(&job(alarm(&["carol@example.org"]))).await, Err(Failure::Retry(_))));
    assert_eq!((sink.mails().len(), sink.connections()), (2, 1));
}

#[tokio::test]
async fn connections_are_taken_leave_of_when_no_mail_comes() {
    let sink = sink().await;
    let mut settings = settings(sink.local_addr());
    settings.smtp.idle = Duration::from_millis(1);
    let world = World::with(settings).await;
    world.run(&job(alarm(&["bob@example.org"]))).await.unwrap();
    sink.left_alone().await;
    assert_eq!((sink.mails().len(), sink.connections()), (1, 1));
}

#[tokio::test]
async fn ledger_that_is_away_is_an_outage_and_nothing_is_sent() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    world.store.close().await;
    assert!(matches!(world.run(&job(alarm(&["bob@example.org"]))).await, Err(Failure::Outage(_))));
    assert_eq!(sink.mails().len(), 0);
}

#[tokio::test]
async fn an_alarm_that_the_mail_server_announced_late_says_so_or_is_dropped() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    let mut said = Vec::new();
    for minutes in [14, 16, 121] {
        let set_for = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
        let mut alarm = alarm(&[&format!("after-{minutes}@example.org")]);
        (alarm.alarm_time, alarm.timezone) = (set_for.strftime("%Y%m%dT%H%M%S").to_string(), "UTC".into());
        world.run(&job(alarm)).await.unwrap();
        said.push(text(sink.mails().last().unwrap()).contains("This reminder is late."));
    }
    assert_eq!(said[..2], [false, true]);
    assert_eq!(sink.mails().len(), 2);
    assert_eq!(world.metric("notifyd_mails_dropped_total{reason=\"Late\"}"), "1");
}

#[tokio::test]
async fn mail_that_is_late_says_so() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    for (minutes, is_late) in [(14, false), (16, true)] {
        let recipient = format!("after-{minutes}@example.org");
        let taken_at = UnixMillis(now().0 - minutes * 60 * 1000);
        world.run(&job_taken_at(alarm(&[&recipient]), taken_at)).await.unwrap();
        let mails = sink.mails();
        let said = text(mails.last().unwrap()).contains("This reminder is late.");
        assert_eq!(said, is_late, "{minutes}");
    }
}

#[tokio::test]
async fn late_alarms_are_dropped_for_good() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    let job = job_taken_at(alarm(&["bob@example.org"]), UnixMillis(now().0 - 3 * 60 * 60 * 1000));
    world.run(&job).await.unwrap();
    world.run(&job).await.unwrap();
    assert_eq!(sink.mails().len(), 0);
    assert_eq!(world.metric("notifyd_mails_dropped_total{reason=\"Late\"}"), "1");
}

#[tokio::test]
async fn what_is_no_alarm_of_action_email_is_rejected() {
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    let mut display = alarm(&["bob@example.org"]);
    display.action = AlarmAction::Display;
    let mut garbage = job(alarm(&[]));
    garbage.payload = "garbage".into();
    for job in [job(display), garbage] {
        assert!(matches!(world.run(&job).await, Err(Failure::Reject(_))));
    }
    assert_eq!(sink.mails().len(), 0);
}

#[tokio::test]
async fn a_server_silent_about_one_mail_that_answers_others_is_no_outage() {
    let sink = sink().await;
    let world = World::impatient_before(sink.local_addr()).await;
    sink.set_faults(Faults { stalled: Some(Verb::Recipient), ..Faults::default() });
    let job = job(alarm(&["bob@example.org"]));
    assert!(matches!(world.run(&job).await, Err(Failure::Retry(_))));
    sink.set_faults(Faults { stalled: Some(Verb::Connect), ..Faults::default() });
    assert!(matches!(world.run(&job).await, Err(Failure::Outage(_))));
}
