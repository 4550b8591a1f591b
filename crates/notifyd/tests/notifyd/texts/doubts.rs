//! Nobody knows whether the gateway took a text.

use std::time::Duration;

use fakes::sms::{Fault, Form};
use store::EffectKey;
use testkit::postgres::Postgres;

use super::line::{Line, NUMBER, sms};
use crate::setup::now;

#[tokio::test]
async fn a_text_whose_answer_is_lost_is_never_sent_again_by_who_might_send_it_twice() {
    for form in [Form::Twilio, Form::Vonage] {
        for fault in [Fault::LoseReply, Fault::LoseRequest, Fault::Garble, Fault::Status(500)] {
            let line = Line::with(form, None, |_| {}).await;
            line.credit(10).await;
            let takes = u64::from(matches!(fault, Fault::LoseReply | Fault::Garble));
            line.gateway.fail_next([Some(fault)]);
            line.notify(1, sms(&[&format!("sms:{NUMBER}")], "x")).await;
            let letter = line.dead_letter().await;
            assert!(letter.reason.contains("not known whether"), "{}", letter.reason);
            assert_eq!(line.credit_left().await, (9, 1), "credit is held for it");
            let doubtful = line.store.doubtful(now(), 10).await.unwrap();
            assert_eq!(doubtful.len(), 1);
            assert_eq!((*line.gateway.calls().borrow(), *line.gateway.taken().borrow()), (1, takes));
            // A person knows.
            let key = EffectKey::parse(&doubtful[0].key).unwrap();
            line.store.resolve(&key, true, now(), now()).await.unwrap();
            assert_eq!(line.credit_left().await, (9, 0));
        }
    }
}

#[tokio::test]
async fn a_gateway_that_takes_a_reference_once_is_asked_until_it_answers_and_is_paid_once() {
    for database in [None, Some(Postgres::shared().await)] {
        let line = Line::with(Form::Webhook, database.as_ref(), |settings| {
            settings.sms.as_mut().unwrap().gateway.timeout = Duration::from_millis(900);
            settings.sms.as_mut().unwrap().gateway.connect_timeout = Duration::from_millis(800);
        })
        .await;
        line.credit(10).await;
        let late = Fault::Late(Duration::from_secs(5));
        line.gateway.fail_next([Fault::LoseReply, late, Fault::Throttle, Fault::Status(503)].map(Some));
        line.notify(1, sms(&[&format!("sms:{NUMBER}")], "x")).await;
        line.done(5).await;
        assert_eq!((*line.gateway.calls().borrow(), *line.gateway.taken().borrow()), (5, 1));
        assert_eq!(line.credit_left().await, (9, 0));
    }
}

#[tokio::test]
async fn a_text_that_is_tried_again_says_the_same_in_as_many_parts_as_are_paid() {
    // Refused for now, and without an answer.
    for fault in [Fault::Throttle, Fault::LoseRequest] {
        let line = Line::start(|_| {}).await;
        line.credit(10).await;
        line.gateway.fail_always(Some(fault));
        line.speaks("en");
        let words = "tomorrow ".repeat(20);
        line.notify(1, sms(&[&format!("sms:{NUMBER}"), "squeeze", "medium"], &words)).await;
        line.until("the gateway was asked", || *line.gateway.calls().borrow() > 0).await;
        // Without abbreviations they are two parts.
        line.speaks("de");
        let calls = *line.gateway.calls().borrow();
        line.until("it was asked again", || *line.gateway.calls().borrow() > calls + 1).await;
        line.gateway.heal();
        line.texts(1).await;
        line.settled().await;
        let message = &line.gateway.messages()[0];
        assert!(message.text.starts_with("tmrw tmrw"), "{}", message.text);
        assert_eq!((message.segments, line.credit_left().await), (1, (9, 0)));
    }
}

#[tokio::test]
async fn without_funds_texts_wait_and_are_sent_when_there_are_some() {
    let line = Line::with(Form::Twilio, None, |_| {}).await;
    line.credit(10).await;
    line.gateway.set_funds(Some(0));
    for sequence in 1..=3 {
        line.notify(sequence, sms(&[&format!("sms:{NUMBER}")], "x")).await;
    }
    line.until("the gateway was asked", || *line.gateway.calls().borrow() >= 4).await;
    assert_eq!(line.gateway.messages().len(), 0);
    line.gateway.set_funds(None);
    line.texts(3).await;
    line.settled().await;
    assert_eq!((line.gateway.messages().len(), line.credit_left().await), (3, (7, 0)));
}

#[tokio::test]
async fn a_burst_with_credit_for_a_hundred_sends_a_hundred() {
    let postgres = Postgres::shared().await;
    let line = Line::with(Form::Webhook, Some(&postgres), |settings| {
        settings.sieve.hourly_per_user = 10_000;
        settings.sieve.hourly_per_destination = 10_000;
        settings.sieve.per_message = 10_000;
        settings.sms.as_mut().unwrap().concurrency = 8;
    })
    .await;
    line.credit(100).await;
    for sequence in 1..=400 {
        line.notify(sequence, sms(&[&format!("sms:{NUMBER}")], "x")).await;
    }
    line.until("each was sent or not", || line.untold("NoCredit") == "300").await;
    line.settled().await;
    assert_eq!((line.gateway.messages().len(), line.credit_left().await), (100, (0, 0)));
    line.mails(1).await;
    assert_eq!(line.sink.mails().len(), 1);
}
