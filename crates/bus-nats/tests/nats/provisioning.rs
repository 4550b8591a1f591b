//! What is made of a server, and which server is refused.

use std::{error::Error, time::Duration};

use async_nats::jetstream::{self, stream::Config, stream::StorageType};
use bus::{Bus, BusError, PutError, Retained};
use bus_nats::{Consent, KeyOrder, NatsBus, NatsSettings, NotDone, Outcome, Provisioned, Refusal, provision};
use bus_node::Surroundings;
use kit::config::Secret;
use serde_json::{Value, json};
use testkit::nats::{Nats, Version};

use crate::{
    server::{installation, shared},
    support::{ALICE, BOB, id, node, put_states, text},
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
    assert_eq!(made.len(), 10, "four streams, five buckets and what is noted of the installation: {made:#?}");
    let (one, other) = tokio::join!(node(&settings), node(&settings));
    assert_eq!(streams(&server, &settings).await, made);
    put_states(&one, ALICE, 3..4).await;
    other.health().await.unwrap();
}

async fn config_of(server: &Nats, settings: &NatsSettings, stream: &str) -> Value {
    let name = format!("{}_{stream}", settings.prefix);
    let all = streams(server, settings).await;
    all.iter().find(|stream| stream["name"] == name.as_str()).unwrap()["config"].clone()
}

fn allowing() -> Consent {
    Consent { bounds: true, ..Consent::default() }
}

/// What the order changes, each as it is told.
async fn order(settings: &NatsSettings, consent: Consent) -> Result<Vec<String>, NotDone> {
    let (done, _) = provision(settings.clone(), Surroundings::default(), consent).await?;
    let told = done.into_iter().filter_map(|Provisioned { stream, outcome }| match outcome {
        Outcome::Made(octets) => Some(format!("{stream}: made with {octets}")),
        Outcome::Changed(changes) => Some(format!("{stream}: {}", changes.iter().join())),
        Outcome::Same => None,
    });
    Ok(told.collect())
}

trait Join {
    fn join(self) -> String;
}

