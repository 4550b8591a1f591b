//! Notifications of Sieve scripts by text: dispatched on a bus in one process, out through a gateway.

mod doubts;
mod hostile;
pub mod line;
mod notices;
mod receipts;

use std::time::{Duration, Instant};

use fakes::sms::{Fault, Form};

use crate::setup::{header, now};
use line::{Line, MESSAGE, NUMBER, notification, sms};

#[tokio::test]
async fn a_script_texts_each_verified_number_once_and_pays_by_the_part() {
    let line = Line::start(|_| {}).await;
    line.credit(10).await;
    line.notify(1, sms(&[&format!("sms:{NUMBER}")], &"x".repeat(161))).await;
    line.notify(2, sms(&["tel:+49-151-1234-5678"], "Look")).await;
    line.notify(3, sms(&["sms", "0151 12345678", "Squeeze", "High", "Length", "50"], "Look now")).await;
    line.texts(3).await;
    line.done(3).await;
    let messages = line.gateway.messages();
    assert!(messages.iter().all(|message| message.to == NUMBER && message.from == "+4915199999999"));
    let mut parts: Vec<_> = messages.iter().map(|message| message.segments).collect();
    parts.sort_unstable();
    assert_eq!(parts, [1, 1, 2]);
    assert_eq!(line.credit_left().await, (6, 0));
    assert_eq!(line.metric("notifyd_texts_segments_total"), "4");
    assert_eq!(line.metric("notifyd_texts_miscounted_total"), "0");
}

#[tokio::test]
async fn numbers_that_are_not_the_users_or_cost_too_much_are_not_texted() {
    let line = Line::start(|_| {}).await;
    line.credit(10).await;
    for (sequence, uri) in (1..).zip([
        "sms:+4915112345679",
        "sms:+491805123456",
        "sms:+12015550123",
        "sms:ann",
        "sms:+4915112345678",
    ]) {
        line.notify(sequence, sms(&[uri], "x")).await;
    }
    line.done(5).await;
    assert_eq!(line.gateway.messages().len(), 1);
    for (reason, count) in [("Unverified", "1"), ("Forbidden", "2"), ("Malformed", "1")] {
        assert_eq!(line.untold(reason), count, "{reason}");
    }
    assert_eq!(line.credit_left().await, (9, 0));
}

#[tokio::test]
async fn what_a_text_says_is_the_scripts_words_or_the_uris_or_a_summary() {
    let line = Line::start(|_| {}).await;
    line.credit(10).await;
    let default = "Robert Norris <robn@example.org>: café menu";
    line.notify(1, sms(&[&format!("sms:{NUMBER}?body=From%20the%20URI")], "From the script")).await;
    line.notify(2, sms(&[&format!("sms:{NUMBER}?body=From%20the%20URI")], default)).await;
    line.notify(3, sms(&[&format!("sms:{NUMBER}")], default)).await;
    line.notify(4, sms(&[&format!("sms:{NUMBER}"), "summarise"], "From the script")).await;
    line.texts(4).await;
    let mut texts: Vec<_> = line.gateway.messages().iter().map(|message| message.text.clone()).collect();
    texts.sort_unstable();
    let expected = [
        "From the URI",
        "From the script",
        "Robert Norris: café menu",
        "Robert Norris: café menu - First line of the body.",
    ];
    let mut expected = expected.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(texts, expected);
}

#[tokio::test]
async fn nobody_is_texted_of_a_programs_message_and_somebody_of_a_bounce() {
    let line = Line::start(|_| {}).await;
    line.credit(10).await;
    let of = |message: String| notification(&format!("sms:{NUMBER}"), &[], "x", message.as_bytes());
    line.notify(1, of(MESSAGE.replace("Subject", "Auto-Submitted: auto-replied\r\nSubject"))).await;
    line.notify(2, of(MESSAGE.replace("<1@example.org>", "<0123.sieve@example.org>"))).await;
    line.notify(3, of(MESSAGE.replace("<robn@example.org>\r\nFrom", "<>\r\nFrom"))).await;
    line.done(3).await;
    assert_eq!((line.gateway.messages().len(), line.untold("Program").as_str()), (1, "2"));
}

#[tokio::test]
async fn credit_that_ends_in_a_burst_is_told_of_by_one_mail_and_again_after_the_next_grant() {
    let line = Line::start(|_| {}).await;
    for (round, mails) in [(0, 1), (1, 2)] {
        line.credit(3).await;
        for sequence in 1..=10 {
            line.notify(round * 100 + sequence, sms(&[&format!("sms:{NUMBER}")], "x")).await;
        }
        line.done((round + 1) * 10).await;
        line.mails(mails).await;
        assert_eq!(line.credit_left().await, (0, 0));
        assert_eq!(line.gateway.messages().len() as u64, 3 * (round + 1));
        assert_eq!(line.untold("NoCredit"), (7 * (round + 1)).to_string());
    }
    let mails = line.sink.mails();
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.to == ["alice@example.org"]));
    assert_eq!(header(&mails[0], "Subject"), "No more notifications by text message");
}

