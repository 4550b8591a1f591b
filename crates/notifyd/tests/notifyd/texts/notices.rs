//! Notices that cannot go the way of what they tell of.

use std::{slice, time::Duration};

use fakes::sms::{Fault, Form};
use mailbox_event::UnixMillis;
use store::{Budget, EffectKey, EffectKind, Merge, NoticeKind, Reservation, ScopeKey, Sms, Window};

use super::line::{Line, NUMBER, alice};
use crate::setup::{header, now};

const AN_HOUR: u64 = 60 * 60 * 1_000;
/// Not Alice's.
const IN_DOUBT: &str = "+4915112345670";
const PUT_OFF: &str = "+4915112345671";
const HOOK: &str = "https://hooks.example.org/a";

/// Merges one notification of Alice's, whose notice nobody sends before [`Line::notices_are_due`].
async fn merged(line: &Line, kind: NoticeKind, destination: &str) -> Window {
    let (user, at) = (alice(), now());
    let later = UnixMillis(at.0 + AN_HOUR);
    let merge = Merge { user: &user, kind, destination, flush_at: later };
    let none = Budget { scope: ScopeKey::of(&["none"]), since: at, most: 0 };
    let (key, budgets) = (EffectKey::of(&[destination]), slice::from_ref(&none));
    line.store.admit(&key, EffectKind::SieveText, "", budgets, &merge, at).await.unwrap();
    let windows = line.store.due_windows(kind, later, Duration::ZERO, 10).await.unwrap().windows;
    windows.into_iter().find(|window| window.destination == destination).unwrap()
}

/// An attempt that was begun to send the notice of `window` by text; whether it was put off, or it is not known how it ended.
async fn attempt(line: &Line, window: &Window, is_put_off: bool) {
    let (key, number, words) = (window.notice(), window.destination.as_str(), "One more message");
    let sms = Sms { key: &key, user: &window.user, number, segments: 1, price: 1, provider: "twilio", words };
    match line.store.reserve(&sms, now()).await.unwrap() {
        Reservation::Ready(texting) if is_put_off => texting.put_off(now()).await.unwrap(),
        Reservation::Ready(texting) => texting.unknown(now()).await.unwrap(),
        other => panic!("it is not sent but {other:?}"),
    }
}

#[tokio::test]
async fn a_notice_goes_by_mail_where_no_attempt_may_have_sent_it_by_text() {
    // With numbers that are not Alice's any more, and where texts are not set any more.
    for are_texts_set in [true, false] {
        let line = Line::with(Form::Twilio, None, |settings| {
            settings.sms = settings.sms.take().filter(|_| are_texts_set);
        })
        .await;
        line.credit(10).await;
        for (number, is_put_off) in [(IN_DOUBT, false), (PUT_OFF, true)] {
            let window = merged(&line, NoticeKind::Text, number).await;
            attempt(&line, &window, is_put_off).await;
        }
        assert_eq!(line.credit_left().await, (8, 2));
        line.notices_are_due();
        line.until("each notice is over", || line.notices() == 0).await;
        assert_eq!(line.sink.mails().len(), 1, "nobody is told by mail of what may have come by text");
        assert_eq!(line.credit_left().await, (9, 1), "nothing is held for what goes by mail");
        assert_eq!(line.gateway.messages().len(), 0);
    }
}

#[tokio::test]
async fn what_was_merged_of_posts_is_told_of_by_mail_where_they_are_not_set_any_more() {
    let line = Line::start(|_| {}).await;
    merged(&line, NoticeKind::Post, HOOK).await;
    line.notices_are_due();
    line.until("the notice is over", || line.notices() == 0).await;
    let mails = line.sink.mails();
    assert_eq!((mails.len(), mails[0].to.as_slice()), (1, ["alice@example.org".to_owned()].as_slice()));
    assert_eq!(header(&mails[0], "Subject"), "One more message");
}

#[tokio::test]
async fn a_notice_without_an_answer_holds_up_none_of_its_kind_and_of_no_other() {
    let abroad = "+12015550123";
    let line = Line::start(|settings| {
        let sms = settings.sms.as_mut().unwrap();
        sms.countries.push(sms.countries[0]);
        sms.countries[1] = "US".parse().unwrap();
        sms.gateway.timeout = Duration::from_secs(50);
    })
    .await;
    line.credit(10).await;
    for (kind, destination) in
        [(NoticeKind::Text, NUMBER), (NoticeKind::Text, abroad), (NoticeKind::Mail, "phone@example.net")]
    {
        merged(&line, kind, destination).await;
    }
    line.gateway.fail_next([Some(Fault::Silence)]);
    line.notices_are_due();
    line.until("two notices are over", || line.notices() == 1).await;
    assert_eq!((line.gateway.messages().len(), line.sink.mails().len()), (1, 1));
    assert_eq!(*line.gateway.calls().borrow(), 2, "the gateway still owes an answer");
}
