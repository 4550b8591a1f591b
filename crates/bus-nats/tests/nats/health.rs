//! Why a bus is not well, as an operator is told.

use std::{error::Error, time::Duration};

use bus::{Bus, BusError, Key};
use bus_nats::{Action, Consent, NatsBus, NatsSettings, Refusal, provision};
use bus_node::Surroundings;
use kit::config::Secret;
use std::sync::Arc;
use testkit::{
    eventually,
    nats::{Nats, Version},
};

use crate::{
    server::installation,
    support::{ALICE, Heard, PATIENCE, node},
};

/// What an operator reads.
fn told(error: &BusError) -> String {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes.join(": ")
}

async fn told_of(bus: &NatsBus) -> Option<String> {
    bus.health().await.err().map(|error| told(&error))
}

/// A server with a user who may do as `permissions` say.
async fn server(version: Version, permissions: &str) -> Nats {
    let users =
        format!("authorization {{ users: [{{ user: u, password: p, permissions {{ {permissions} }} }}] }}");
    Nats::builder(version).config(&users).start().await
}

fn as_user(server: &Nats) -> NatsSettings {
    let mut settings = installation(server);
    settings.credentials.user = Some("u".to_owned());
    settings.credentials.password = Some(Secret::new("p"));
    settings
}

pub async fn a_permission_that_is_missing_is_named_at_once(version: Version) {
    let server = server(version, r#"publish: { deny: ["$JS.API.STREAM.INFO.*"] }"#).await;
    let settings = as_user(&server);
    let refused = NatsBus::connect(settings.clone(), Surroundings::default()).await.err().unwrap();
    let BusError::Unusable(source) = refused else { panic!("not refused but: {refused}") };
    let expected = Refusal::Permission {
        action: Action::Publish,
        subjects: format!("$JS.API.STREAM.INFO.{}_STATE", settings.prefix),
    };
    assert_eq!(source.downcast_ref(), Some(&expected));

    let made = self::server(version, r#"publish: { deny: ["$JS.API.STREAM.CREATE.*"] }"#).await;
    let settings = as_user(&made);
    let refused = NatsBus::connect(settings.clone(), Surroundings::default()).await.err().unwrap();
    let stream = format!("{}_STATE", settings.prefix);
    assert_eq!(
        told(&refused),
        format!("stream {stream} is not there, and we may not make it: run mailpush provision")
    );
}

pub async fn what_may_not_be_heard_is_told(version: Version) {
    let server = server(version, r#"subscribe: { deny: ["*.live.>"] }"#).await;
    let settings = as_user(&server);
    let bus = node(&settings).await;
    bus.health().await.unwrap();
    let _held = bus.register_key(Key(ALICE), Arc::new(Heard::default())).await.unwrap();
    let expected = format!("permission is missing in NATS: subscribe to \"{}.live.>\"", settings.prefix);
    let is_told = async || (told_of(&bus).await? == expected).then_some(());
    eventually(PATIENCE, "what is missing is told, and no account", is_told).await;

    let deaf = self::server(version, r#"subscribe: { deny: ["_INBOX.>"] }"#).await;
    let settings = as_user(&deaf);
    let refused = NatsBus::connect(settings, Surroundings::default()).await.err().unwrap();
    assert_eq!(told(&refused), "permission is missing in NATS: subscribe to \"_INBOX.>\"");
    let refused = provision(as_user(&deaf), Surroundings::default(), Consent::default()).await.unwrap_err();
    let expected =
        "user of NATS may not hear answers to _INBOX: give the section bus the user of the operator";
    assert_eq!(refused.to_string(), expected);
}

pub async fn why_the_server_is_away_is_told(version: Version) {
    let mut server = server(version, "").await;
    let settings = as_user(&server);
    let bus = node(&settings).await;
    server.kill();
    let expected = "server cannot be reached: the connection is refused or cut";
    let is_told = async || (told_of(&bus).await? == expected).then_some(());
    eventually(PATIENCE, "nobody is there", is_told).await;

    let mut wrong = settings.clone();
    wrong.credentials.password = Some(Secret::new("guess"));
    server.restart().await;
    let refused = NatsBus::connect(wrong, Surroundings::default()).await.err().unwrap();
    assert_eq!(told(&refused), "server refused our credentials");

    let nameless = NatsSettings { servers: vec!["nats://nowhere.invalid:4222".to_owned()], ..settings };
    let nameless = NatsSettings { connect_timeout: Duration::from_secs(2), ..nameless };
    let away = NatsBus::start(nameless, Surroundings::default()).await.unwrap();
    let is_told =
        async || (told_of(&away).await? == "server cannot be reached: its name is not known").then_some(());
    eventually(PATIENCE, "nobody has that name", is_told).await;
}

pub async fn a_stream_that_is_gone_is_told(version: Version) {
    let server = Nats::start(version).await;
    let settings = installation(&server);
    let bus = node(&settings).await;
    let client = async_nats::connect(server.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    for stream in ["JOBS", "STATE"] {
        let stream = format!("{}_{stream}", settings.prefix);
        jetstream.delete_stream(&stream).await.unwrap();
        let deleted = format!("stream {stream} was deleted: run mailpush provision");
        let is_told = async || (told_of(&bus).await? == deleted).then_some(());
        eventually(PATIENCE, "what is gone is named", is_told).await;
        provision(settings.clone(), Surroundings::default(), Consent::default()).await.unwrap();
        let is_well = async || told_of(&bus).await.is_none().then_some(());
        eventually(PATIENCE, "it is there again", is_well).await;
    }
}
