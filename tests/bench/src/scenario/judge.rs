//! Twilio's own description of its messages judges what is posted to it, and what the fake answers.

use fakes::sms::{Account, GatewaySettings, SmsGateway};
use kit::config::Secret;
use sms_gateway::{Outcome as Sent, Outgoing, Provider, Settings, TwilioSettings, open};
use testkit::prism::Prism;

use crate::Outcome;

const REFERENCE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Fails at the first that is not as described, and where the judge takes what it must not.
pub fn run() -> Outcome<()> {
    kit::tls::install();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let fake = SmsGateway::start("127.0.0.1:0".parse()?, GatewaySettings::default()).await?;
        let (judge, between) = (Prism::start().await, Prism::before(&fake.base_url()).await);
        for base in [judge.base_url(), between.base_url()] {
            takes_what_we_post(&base).await?;
            refuses_what_is_not_described(&base).await?;
        }
        println!("what is posted and what the fake answers is as Twilio describes it");
        Ok(())
    })
}

/// A sender of each kind, with and without a place for receipts, words that have to be escaped, and many.
async fn takes_what_we_post(base: &str) -> Outcome<()> {
    let (service, long) = (format!("MG{}", "0a".repeat(16)), "\u{436}".repeat(500));
    for (from, text) in [("+15557654321", "One \u{20ac}"), (service.as_str(), "&=+%\u{0}\n"), ("Us", &long)] {
        for receipts in [None, Some("https://here.example/receipts".to_owned())] {
            let gateway = open(&Settings { receipts, ..settings(base) })?;
            let to = "+15551234567";
            let text = Outgoing { reference: REFERENCE, to, from, text, segments: 1, unicode: false };
            let outcome = gateway.send(&text).await.outcome;
            if !matches!(outcome, Sent::Accepted { .. }) {
                return Err(format!("{outcome:?} for a text from {from}").into());
            }
        }
    }
    Ok(())
}

async fn refuses_what_is_not_described(base: &str) -> Outcome<()> {
    let account = Account::default();
    let url = format!("{base}/2010-04-01/Accounts/{}/Messages.json", account.twilio_sid);
    for body in [
        "From=%2B15557654321&Body=x",
        "To=%2B15551234567&MessagingServiceSid=MG1&Body=x",
        "To=%2B15551234567&From=%2B15557654321&Body=x&ValidityPeriod=long",
    ] {
        let request = testkit::http_client().post(&url).basic_auth(&account.twilio_sid, Some("secret"));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let status = request.send().await?.status().as_u16();
        if status != 422 {
            return Err(format!("{status} for {body}").into());
        }
    }
    Ok(())
}

fn settings(base: &str) -> Settings {
    let account = Account::default();
    let twilio = TwilioSettings {
        account: account.twilio_sid,
        token: Secret::new(account.twilio_token),
        api_key: None,
        api_secret: None,
        base: base.to_owned(),
    };
    Settings { provider: Provider::Twilio, twilio: Some(twilio), ..Settings::default() }
}