#[tokio::test]
async fn a_number_without_credit_is_counted_once_however_often_another_is_tried() {
    let line = Line::start(|settings| {
        let sms = settings.sms.as_mut().unwrap();
        sms.countries.extend(sms.countries.clone());
        sms.countries[1] = "US".parse().unwrap();
    })
    .await;
    // Enough for the first, which is put off.
    line.credit(1).await;
    line.gateway.fail_next(vec![Some(Fault::Throttle); 3]);
    line.notify(1, sms(&[&format!("sms:{NUMBER},+12015550123")], "x")).await;
    line.texts(1).await;
    line.done(4).await;
    assert_eq!((line.gateway.messages().len(), line.untold("NoCredit").as_str()), (1, "1"));
}

#[tokio::test]
async fn what_is_over_the_budget_is_told_of_in_one_text_that_counts_in_none() {
    let line = Line::start(|settings| {
        settings.sieve.hourly_per_destination = 2;
        settings.sieve.merge_for = Duration::from_millis(1);
    })
    .await;
    line.credit(10).await;
    for sequence in 1..=6 {
        line.notify(sequence, sms(&[&format!("sms:{NUMBER}")], "x")).await;
    }
    let told = || {
        let messages = line.gateway.messages();
        let number = |text: &str| match text {
            "x" | "One more message" => 1,
            more => more.trim_end_matches(" more messages").parse().unwrap(),
        };
        messages.iter().map(|message| number(&message.text)).sum::<u64>()
    };
    line.until("six messages are told of", || told() >= 6).await;
    assert_eq!(told(), 6);
    let messages = line.gateway.messages();
    assert_eq!(messages.iter().filter(|message| message.text == "x").count(), 2);
    line.settled().await;
}

#[tokio::test]
async fn a_notice_that_no_credit_is_left_for_goes_by_mail() {
    let line = Line::start(|settings| {
        settings.sieve.hourly_per_destination = 2;
        settings.sieve.merge_for = Duration::from_millis(1);
    })
    .await;
    line.credit(2).await;
    for sequence in 1..=6 {
        line.notify(sequence, sms(&[&format!("sms:{NUMBER}")], "x")).await;
    }
    let told = || {
        let subjects = line.sink.mails().into_iter().map(|mail| header(&mail, "Subject"));
        let count = |subject: String| match subject.split(' ').next() {
            Some("One") => 1,
            Some(count) => count.parse().unwrap_or(0),
            None => 0,
        };
        subjects.map(count).sum::<u64>()
    };
    line.until("the four others are told of", || told() >= 4).await;
    assert_eq!((told(), line.gateway.messages().len()), (4, 2));
    assert_eq!(line.metric("notifyd_notifications_merged_total"), "4");
    line.settled().await;
    assert_eq!(line.credit_left().await, (0, 0));
}

#[tokio::test]
async fn a_gateway_that_is_down_holds_up_no_mail_and_gets_each_text_once_when_it_is_back() {
    let mut line = Line::start(|_| {}).await;
    line.credit(10).await;
    line.gateway_goes_away().await;
    for sequence in 1..=4 {
        line.notify(sequence, sms(&[&format!("sms:{NUMBER}")], "x")).await;
        line.mail(100 + sequence).await;
    }
    line.mails(4).await;
    line.until("the gateway was missed", || line.metric("notifyd_sms_gateway_up") == "0").await;
    line.gateway_comes_back().await;
    line.texts(4).await;
    assert_eq!(line.gateway.messages().len(), 4);
    line.settled().await;
    line.until("the gateway is up", || line.metric("notifyd_sms_gateway_up") == "1").await;
    assert_eq!(line.credit_left().await, (6, 0));
}

#[tokio::test]
async fn a_gateway_that_asks_for_time_is_given_no_text_before() {
    const ASKED: Duration = Duration::from_secs(2);
    for status in [429, 503] {
        let line = Line::start(|_| {}).await;
        line.credit(10).await;
        line.gateway.fail_next([Some(Fault::Busy { status, seconds: ASKED.as_secs() })]);
        line.notify(1, sms(&[&format!("sms:{NUMBER}")], "x")).await;
        line.until("the gateway was asked", || *line.gateway.calls().borrow() == 1).await;
        let began = Instant::now();
        line.notify(2, sms(&[&format!("sms:{NUMBER}")], "x")).await;
        line.until("the gateway was asked again", || *line.gateway.calls().borrow() > 1).await;
        // It said so before it could be seen here that it was asked.
        assert!(began.elapsed() > ASKED * 9 / 10, "after {:?}", began.elapsed());
        line.texts(2).await;
        line.settled().await;
        assert_eq!((line.gateway.messages().len(), line.credit_left().await), (2, (8, 0)));
    }
}

