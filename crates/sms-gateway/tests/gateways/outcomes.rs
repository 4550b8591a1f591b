use std::time::Duration;

use fakes::sms::{Account, Fault, Form, GatewaySettings, SmsGateway};
use sms_gateway::{Outcome, Outgoing, Refusal, open};
use testkit::free_port;

use crate::site::{FORMS, REFERENCE, fake, gateway, hasty, message, provider, settings};

#[tokio::test]
async fn message_is_taken_as_it_is() {
    for form in FORMS {
        let fake = fake().await;
        let gateway = gateway(form, &fake);
        let outcome = gateway.send(&message()).await.outcome;
        let kept = fake.messages();
        assert_eq!(outcome, Outcome::Accepted { id: kept[0].ids[0].clone(), segments: Some(1) }, "{form:?}");
        assert_eq!((kept.len(), gateway.provider()), (1, provider(form)));
        assert_eq!((kept[0].text.as_str(), kept[0].form, kept[0].segments), (message().text, form, 1));
        assert_eq!(kept[0].to.trim_start_matches('+'), "15551234567");
        // Twilio has no place for our reference but the callback's URL, and none was configured.
        let reference = if form == Form::Twilio { "" } else { REFERENCE };
        assert_eq!(kept[0].reference, reference);
    }
}

#[tokio::test]
async fn parts_of_a_long_text_are_counted_by_the_provider() {
    let text = "ж".repeat(135);
    for form in FORMS {
        let fake = fake().await;
        let long = Outgoing { text: &text, segments: 3, unicode: true, ..message() };
        let outcome = gateway(form, &fake).send(&long).await.outcome;
        let id = fake.messages()[0].ids[0].clone();
        assert_eq!(outcome, Outcome::Accepted { id, segments: Some(3) }, "{form:?}");
    }
}

#[tokio::test]
async fn each_fault_is_told_for_what_it_is() {
    let minute = Duration::from_secs(60);
    let refused = Outcome::Refused { reason: Refusal::Number };
    for (fault, outcome, taken) in [
        (Fault::LoseReply, Outcome::Unknown, 1),
        (Fault::LoseRequest, Outcome::Unknown, 0),
        (Fault::Late(minute), Outcome::Unknown, 1),
        (Fault::Garble, Outcome::Unknown, 1),
        (Fault::Status(500), Outcome::Unknown, 0),
        (Fault::Status(503), Outcome::Unknown, 0),
        (Fault::Status(302), Outcome::Misconfigured, 0),
        (Fault::Status(403), Outcome::Misconfigured, 0),
        (Fault::Throttle, Outcome::Later, 0),
        (Fault::Refuse, refused, 0),
    ] {
        for form in FORMS {
            let fake = fake().await;
            fake.fail_next([Some(fault.clone())]);
            let is_late = matches!(fault, Fault::Late(_));
            let gateway = if is_late { hasty(form, &fake) } else { gateway(form, &fake) };
            assert_eq!(gateway.send(&message()).await.outcome, outcome, "{form:?} {fault:?}");
            assert_eq!((fake.messages().len(), *fake.calls().borrow()), (taken, 1), "{form:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn answer_that_is_a_little_late_is_waited_for() {
    for form in FORMS {
        let fake = fake().await;
        fake.fail_next([Some(Fault::Late(Duration::from_millis(50)))]);
        let outcome = gateway(form, &fake).send(&message()).await.outcome;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn only_the_idempotent_gateway_takes_a_reference_once() {
    for form in FORMS {
        let fake = fake().await;
        fake.fail_next([Some(Fault::LoseReply), None, None]);
        let gateway = gateway(form, &fake);
        assert_eq!(gateway.send(&message()).await.outcome, Outcome::Unknown);
        let again = [gateway.send(&message()).await.outcome, gateway.send(&message()).await.outcome];
        assert_eq!(gateway.is_idempotent(), form == Form::Webhook);
        if gateway.is_idempotent() {
            assert_eq!((again[0].clone(), *fake.taken().borrow()), (again[1].clone(), 1));
            assert!(matches!(again[0], Outcome::Accepted { .. }), "{again:?}");
        } else {
            assert_eq!(*fake.taken().borrow(), 3, "{form:?}");
        }
    }
}

#[tokio::test]
async fn provider_without_funds_for_us_takes_nothing() {
    for form in FORMS {
        let fake = fake().await;
        fake.set_funds(Some(2));
        let gateway = gateway(form, &fake);
        let references = ["a", "b", "c"].map(|digit| digit.repeat(64));
        let mut outcomes = Vec::new();
        for reference in &references {
            outcomes.push(gateway.send(&Outgoing { reference, ..message() }).await.outcome);
        }
        assert_eq!((outcomes[2].clone(), fake.messages().len()), (Outcome::NoFunds, 2), "{form:?}");
    }
}

#[tokio::test]
async fn stranger_is_a_matter_of_configuration() {
    let account = Account {
        twilio_token: "other".into(),
        vonage_secret: "other".into(),
        webhook_secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
        ..Account::default()
    };
    let strange = GatewaySettings { account, ..GatewaySettings::default() };
    let fake = SmsGateway::start("127.0.0.1:0".parse().unwrap(), strange).await.unwrap();
    for form in FORMS {
        assert_eq!(gateway(form, &fake).send(&message()).await.outcome, Outcome::Misconfigured, "{form:?}");
    }
    assert_eq!(fake.messages().len(), 0);
}

#[tokio::test]
async fn nobody_there_and_no_tls_are_an_outage_in_which_nothing_was_sent() {
    let fake = fake().await;
    let tls = fake.base_url().replace("http:", "https:");
    let nobody = format!("http://127.0.0.1:{}", free_port());
    for base in [tls, nobody] {
        for form in FORMS {
            let gateway = open(&settings(form, &base)).unwrap();
            assert_eq!(gateway.send(&message()).await.outcome, Outcome::GatewayAway, "{form:?} {base}");
        }
    }
    assert_eq!(*fake.calls().borrow(), 0);
}

#[tokio::test]
async fn a_gateway_that_asks_for_time_is_heard() {
    for (status, seconds, outcome, wait) in [
        (429, 7, Outcome::Later, Some(7)),
        (503, 7, Outcome::Unknown, Some(7)),
        (429, 100_000, Outcome::Later, Some(3_600)),
        // It says nothing of other messages.
        (403, 7, Outcome::Misconfigured, None),
    ] {
        for form in FORMS {
            let fake = fake().await;
            fake.fail_next([Some(Fault::Busy { status, seconds })]);
            let answered = gateway(form, &fake).send(&message()).await;
            assert_eq!(
                (&answered.outcome, answered.wait),
                (&outcome, wait.map(Duration::from_secs)),
                "{form:?}"
            );
        }
    }
}
