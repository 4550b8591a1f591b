//! What is made of a server, and which server is refused.

use std::error::Error;

use async_nats::jetstream::{self, stream::Config, stream::StorageType};
use bus::{Bus, BusError};
use bus_nats::{NatsBus, NatsSettings, Refusal};
use bus_node::Surroundings;
use kit::config::Secret;
use serde_json::Value;
use testkit::nats::{Nats, Version};

use crate::{
    server::{installation, shared},
    support::{ALICE, node, put_states},
};

/// The streams of an installation by name, as the server shows them.
async fn streams(server: &Nats, settings: &NatsSettings) -> Vec<Value> {
    let all = server.jsz().await;
    let streams = all["account_details"][0]["stream_detail"].as_array().unwrap();
    let is_ours = |stream: &&Value| {
        let name = stream["name"].as_str().unwrap().trim_start_matches("KV_");
        name.split('_').next() == Some(&settings.prefix)
    };
    let mut ours: Vec<_> = streams.iter().filter(is_ours).cloned().collect();
    ours.sort_by_key(|stream| stream["name"].as_str().map(str::to_owned));
    ours
}

fn refusal(connected: Result<NatsBus, BusError>) -> Refusal {
    match connected.err().expect("it is refused") {
        BusError::Unusable(source) => source.downcast_ref::<Refusal>().unwrap().clone(),
        other => panic!("not refused but: {other} ({:?})", other.source()),
    }
}

async fn connect(settings: &NatsSettings) -> Result<NatsBus, BusError> {
    NatsBus::connect(settings.clone(), Surroundings::default()).await
}

async fn create(server: &Nats, stream: Config) {
    let client = async_nats::connect(server.url()).await.unwrap();
    jetstream::new(client).create_stream(stream).await.unwrap();
}

pub async fn streams_are_made_once(version: Version) {
    let server = shared(version).await;
    let settings = installation(&server);
    let first = node(&settings).await;
    put_states(&first, ALICE, 0..3).await;
    let made = streams(&server, &settings).await;
    assert_eq!(made.len(), 9, "four streams and five buckets: {made:#?}");
    let (one, other) = tokio::join!(node(&settings), node(&settings));
    assert_eq!(streams(&server, &settings).await, made);
    put_states(&one, ALICE, 3..4).await;
    other.health().await.unwrap();
}

pub async fn a_bound_that_changed_is_migrated(version: Version) {
    let server = shared(version).await;
    let mut settings = installation(&server);
    put_states(&node(&settings).await, ALICE, 0..3).await;
    settings.bounds.state *= 2;
    let bus = node(&settings).await;
    let name = format!("{}_STATE", settings.prefix);
    let all = streams(&server, &settings).await;
    let state = all.iter().find(|stream| stream["name"] == name.as_str()).unwrap();
    assert_eq!(state["config"]["max_bytes"], settings.bounds.state);
    put_states(&bus, ALICE, 3..4).await;
}

pub async fn a_stream_that_cannot_be_changed_is_refused(version: Version) {
    let server = shared(version).await;
    let settings = installation(&server);
    let name = format!("{}_STATE", settings.prefix);
    let subjects = vec![format!("{}.state.>", settings.prefix)];
    create(
        &server,
        Config { name: name.clone(), subjects, storage: StorageType::Memory, ..Config::default() },
    )
    .await;
    assert_eq!(refusal(connect(&settings).await), Refusal::Differs { stream: name, what: "storage" });
}

pub async fn subjects_of_somebody_else_are_refused(version: Version) {
    let server = shared(version).await;
    let settings = installation(&server);
    let subjects = vec![format!("{}.>", settings.prefix)];
    create(&server, Config { name: format!("of-{}", settings.prefix), subjects, ..Config::default() }).await;
    let refusal = refusal(connect(&settings).await);
    assert!(matches!(refusal, Refusal::Stream { code: 10065, .. }), "{refusal}");
}

const ACCOUNTS: &str = r#"
accounts {
  SYS { users: [{ user: sys, password: sys }] }
  WITH { jetstream: enabled, users: [{ user: with, password: secret }] }
  WITHOUT { users: [{ user: without, password: secret }] }
}
system_account: SYS
"#;

fn as_user(server: &Nats, user: &str, password: &str) -> NatsSettings {
    let mut settings = installation(server);
    settings.credentials.user = Some(user.to_owned());
    settings.credentials.password = Some(Secret::new(password));
    settings
}

pub async fn an_account_without_jetstream_is_refused(version: Version) {
    let server = Nats::builder(version).config(ACCOUNTS).start().await;
    assert_eq!(refusal(connect(&as_user(&server, "without", "secret")).await), Refusal::NoJetStream);
}

pub async fn wrong_credentials_are_refused(version: Version) {
    let server = Nats::builder(version).config(ACCOUNTS).start().await;
    assert_eq!(refusal(connect(&as_user(&server, "with", "guess")).await), Refusal::Credentials);
}

pub async fn credentials_let_in(version: Version) {
    let server = Nats::builder(version).config(ACCOUNTS).start().await;
    connect(&as_user(&server, "with", "secret")).await.unwrap().health().await.unwrap();
}