#[tokio::test]
async fn a_gateway_that_says_nothing_of_three_texts_is_given_no_more_for_now() {
    let line =
        Line::with(Form::Twilio, None, |settings| settings.sms.as_mut().unwrap().concurrency = 1).await;
    line.credit(10).await;
    line.gateway.fail_always(Some(Fault::LoseRequest));
    for sequence in 1..=6 {
        line.notify(sequence, sms(&[&format!("sms:{NUMBER}")], "x")).await;
    }
    line.until("the gateway counts as away", || line.metric("notifyd_sms_gateway_up") == "0").await;
    // Whoever came after the third was turned back, more than once.
    line.until("the others were tried", || line.runs() >= 6).await;
    assert_eq!(*line.gateway.calls().borrow(), 3);
    assert_eq!(line.metric("notifyd_texts_unknown_total"), "3");
    assert_eq!(line.credit_left().await, (7, 3), "no credit is held for texts that were not given away");
    assert_eq!(line.store.doubtful(now(), 10).await.unwrap().len(), 3);
    // Mail goes on.
    line.mail(100).await;
    line.mails(1).await;
}

#[tokio::test]
async fn a_gateway_that_falls_silent_leaves_only_those_in_doubt_that_were_under_way() {
    const AT_ONCE: usize = 16;
    let line = Line::with(Form::Twilio, None, |settings| {
        let sms = settings.sms.as_mut().unwrap();
        sms.concurrency = AT_ONCE;
        sms.gateway.timeout = Duration::from_secs(2);
        sms.gateway.connect_timeout = Duration::from_secs(1);
        (settings.sieve.hourly_per_user, settings.sieve.hourly_per_destination) = (1_000, 1_000);
    })
    .await;
    line.credit(100).await;
    line.gateway.fail_always(Some(Fault::Silence));
    for sequence in 1..=60 {
        line.notify(sequence, sms(&[&format!("sms:{NUMBER}")], "x")).await;
    }
    line.until("the gateway counts as away", || line.metric("notifyd_sms_gateway_up") == "0").await;
    line.until("the others were tried", || line.runs() >= 2 * AT_ONCE as u64).await;
    line.until("no call is under way", || {
        line.metric("notifyd_texts_unknown_total") == line.gateway.calls().borrow().to_string()
    })
    .await;
    let calls = *line.gateway.calls().borrow();
    assert!((3..=AT_ONCE as u64).contains(&calls), "{calls} texts were given to it");
    assert_eq!(line.credit_left().await, (100 - calls, calls));
}

#[tokio::test]
async fn a_text_without_an_answer_holds_no_others_up_when_they_are_answered() {
    let line = Line::with(Form::Twilio, None, |settings| {
        (settings.sieve.hourly_per_user, settings.sieve.hourly_per_destination) = (1_000, 1_000);
    })
    .await;
    line.credit(100).await;
    line.gateway.fail_next([Some(Fault::LoseRequest)]);
    for sequence in 1..=60 {
        line.notify(sequence, sms(&[&format!("sms:{NUMBER}")], "x")).await;
    }
    line.texts(59).await;
    line.until("one is in doubt", || line.metric("notifyd_texts_unknown_total") == "1").await;
    line.until("each was run once", || line.runs() >= 60).await;
    assert_eq!((line.runs(), *line.gateway.calls().borrow()), (60, 60), "no job was turned back");
}

#[tokio::test]
async fn what_the_gateway_refuses_is_a_dead_letter_without_a_number_and_is_given_back() {
    let line = Line::start(|_| {}).await;
    line.credit(10).await;
    line.gateway.fail_next([Some(Fault::Refuse)]);
    line.notify(1, sms(&[&format!("sms:{NUMBER}")], "secret")).await;
    let letter = line.dead_letter().await;
    assert!(letter.reason.contains("refused") && !letter.reason.contains("4915"), "{}", letter.reason);
    assert_eq!(line.credit_left().await, (10, 0));
}

#[tokio::test]
async fn a_text_is_tried_again_until_it_is_of_no_use_and_then_given_back() {
    let line = Line::start(|settings| {
        settings.sms.as_mut().unwrap().useful_for = Duration::from_millis(400);
    })
    .await;
    line.credit(10).await;
    line.gateway.fail_always(Some(Fault::Throttle));
    line.notify(1, sms(&[&format!("sms:{NUMBER}")], "x")).await;
    let letter = line.dead_letter().await;
    assert!(letter.attempts > 1 && letter.reason.contains("while it was of use"), "{}", letter.reason);
    assert_eq!((line.gateway.messages().len(), line.credit_left().await), (0, (10, 0)));
}
