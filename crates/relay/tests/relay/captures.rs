//! What a real Cyrus sent, through real sockets.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::Value;
use tokio::net::UnixDatagram;

use crate::house::{House, converse};

fn lines(name: &str) -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../cyrus/tests/captures").join(name);
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The highest mail modseq among the counters of each user of the default domain.
fn highest(messages: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut highest = BTreeMap::new();
    for message in messages {
        let Ok(event) = serde_json::from_str::<Value>(&message) else { continue };
        let (Some(uri), Some(counters)) = (event["uri"].as_str(), event["vnd.fastmail.counters"].as_str())
        else {
            continue;
        };
        let Some((_, name)) = uri.split_once("/user/") else { continue };
        let user = name.split(['/', ';']).next().unwrap().to_owned();
        let mail: u64 = counters.split(' ').nth(2).unwrap().parse().unwrap();
        let is_elsewhere = name.contains("example.com");
        if mail > 0 && !is_elsewhere {
            let known: &mut u64 = highest.entry(user).or_default();
            *known = mail.max(*known);
        }
    }
    highest
}

async fn all_is_understood(house: House, highest: BTreeMap<String, u64>, relay: crate::house::Running) {
    assert!(!highest.is_empty());
    for (user, mail) in highest {
        house.mail_becomes(&user, mail).await;
    }
    for form in ["dlist", "datagram"] {
        assert_eq!(
            relay.metric(&format!("relay_notifications_total{{form=\"{form}\",outcome=\"malformed\"}}")),
            0.0
        );
    }
    relay.stop().await;
}

#[tokio::test]
async fn every_captured_connection_is_answered_and_its_state_is_published() {
    let house = House::new();
    let relay = house.start();
    let lines = lines("cyrus-3.6.1-full-dlist.jsonl");
    let streams: Vec<_> = lines.iter().map(|line| line["stream"].as_str().unwrap()).collect();
    for stream in &streams {
        assert_eq!(converse(&house.path("dlist"), stream.as_bytes()).await, "OK ()\r\n");
    }
    // The JSON lies between the first brace after MESSAGE's literal head and the last one.
    let messages = streams.iter().filter_map(|s| Some(s[s.find("\r\n{")? + 2..=s.rfind('}')?].to_owned()));
    all_is_understood(house, highest(messages), relay).await;
}

#[tokio::test]
async fn every_captured_datagram_is_taken_and_its_state_is_published() {
    let house = House::new();
    let relay = house.start();
    let lines = lines("cyrus-3.6.1-full.jsonl");
    let socket = UnixDatagram::unbound().unwrap();
    let mut messages = Vec::new();
    for line in &lines {
        let fields: Vec<_> =
            line["datagram"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
        socket.send_to(fields.join("\0").as_bytes(), house.path("datagram")).await.unwrap();
        messages.extend(fields.iter().filter(|field| field.starts_with('{')).map(|&field| field.to_owned()));
    }
    all_is_understood(house, highest(messages.into_iter()), relay).await;
}