impl<'a, T: Iterator<Item = &'a bus_nats::Change>> Join for T {
    fn join(self) -> String {
        self.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

pub async fn a_node_works_with_other_bounds_and_leaves_them(version: Version) {
    let server = shared(version).await;
    let mut settings = installation(&server);
    put_states(&node(&settings).await, ALICE, 0..3).await;
    let before = config_of(&server, &settings, "STATE").await;
    settings.bounds.state *= 2;
    settings.duplicate_window *= 2;
    let bus = node(&settings).await;
    bus.health().await.unwrap();
    put_states(&bus, ALICE, 3..4).await;
    assert_eq!(config_of(&server, &settings, "STATE").await, before);
}

pub async fn an_order_makes_what_is_missing_once(version: Version) {
    let server = shared(version).await;
    let settings = installation(&server);
    let made = order(&settings, Consent::default()).await.unwrap();
    assert_eq!(made.len(), 10);
    assert_eq!(made[0], format!("{}_STATE: made with 1MiB", settings.prefix));
    assert_eq!(order(&settings, Consent::default()).await.unwrap(), Vec::<String>::new());
    node(&settings).await.health().await.unwrap();
}

pub async fn an_order_raises_a_bound_and_lowers_one_only_when_that_is_meant(version: Version) {
    let server = shared(version).await;
    let mut settings = installation(&server);
    put_states(&node(&settings).await, ALICE, 0..3).await;
    settings.bounds.state *= 2;
    let raised = order(&settings, Consent::default()).await.unwrap();
    assert_eq!(raised, [format!("{}_STATE: max_bytes 1MiB -> 2MiB", settings.prefix)]);

    settings.bounds.state /= 4;
    let refused = order(&settings, Consent::default()).await.unwrap_err();
    assert!(matches!(&refused, NotDone::NotAllowed(lines) if lines.len() == 1), "{refused}");
    assert_eq!(config_of(&server, &settings, "STATE").await["max_bytes"], 2 << 20);
    let lowered = order(&settings, allowing()).await.unwrap();
    assert_eq!(lowered, [format!("{}_STATE: max_bytes 2MiB -> 512KiB", settings.prefix)]);
    assert_eq!(config_of(&server, &settings, "STATE").await["max_bytes"], 512 << 10);
}

pub async fn no_order_drops_what_is_stored(version: Version) {
    let server = shared(version).await;
    let mut settings = installation(&server);
    put_states(&node(&settings).await, ALICE, 0..3).await;
    settings.bounds.state = 10;
    let refused = order(&settings, allowing()).await.unwrap_err();
    assert!(matches!(refused, NotDone::Drops { .. }), "{refused}");
    assert_eq!(config_of(&server, &settings, "STATE").await["max_bytes"], 1 << 20);
    // What holds nothing drops nothing.
    settings.bounds.state = 1 << 20;
    settings.bounds.jobs /= 2;
    assert_eq!(order(&settings, allowing()).await.unwrap().len(), 1);
}

pub async fn a_node_mends_what_would_break_a_promise(version: Version) {
    let server = shared(version).await;
    let settings = installation(&server);
    let subjects = vec![format!("{}.parked.>", settings.prefix)];
    // Gone within minutes, and every write kept until then.
    let max_age = Duration::from_secs(300);
    let name = format!("{}_PARKED", settings.prefix);
    create(&server, Config { name, subjects, max_age, max_bytes: 1 << 20, ..Config::default() }).await;
    node(&settings).await.health().await.unwrap();
    let mended = config_of(&server, &settings, "PARKED").await;
    assert_eq!((&mended["max_age"], &mended["max_msgs_per_subject"]), (&json!(0), &json!(1)));
    assert_eq!(mended["max_bytes"], 1 << 20, "the bound is an operator's");
    assert_eq!(mended["discard"], "new");
}

pub async fn replicas_that_the_server_cannot_have_are_told(version: Version) {
    let server = shared(version).await;
    let mut settings = installation(&server);
    order(&settings, Consent::default()).await.unwrap();
    settings.replicas = 3;
    let refused = order(&settings, allowing()).await.unwrap_err();
    assert!(matches!(refused, NotDone::Refused(Refusal::NoCluster { replicas: 3 })), "{refused}");
    node(&settings).await.health().await.unwrap();
}

pub async fn a_store_that_is_too_small_is_named(version: Version) {
    let server = shared(version).await;
    let mut settings = installation(&server);
    settings.bounds.jobs = 1 << 40;
    let refusal = refusal(connect(&settings).await);
    assert_eq!(refusal, Refusal::SmallStore { stream: format!("{}_JOBS", settings.prefix), octets: 1 << 40 });
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

fn with_key(settings: &NatsSettings, key: &str) -> NatsSettings {
    NatsSettings { fingerprint: Some(key.to_owned()), ..settings.clone() }
}

pub async fn a_node_with_another_key_is_refused_and_stores_nothing(version: Version) {
    let server = shared(version).await;
    let settings = installation(&server);
    let ours = node(&with_key(&settings, "ours")).await;
    put_states(&ours, ALICE, 0..1).await;
    // Another node of ours is welcome.
    put_states(&node(&with_key(&settings, "ours")).await, ALICE, 1..2).await;

    let other = NatsBus::start(with_key(&settings, "other"), Surroundings::default()).await.unwrap();
    let put = other.put_state(BOB, text(1), None, id(1)).await;
    assert!(matches!(put, Err(PutError::Bus(BusError::Unavailable(_)))), "{put:?}");
    assert!(matches!(other.ready().await, Err(BusError::Unusable(_))));
    let put = other.put_state(BOB, text(1), None, id(1)).await;
    assert!(matches!(put, Err(PutError::Bus(BusError::Unavailable(_)))), "who has it keeps it: {put:?}");
    assert_eq!(refusal(other.health().await.map(|()| other.clone())), Refusal::OtherKey);
    assert_eq!(ours.state(BOB).await.unwrap(), None);
}

pub async fn a_key_is_replaced_by_order_only(version: Version) {
    let server = shared(version).await;
    let settings = installation(&server);
    let replacing = Consent { key: KeyOrder::Replace, ..Consent::default() };
    let ordered = async |key, consent| {
        provision(with_key(&settings, key), Surroundings::default(), consent).await.map(|(_, noted)| noted)
    };
    assert!(ordered("first", Consent::default()).await.unwrap());
    assert!(!ordered("first", Consent::default()).await.unwrap());
    let refused = ordered("second", Consent::default()).await.unwrap_err();
    assert!(matches!(refused, NotDone::Refused(Refusal::OtherKey)), "{refused}");
    assert!(ordered("second", replacing).await.unwrap());
    assert!(!ordered("second", replacing).await.unwrap());
    node(&with_key(&settings, "second")).await.health().await.unwrap();
    assert_eq!(refusal(connect(&with_key(&settings, "first")).await), Refusal::OtherKey);
}

pub async fn a_node_is_named_where_connections_are_listed(version: Version) {
    let server = shared(version).await;
    let settings = installation(&server);
    let _bus = node(&NatsSettings { name: "relay host-1".to_owned(), ..settings.clone() }).await;
    let connections = server.connz().await;
    let mut names = connections["connections"].as_array().unwrap().iter().map(|one| &one["name"]);
    assert!(names.any(|name| *name == format!("{} relay host-1", settings.prefix)), "{connections:#}");
}
