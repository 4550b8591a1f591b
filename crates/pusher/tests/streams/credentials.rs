//! Who may open streams.

use std::{sync::Arc, time::Duration};

use kit::config::Secret;
use pusher::{Cookies, Credential, Settings, UpstreamSettings};

use reqwest::Method;

use crate::support::{
    Node, bearer,
    client::{Client, http1},
    jwt, mail,
    mail_server::{ALICE, COOKIE, MailServer, Mood, WRONG},
    settings, upstream,
};

const PAGE: &str = "https://mail.example.org";

fn asking(server: &MailServer) -> Settings {
    Settings { credentials: vec![jwt(), upstream(server.session_url())], ..settings() }
}

async fn open(node: &Node, credential: &str) -> Client {
    Client::get(node.address, "/jmap/eventsource/?types=Email", &[("authorization", credential)]).await
}

#[tokio::test]
async fn without_a_good_credential_there_is_a_401_that_names_the_schemes() {
    let node = Node::start().await;
    let expired = bearer("alice", Duration::ZERO);
    for fields in
        [&[][..], &[("authorization", "Bearer x.y.z")], &[("authorization", &expired)], &[("cookie", COOKIE)]]
    {
        let answer = Client::get(node.address, "/events/", fields).await;
        assert_eq!(answer.status, 401);
        let schemes: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
        assert_eq!(schemes, ["Basic realm=\"mail\", charset=\"UTF-8\"", "Bearer"]);
    }
    node.until_metric("pusher_credentials_total{outcome=\"missing\"} 2").await;
    node.until_metric("pusher_credentials_total{outcome=\"refused\"} 2").await;
}

#[tokio::test]
async fn stream_ends_when_its_token_does() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let short = bearer("alice", Duration::from_secs(2));
    let mut stream = open(&node, &short).await;
    stream.event().await;
    let rest = stream.rest().await;
    assert_eq!(rest.last().unwrap().comment(), "the time of this stream is over");
    assert_eq!(open(&node, &short).await.status, 401);
}

#[tokio::test]
async fn mail_server_decides_and_names_the_account() {
    let server = MailServer::start().await;
    let node = Node::with(asking(&server)).await;
    node.publish(&mail(1)).await;
    let mut stream = open(&node, ALICE).await;
    assert_eq!(stream.event().await.data()["changed"], serde_json::json!({"u1": {"Email": "1"}}));
    assert_eq!(open(&node, WRONG).await.status, 401);
    let token = bearer("alice", Duration::from_secs(60));
    assert_eq!(open(&node, &token).await.event().await.data()["changed"]["alice"]["Email"], "1");
}

#[tokio::test]
async fn verdicts_of_either_kind_are_remembered() {
    let server = MailServer::start().await;
    let node = Node::with(asking(&server)).await;
    for _ in 0..3 {
        assert_eq!(open(&node, ALICE).await.status, 200);
        assert_eq!(open(&node, WRONG).await.status, 401);
    }
    assert_eq!(server.sessions(), 2);
    node.until_metric("pusher_session_checks_total{outcome=\"answered\"} 1").await;
    node.until_metric("pusher_session_checks_total{outcome=\"refused\"} 1").await;
}

#[tokio::test]
async fn many_streams_with_one_credential_are_one_check() {
    let server = MailServer::start().await;
    server.set(Mood::Silent);
    let node = Node::with(asking(&server)).await;
    let opening = futures_util::future::join_all((0..20).map(|_| open(&node, ALICE)));
    let release = async {
        node.until_metric("pusher_connections 20").await;
        server.set(Mood::Well);
        server.released.notify_one();
    };
    let (streams, ()) = tokio::join!(opening, release);
    assert!(streams.iter().all(|stream| stream.status == 200));
    assert_eq!(server.sessions(), 1);
}

#[tokio::test]
async fn more_than_may_wait_for_a_check_are_asked_to_come_again() {
    let server = MailServer::start().await;
    server.set(Mood::Silent);
    let mut small = asking(&server);
    small.limits.unverified = 1;
    small.credentials = vec![Credential::Upstream(UpstreamSettings::new(server.session_url()))];
    let node = Node::with(small).await;
    let second = async {
        while server.sessions() == 0 {
            tokio::task::yield_now().await;
        }
        let mut second = open(&node, WRONG).await;
        assert!(second.next().await.unwrap().retry().is_some());
        assert_eq!(second.next().await.unwrap().comment(), "the credential cannot be verified at the moment");
        server.released.notify_one();
    };
    let (first, ()) = tokio::join!(open(&node, ALICE), second);
    assert_eq!((first.status, server.sessions()), (200, 1));
    assert!(first.header("content-type").is_some());
    drop(first);
    server.set(Mood::Well);
    assert_eq!(open(&node, WRONG).await.status, 401);
}

