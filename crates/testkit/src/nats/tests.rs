use tokio::net::TcpStream;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

async fn store_one(nats: &Nats) {
    let mut client = Client::connect(nats).await;
    let stream = r#"{"name":"KEPT","subjects":["kept"],"storage":"file"}"#;
    client.ask("$JS.API.STREAM.CREATE.KEPT", stream, "\"did_create\":true").await;
    client.ask("kept", "one", "\"seq\":1").await;
}

async fn stored(nats: &Nats) -> u64 {
    nats.jsz().await["messages"].as_u64().unwrap()
}

#[tokio::test]
async fn each_version_is_the_one_it_is_said_to_be() {
    let [debian, current] = [Nats::start(Version::Debian).await, Nats::start(Version::Current).await];
    assert_eq!(debian.varz().await["version"], "2.9.10");
    assert_eq!(current.varz().await["version"], "2.15.1");
}

#[tokio::test]
async fn what_was_stored_outlives_a_crash_and_an_orderly_end_but_not_another_server() {
    for version in Version::ALL {
        let mut nats = Nats::start(version).await;
        store_one(&nats).await;
        let url = nats.url();
        nats.kill();
        nats.restart().await;
        assert_eq!(stored(&nats).await, 1, "{version:?}");
        nats.stop().await;
        assert!(TcpStream::connect(("127.0.0.1", nats.port())).await.is_err());
        nats.restart().await;
        assert_eq!(stored(&nats).await, 1, "{version:?}");
        nats.restart_empty().await;
        assert_eq!(stored(&nats).await, 0, "{version:?}");
        assert_eq!(nats.url(), url);
    }
}

#[tokio::test]
async fn a_paused_server_answers_when_it_goes_on() {
    for version in Version::ALL {
        let nats = Nats::start(version).await;
        let mut client = Client::connect(&nats).await;
        client.send("PING\r\n").await;
        client.line_with("PONG").await;
        nats.pause();
        // What it said of itself before.
        while client.hears_within(Duration::from_millis(50)).await {}
        client.send("PING\r\n").await;
        let has_answered = client.hears_within(Duration::from_millis(100)).await;
        assert!(!has_answered, "{version:?} answered while it was paused");
        nats.resume();
        client.line_with("PONG").await;
    }
}

#[tokio::test]
async fn a_configuration_of_the_test_is_used_and_its_connections_are_seen() {
    for version in Version::ALL {
        let text = "authorization { users: [{ user: relay, password: $SECRET }] }\nport: 1";
        let nats = Nats::builder(version).config(text).env("SECRET", "\"s3cret\"").start().await;
        let mut stranger = Client::connect(&nats).await;
        stranger.line_with("Authorization Violation").await;
        let mut relay = Client::connect_as(&nats, "relay", "s3cret").await;
        assert!(relay.may_subscribe("mine").await);
        relay.send("SUB mine 1\r\nPING\r\n").await;
        relay.line_with("PONG").await;
        assert_eq!(nats.url_of("relay", "s3cret"), format!("nats://relay:s3cret@127.0.0.1:{}", nats.port()));
        // The list is made of what each connection has said by then.
        eventually(PATIENCE, "the subscription is shown", async || {
            let connections = nats.connz().await;
            (connections["connections"][0]["subscriptions_list"][0] == "mine").then_some(())
        })
        .await;
        assert!(nats.subsz().await["num_subscriptions"].as_u64().unwrap() > 0);
    }
}

#[tokio::test]
async fn what_a_user_may_not_do_is_seen() {
    for version in Version::ALL {
        let permissions = "permissions { publish: \"mine.>\", subscribe: \"mine.>\" }";
        let text = format!("authorization {{ users: [{{ user: a, password: b, {permissions} }}] }}");
        let nats =
            Nats::builder(version).config("include \"users.conf\"").file("users.conf", &text).start().await;
        let mut client = Client::connect_as(&nats, "a", "b").await;
        for (subject, may) in [("mine.one", true), ("other.one", false), ("mine.two", true)] {
            assert_eq!(client.may_publish(subject).await, may, "{version:?} {subject}");
            assert_eq!(client.may_subscribe(subject).await, may, "{version:?} {subject}");
        }
    }
}
