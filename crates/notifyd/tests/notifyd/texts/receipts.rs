//! What gateways tell afterwards.

use std::sync::Arc;

use fakes::sms::{Fault, Form, Status};
use notifyd::{MuteSettings, Settings};
use testkit::{free_ports, postgres::Postgres};

use super::line::{Line, NUMBER, sms};

const FORMS: [Form; 3] = [Form::Twilio, Form::Vonage, Form::Webhook];

/// With the port that receipts come to; `refund` what did not arrive.
async fn line(form: Form, database: Option<&Arc<Postgres>>, refund: bool) -> Line {
    let [port] = free_ports();
    let base = format!("http://127.0.0.1:{port}");
    let line = Line::with(form, database, |settings: &mut Settings| {
        let listen = format!("127.0.0.1:{port}").parse().unwrap();
        settings.mute = Some(MuteSettings { listen, public_url: base.clone(), ..MuteSettings::default() });
        let sms = settings.sms.as_mut().unwrap();
        sms.refund = refund;
        let provider = sms.gateway.provider.as_str();
        sms.gateway.receipts = Some(format!("{base}/receipts/{provider}"));
    });
    let line = line.await;
    line.credit(10).await;
    line
}

fn outcome(line: &Line, outcome: &str) -> String {
    line.metric(&format!("notifyd_receipts_total{{outcome=\"{outcome}\"}}"))
}

#[tokio::test]
async fn receipts_may_repeat_and_mix_and_what_did_not_arrive_is_refunded_once_if_that_is_set() {
    for (form, database) in FORMS.into_iter().zip([None, Some(Postgres::shared().await), None]) {
        for refund in [true, false] {
            let line = line(form, database.as_ref(), refund).await;
            line.notify(1, sms(&[&format!("sms:{NUMBER}")], "x")).await;
            line.done(1).await;
            let message = line.gateway.messages()[0].clone();
            for status in [Status::Undelivered, Status::Sent, Status::Undelivered, Status::Delivered] {
                assert_eq!(line.gateway.receipt(&message, status).await.unwrap(), [200], "{form:?}");
            }
            let expected = if refund { 10 } else { 9 };
            assert_eq!(line.credit_left().await, (expected, 0), "{form:?}");
            assert_eq!((outcome(&line, "Undelivered"), outcome(&line, "Known")), ("1".into(), "1".into()));
        }
    }
}

#[tokio::test]
async fn a_receipt_settles_a_text_whose_answer_was_lost() {
    for form in [Form::Twilio, Form::Vonage] {
        let line = line(form, None, false).await;
        line.gateway.fail_next([Some(Fault::LoseReply)]);
        line.notify(1, sms(&[&format!("sms:{NUMBER}")], "x")).await;
        line.dead_letter().await;
        assert_eq!(line.credit_left().await, (9, 1));
        let message = line.gateway.messages()[0].clone();
        assert_eq!(line.gateway.receipt(&message, Status::Delivered).await.unwrap(), [200]);
        assert_eq!(line.credit_left().await, (9, 0));
    }
}

#[tokio::test]
async fn what_nobody_proves_to_have_sent_changes_nothing() {
    for form in FORMS {
        let line = line(form, None, true).await;
        line.notify(1, sms(&[&format!("sms:{NUMBER}")], "x")).await;
        line.done(1).await;
        let mut forged = (*line.gateway.messages()[0]).clone();
        let url = forged.callback.clone().unwrap();
        let client = testkit::http_client();
        let post = client.post(&url).body("MessageStatus=undelivered&MessageSid=SM1");
        assert_eq!(post.send().await.unwrap().status(), 403, "{form:?}");
        let large = client.post(&url).body("x".repeat(1 << 20)).send().await;
        assert!(large.is_err() || large.unwrap().status() == 413, "{form:?}");
        let other = url.replace("/receipts/", "/receipts/of/");
        assert_ne!(client.post(&other).body("x").send().await.unwrap().status(), 403, "{form:?}");
        // Signed, and about no message of ours.
        forged.reference = "0".repeat(64);
        forged.callback = Some(url.replace(&line.gateway.messages()[0].reference, &forged.reference));
        assert_eq!(line.gateway.receipt(&forged, Status::Undelivered).await.unwrap(), [200]);
        assert_eq!((outcome(&line, "Stranger"), line.credit_left().await), ("1".into(), (9, 0)));
    }
}