#[tokio::test]
async fn what_cannot_be_verified_is_asked_to_come_again_and_is_never_refused() {
    let server = MailServer::start().await;
    let node = Node::with(asking(&server)).await;
    for mood in [Mood::Status(500), Mood::Status(503), Mood::Status(302), Mood::Silent, Mood::Endless] {
        server.set(mood);
        let mut stream = open(&node, ALICE).await;
        assert_eq!(
            (stream.status, stream.header("cache-control")),
            (200, Some("no-store, no-transform")),
            "{mood:?}"
        );
        let frames = stream.rest().await;
        assert!((5_000..=15_000).contains(&frames[0].retry().unwrap()), "{frames:?}");
        assert_eq!(frames[1].comment(), "the credential cannot be verified at the moment");
        assert_eq!(frames.len(), 2);
    }
    server.set(Mood::Well);
    node.publish(&mail(5)).await;
    assert_eq!(open(&node, ALICE).await.event().await.data()["changed"]["u1"]["Email"], "5");
}

#[tokio::test]
async fn a_mail_server_that_is_not_there_is_no_refusal() {
    let server = MailServer::start().await;
    // Nobody listens at the discard port.
    let mut gone = asking(&server);
    gone.credentials = vec![upstream("http://127.0.0.1:9/jmap/".to_owned())];
    let node = Node::with(gone).await;
    let mut stream = open(&node, ALICE).await;
    assert_eq!(stream.status, 200);
    assert!(stream.next().await.unwrap().retry().is_some());
}

#[tokio::test]
async fn cookies_count_only_from_pages_that_are_listed() {
    let server = MailServer::start().await;
    let strict = Node::with(asking(&server)).await;
    let cookie = [("cookie", COOKIE)];
    assert_eq!(Client::get(strict.address, "/events/", &cookie).await.status, 401);
    assert_eq!(server.sessions(), 0);
    let cookies = Some(Cookies { origins: vec![PAGE.to_owned()], names: vec!["session".to_owned()] });
    let node = Node::with(Settings { cookies, ..asking(&server) }).await;
    for site in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let answer = Client::get(node.address, "/events/", &[cookie[0], site]).await;
        assert_eq!((answer.status, server.sessions()), (401, 0), "{site:?}");
    }
    let both = ("cookie", "session=alice; theme=dark");
    for site in [("origin", PAGE), ("sec-fetch-site", "same-origin")] {
        // The mail server of these tests takes no other cookie beside its own.
        assert_eq!(Client::get(node.address, "/events/", &[both, site]).await.status, 200, "{site:?}");
    }
    let evil = [both, ("origin", "https://evil.example")];
    let answer = Client::send(&http1(), Method::POST, node.address, "/events/ticket", &evil).await;
    assert_eq!(answer.status, 401);
    let answer =
        Client::send(&http1(), Method::POST, node.address, "/events/ticket", &[both, ("origin", PAGE)]).await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn nodes_with_the_same_key_share_verdicts_and_others_do_not() {
    for (key, sessions) in [(Some(Secret::new("shared by all nodes of this installation")), 1), (None, 2)] {
        let server = MailServer::start().await;
        let asking = UpstreamSettings { key, ..UpstreamSettings::new(server.session_url()) };
        let settings = Settings { credentials: vec![Credential::Upstream(asking)], ..settings() };
        let first = Node::with(settings.clone()).await;
        let second = Node::on(settings, first.bus.clone(), Arc::new(first.bus.another_node())).await;
        for node in [&first, &second] {
            assert_eq!(open(node, ALICE).await.status, 200);
        }
        assert_eq!(server.sessions(), sessions);
    }
}

#[tokio::test]
async fn mail_servers_with_the_same_key_share_no_verdicts() {
    let (without_alice, server) = (MailServer::start().await, MailServer::start().await);
    without_alice.set(Mood::Status(401));
    let asking = |server: &MailServer| {
        let key = Some(Secret::new("shared by all mail servers of this site"));
        Credential::Upstream(UpstreamSettings { key, ..UpstreamSettings::new(server.session_url()) })
    };
    let credentials = vec![asking(&without_alice), asking(&server)];
    let node = Node::with(Settings { credentials, ..settings() }).await;
    for _ in 0..2 {
        assert_eq!(open(&node, ALICE).await.status, 200);
    }
    assert_eq!((without_alice.sessions(), server.sessions()), (1, 1));
}
