//! Tokens under keys that their issuer publishes and changes.

use std::time::Duration;

use pusher::{Credential, JwksSettings, JwtAlgorithm, JwtSettings, Settings};

use crate::support::{
    Node, PATIENCE,
    client::Client,
    issuer::{Issuer, first, second, signed},
    settings,
};

fn fetching(issuer: &Issuer, jwks: JwksSettings) -> Settings {
    let jwt = JwtSettings {
        jwks_url: Some(issuer.url()),
        jwks,
        ..JwtSettings::new(JwtAlgorithm::EdDSA, "mailpush")
    };
    Settings { credentials: vec![Credential::Jwt(jwt)], ..settings() }
}

/// Asks again at once.
fn eager() -> JwksSettings {
    JwksSettings { pause: Duration::from_nanos(1), ..JwksSettings::default() }
}

async fn open(node: &Node, credential: &str) -> Client {
    Client::get(node.address, "/events/", &[("authorization", credential)]).await
}

/// Whether it opens a stream that goes on; `None`: nobody could say.
async fn opens(node: &Node, credential: &str) -> Option<bool> {
    let mut stream = open(node, credential).await;
    if stream.status == 401 {
        return Some(false);
    }
    stream.next().await.unwrap();
    let second = stream.next().await.unwrap();
    (second.comment() != "the credential cannot be verified at the moment").then_some(true)
}

#[tokio::test]
async fn a_new_key_works_at_once_and_one_that_is_gone_no_more() {
    let issuer = Issuer::start(&[first()]).await;
    let node = Node::with(fetching(&issuer, eager())).await;
    let (old, new) = (signed(&first(), Some("first")), signed(&second(), Some("second")));
    assert_eq!(opens(&node, &old).await, Some(true));
    assert_eq!(opens(&node, &new).await, Some(false));
    issuer.publish(&[first(), second()]);
    assert_eq!(opens(&node, &new).await, Some(true));
    assert_eq!(opens(&node, &old).await, Some(true));
    issuer.publish(&[second()]);
    // A key that nobody knows has them fetched.
    assert_eq!(opens(&node, &signed(&first(), Some("third"))).await, Some(false));
    assert_eq!(opens(&node, &old).await, Some(false));
    assert_eq!(opens(&node, &new).await, Some(true));
}

#[tokio::test]
async fn keys_are_fetched_again_when_it_is_time() {
    let issuer = Issuer::start(&[first()]).await;
    let moment = Duration::from_millis(20);
    // Whoever comes with a key that is gone is told so once it was asked for again, which takes the pause.
    let pause = Duration::from_millis(1);
    let often = JwksSettings { refresh: moment, pause, ..JwksSettings::default() };
    let node = Node::with(fetching(&issuer, often)).await;
    let old = signed(&first(), Some("first"));
    assert_eq!(opens(&node, &old).await, Some(true));
    issuer.publish(&[second()]);
    let gone = async {
        while opens(&node, &old).await != Some(false) {
            // Asking without a pause would keep the fetching from its turn.
            tokio::time::sleep(moment).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the key is still good");
}

#[tokio::test]
async fn a_token_of_one_key_under_the_name_of_another_is_refused() {
    let issuer = Issuer::start(&[first(), second()]).await;
    let node = Node::with(fetching(&issuer, eager())).await;
    assert_eq!(opens(&node, &signed(&first(), Some("second"))).await, Some(false));
    // Of two keys, a token without a name says neither.
    assert_eq!(opens(&node, &signed(&first(), None)).await, Some(false));
    assert_eq!(opens(&node, &signed(&second(), Some("second"))).await, Some(true));
    assert_eq!(opens(&node, &crate::support::bearer("alice", Duration::from_secs(60))).await, Some(false));
}

#[tokio::test]
async fn a_storm_of_unknown_keys_asks_the_issuer_once_in_a_while() {
    let issuer = Issuer::start(&[first()]).await;
    let node = Node::with(fetching(&issuer, JwksSettings::default())).await;
    assert_eq!(opens(&node, &signed(&first(), Some("first"))).await, Some(true));
    let tokens: Vec<String> = (0..100).map(|n| signed(&second(), Some(&format!("stranger {n}")))).collect();
    let storm = futures_util::future::join_all(tokens.iter().map(|token| opens(&node, token))).await;
    // The keys were fetched before these came, so any of theirs may be new: they are asked to come again.
    assert!(storm.iter().all(|said| *said != Some(true)), "{storm:?}");
    assert_eq!(issuer.asked(), 1);
    assert_eq!(opens(&node, &signed(&first(), Some("first"))).await, Some(true));
}

#[tokio::test]
async fn an_issuer_that_is_away_at_the_start_is_waited_for() {
    let issuer = Issuer::start(&[]).await;
    issuer.say(503, Vec::new());
    let node = Node::with(fetching(&issuer, eager())).await;
    let token = signed(&first(), Some("first"));
    for (status, body) in
        [(503, Vec::new()), (200, b"<html>".to_vec()), (200, vec![b' '; 300 << 10]), (302, Vec::new())]
    {
        issuer.say(status, body);
        assert_eq!(opens(&node, &token).await, None, "{status}");
    }
    issuer.publish(&[first()]);
    assert_eq!(opens(&node, &token).await, Some(true));
}

#[tokio::test]
async fn keys_are_kept_while_the_issuer_is_away_for_so_long() {
    let issuer = Issuer::start(&[first()]).await;
    let patient = Node::with(fetching(&issuer, eager())).await;
    let token = signed(&first(), Some("first"));
    assert_eq!(opens(&patient, &token).await, Some(true));
    issuer.say(503, Vec::new());
    assert_eq!(opens(&patient, &signed(&second(), Some("second"))).await, None);
    assert_eq!(opens(&patient, &token).await, Some(true));
    issuer.publish(&[first()]);
    let moment = Duration::from_millis(30);
    let hasty = JwksSettings { refresh: moment, pause: moment, keep: moment, ..JwksSettings::default() };
    let hasty = Node::with(fetching(&issuer, hasty)).await;
    let good = async { while opens(&hasty, &token).await != Some(true) {} };
    tokio::time::timeout(PATIENCE, good).await.expect("the key never comes");
    issuer.say(503, Vec::new());
    let gone = async { while opens(&hasty, &token).await.is_some() {} };
    tokio::time::timeout(PATIENCE, gone).await.expect("the key is kept for ever");
}
