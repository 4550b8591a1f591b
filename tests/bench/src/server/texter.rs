//! notifyd with text messages as a process, and the loop that it is compared with.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bus::Bus;
use bus_local::{LocalBus, LocalBusSettings};
use bus_nats::Mode;
use fakes::sms::Account;
use kit::{config::Secret, drain::Drain};
use notifyd::{Notifyd, SmsSettings};
use prometheus_client::registry::Registry;
use reqwest::Client;
use sms_gateway::{Provider, TwilioSettings};
use store::Store;

use super::{
    connect,
    mailer::{LOOK_EVERY, PREFIX, bus, counted},
    stint::Stint,
};
use crate::Outcome;

/// Of every user; nothing is measured of budgets that are used up.
const WIDE: u32 = 1_000_000;
/// What the loop sends: what notifyd makes of the scenario's jobs.
const WORDS: &str = "Robert Norris: Holiday pics. Please look at them before Monday, they are from the lake.";
const FROM: &str = "+4915199999999";

/// Makes the group of text messages known there, and the tables. It is gone when this returns.
pub async fn make_known(place: &str, database: &str) -> Outcome<()> {
    let (nowhere, mut registry) = ("http://127.0.0.1:1", Registry::default());
    if place.contains("://") {
        let bus = connect(place, PREFIX, Mode::Interest).await?;
        drop(start(Arc::new(bus.clone()), database, nowhere, 1, &mut registry).await?);
        bus.close().await;
    } else {
        let bus = LocalBus::open(place.as_ref(), LocalBusSettings::default())?;
        drop(start(Arc::new(bus.clone()), database, nowhere, 1, &mut registry).await?);
        bus.close().await;
    }
    Ok(())
}

async fn start(
    bus: Arc<dyn Bus>,
    database: &str,
    gateway: &str,
    at_a_time: usize,
    registry: &mut Registry,
) -> Outcome<Notifyd> {
    let mut settings = notifyd::Settings { sms: Some(sms(gateway, at_a_time)?), ..Default::default() };
    let sieve = &mut settings.sieve;
    (sieve.hourly_per_user, sieve.hourly_per_destination, sieve.per_message) = (WIDE, WIDE, WIDE);
    // Nobody listens there: nothing is mailed.
    (settings.smtp.host, settings.smtp.port) = ("127.0.0.1".to_owned(), 1);
    settings.database = store::Settings::at(database.to_owned());
    let store = Store::open(&settings.ledger(), "/nowhere".as_ref()).await?;
    Ok(Notifyd::start(settings, b"site", bus, store, registry).await?)
}

fn sms(gateway: &str, concurrency: usize) -> Outcome<SmsSettings> {
    let (account, germany) = (Account::default(), "DE".parse()?);
    let twilio = TwilioSettings {
        account: account.twilio_sid,
        token: Secret::new(account.twilio_token),
        api_key: None,
        api_secret: None,
        base: gateway.to_owned(),
    };
    let gateway = sms_gateway::Settings {
        provider: Provider::Twilio,
        twilio: Some(twilio),
        ..sms_gateway::Settings::default()
    };
    let (from, countries) = (FROM.to_owned(), vec![germany]);
    Ok(SmsSettings { gateway, from, home: Some(germany), countries, concurrency, ..SmsSettings::default() })
}

/// Is notifyd; says how many texts it was done with in a second when it has sent so many or left them for want of
/// credit.
pub async fn run(
    place: String,
    database: String,
    gateway: String,
    at_a_time: usize,
    texts: usize,
) -> Outcome<()> {
    let (bus, mut registry, drain) = (bus(&place).await?, Registry::default(), Drain::new());
    let notifyd = start(bus.clone(), &database, &gateway, at_a_time, &mut registry).await?;
    let stint = Stint::begin()?;
    let running = tokio::spawn(notifyd.run(drain));
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    while done(&registry)? < texts {
        ticks.tick().await;
    }
    stint.end(texts)?;
    running.await?;
    drop(bus);
    Ok(())
}

fn done(registry: &Registry) -> Outcome<usize> {
    let of = |name| counted(registry, name);
    Ok(of("notifyd_texts_sent_total ")? + of("notifyd_texts_dropped_total{reason=\"NoCredit\"} ")?)
}

/// Is the loop: posts the same request over and over on connections that are kept, with the client that notifyd uses, each
/// answer read to its end, and says how often in a second.
pub async fn run_requests(gateway: String, at_a_time: usize, texts: usize) -> Outcome<()> {
    kit::tls::install();
    let client = Client::builder().no_proxy().http1_only().build()?;
    let (left, stint) = (Arc::new(AtomicUsize::new(texts)), Stint::begin()?);
    let mut senders = Vec::with_capacity(at_a_time);
    for _ in 0..at_a_time {
        let (client, gateway, left) = (client.clone(), gateway.clone(), left.clone());
        senders.push(tokio::spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
            {
                request(&client, &gateway).await?;
            }
            Outcome::Ok(())
        }));
    }
    for sender in senders {
        sender.await??;
    }
    stint.end(texts)
}

/// As it is written for Twilio.
async fn request(client: &Client, gateway: &str) -> Outcome<()> {
    let Account { twilio_sid, twilio_token, .. } = Account::default();
    let url = format!("{gateway}/2010-04-01/Accounts/{twilio_sid}/Messages.json");
    let body = format!(
        "To=%2B4915100000000&From=%2B4915199999999&Body={}&ValidityPeriod=14400",
        WORDS.replace(' ', "+")
    );
    let request = client.post(url).basic_auth(twilio_sid, Some(twilio_token));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    request.send().await?.error_for_status()?.bytes().await?;
    Ok(())
}
