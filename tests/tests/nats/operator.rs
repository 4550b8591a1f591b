//! What an operator does and sees.

use testkit::{
    eventually,
    nats::{Client, Version},
    smtp::RealSmtp,
};
use tests::{
    Apart,
    apart::{self, USERS, password},
};

use super::{PATIENCE, line::Line};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_to_be_counted_is_counted() {
    let line = Line::start(Version::Current).await;
    let page = include_str!("../../../docs/nats.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `bus_")?.split(" |").next());
    let names: Vec<_> = rows.flat_map(|row| row.split(", ")).map(|name| name.trim_matches('`')).collect();
    assert_eq!(names.len(), 8);
    eventually(PATIENCE, "streams are looked at", async || {
        let metrics = line.relay.admin("/metrics").await;
        metrics.contains("bus_stream_bound_bytes{stream=\"mailpush_STATE\"} 1073741824").then_some(())
    })
    .await;
    for process in [&line.relay, &line.pusher] {
        for name in &names {
            let type_line =
                format!("# TYPE bus_{} ", name.trim_start_matches("bus_").trim_end_matches("_total"));
            assert!(process.admin("/metrics").await.contains(&type_line), "{name} is not told");
        }
    }
}

/// What each user of `deploy/nats/users.conf` must not do.
const FORBIDDEN: &[(&str, &[&str], &[&str])] = &[
    (
        "relay",
        &[
            "mailpush.retry.alarm-mail.high.alarm.00",
            "mailpush.dead.alarm-mail",
            "mailpush.parked.alarm-mail",
            "$KV.mailpush_verdicts.x",
            "$KV.mailpush_revocations.x",
            "$KV.mailpush_tickets.x",
            "$JS.API.DIRECT.GET.KV_mailpush_tickets.$KV.mailpush_tickets.x",
            "$JS.API.CONSUMER.CREATE.mailpush_JOBS",
            "$JS.ACK.mailpush_JOBS.alarm.1.1.1.1.1",
        ],
        &["mailpush.live.>", "mailpush.job.>", "_INBOX_pusher.>", "_INBOX.>"],
    ),
    (
        "pusher",
        &[
            "mailpush.job.high.alarm.00",
            "mailpush.retry.alarm-mail.high.alarm.00",
            "mailpush.dead.alarm-mail",
            "$KV.mailpush_leases.x",
            "$JS.API.CONSUMER.CREATE.mailpush_STATE",
            "$JS.API.STREAM.MSG.GET.mailpush_JOBS",
            "$JS.API.DIRECT.GET.mailpush_DEAD",
        ],
        &["mailpush.state.>", "mailpush.job.>", "_INBOX_notifyd.>", "_INBOX.>"],
    ),
    (
        "notifyd",
        &[
            "mailpush.state.00.00",
            "mailpush.live.00.00.revoked",
            "mailpush.job.high.alarm.00",
            "$KV.mailpush_verdicts.x",
            "$KV.mailpush_revocations.x",
            "$JS.API.DIRECT.GET.mailpush_STATE.mailpush.state.00.00",
            "$JS.API.DIRECT.GET.KV_mailpush_verdicts.$KV.mailpush_verdicts.x",
            "$JS.API.CONSUMER.CREATE.mailpush_STATE",
        ],
        &["mailpush.live.>", "mailpush.state.>", "_INBOX_relay.>", "_INBOX.>"],
    ),
    (
        "operator",
        &[
            "mailpush.state.00.00",
            "mailpush.live.00.00.revoked",
            "mailpush.job.high.alarm.00",
            "$KV.mailpush_leases.x",
        ],
        &["mailpush.>", "_INBOX_relay.>"],
    ),
];

/// What nobody may do.
const FORBIDDEN_TO_ALL: &[&str] = &[
    "$JS.API.STREAM.DELETE.mailpush_STATE",
    "$JS.API.STREAM.PURGE.mailpush_JOBS",
    "$JS.API.STREAM.MSG.GET.mailpush_STATE",
    "$JS.API.STREAM.SNAPSHOT.mailpush_STATE",
    "$JS.API.STREAM.RESTORE.mailpush_STATE",
    "$JS.API.CONSUMER.DELETE.mailpush_STATE.x",
    "$JS.API.META.LEADER.STEPDOWN",
    "$SYS.REQ.SERVER.PING",
    "other",
];

#[tokio::test(flavor = "multi_thread")]
async fn each_service_is_refused_what_is_not_its_business() {
    for version in Version::ALL {
        let nats = apart::nats(version).await;
        assert_eq!(FORBIDDEN.len(), USERS.len());
        for (user, publish, subscribe) in FORBIDDEN {
            let mut client = Client::connect_as(&nats, user, &password(user)).await;
            for subject in publish.iter().chain(FORBIDDEN_TO_ALL) {
                assert!(!client.may_publish(subject).await, "{version:?}: {user} publishes to {subject}");
            }
            for subject in *subscribe {
                assert!(!client.may_subscribe(subject).await, "{version:?}: {user} subscribes to {subject}");
            }
            let inbox = format!("_INBOX_{user}.a.b");
            assert!(client.may_subscribe(&inbox).await, "{version:?}: {user} hears no answer");
        }
        for user in ["relay", "pusher", "notifyd"] {
            let mut client = Client::connect_as(&nats, user, &password(user)).await;
            assert!(!client.may_publish("$JS.API.STREAM.UPDATE.mailpush_STATE").await);
            assert!(!client.may_publish("$JS.API.STREAM.CREATE.spy").await);
        }
        let mut nobody = Client::connect(&nats).await;
        nobody.line_with("Authorization Violation").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_provisions_and_a_service_finds_it_done() {
    for version in Version::ALL {
        let nats = apart::nats(version).await;
        let site = Apart::on(&nats);
        let (code, said) = site.provision(&[]).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("mailpush_STATE: made, max_bytes 1GiB"), "{said}");
        assert!(said.contains("NATS belongs to this key"), "{said}");
        let (code, said) = site.provision(&[]).await;
        assert_eq!((code, said.trim()), (Some(0), "mailpush: nothing to change"));
        let streams = async || {
            let found = nats.jsz().await["account_details"][0]["stream_detail"].clone();
            found.as_array().map_or(0, Vec::len)
        };
        let before = streams().await;
        assert!(before >= 10, "{before} streams are there");
        let relay = site.relay("relay").await;
        relay.wait_until_ready(true).await;
        apart::assert_refused_nothing(&nats);
        assert_eq!(streams().await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_nats_does_not_take_says_why() {
    for version in Version::ALL {
        let mut nats = apart::nats(version).await;
        let site = Apart::on(&nats);
        let (code, said) = site.provision(&[]).await;
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = site.provision_as("nobody", &[]).await;
        assert_eq!(code, Some(77), "{said}");
        assert!(said.contains("NATS is not changed: server refused our credentials"), "{said}");
        assert!(!said.contains("the password"), "{said}");

        site.change_key();
        let (code, said) = site.provision(&[]).await;
        assert_eq!(code, Some(64), "{said}");
        assert!(said.contains("another account key"), "{said}");
        let (code, said) = site.provision(&["--replace-key"]).await;
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(site.provision(&[]).await.0, Some(0));

        nats.kill();
        let (code, said) = site.provision(&[]).await;
        assert_eq!(code, Some(69), "{said}");
        assert!(said.contains("the connection is refused or cut"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_another_key_is_not_taken_for_one_of_the_site() {
    let nats = apart::nats(Version::Debian).await;
    let site = Apart::on(&nats);
    let first = site.relay("first").await;
    first.wait_until_ready(true).await;
    site.change_key();
    let (code, said) = site.start_in_vain("pusher").await;
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("another account key"), "{said}");
    // Cyrus is answered all the same, and what it says is kept for the right key.
    let other = site.relay("other").await;
    other.wait_until_told("another account key").await;
    other.change("alice", 7).await;
    eventually(PATIENCE, "it is kept", async || {
        (other.metric("relay_spool_records").await >= 1.0).then_some(())
    })
    .await;
    let streams = nats.jsz().await["account_details"][0]["stream_detail"].clone();
    let mut state =
        streams.as_array().into_iter().flatten().filter(|stream| stream["name"] == "mailpush_STATE");
    assert_eq!(state.next().map(|stream| stream["state"]["messages"].clone()), Some(0.into()));
    first.wait_until_ready(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_says_why_the_bus_is_away() {
    for version in Version::ALL {
        let mut nats = apart::nats(version).await;
        let site = Apart::on(&nats);
        let mut relay = site.relay("relay").await;
        relay.wait_until_ready(true).await;
        let mut names = nats.connz().await["connections"].as_array().cloned().unwrap_or_default();
        let name = names.pop().map(|connection| connection["name"].to_string()).unwrap_or_default();
        assert!(name.starts_with("\"mailpush relay "), "{name}");
        nats.kill();
        relay.wait_until_told("bus: server cannot be reached: the connection is refused or cut").await;
        nats.restart().await;
        relay.wait_until_ready(true).await;
        relay.program.wait_for_line("Bus is ready", PATIENCE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_looked_at_given_back_and_dropped() {
    for version in Version::ALL {
        let (nats, smtp) = (apart::nats(version).await, RealSmtp::start().await);
        let site = Apart::on(&nats);
        let notifyd = site.notifyd(smtp.port()).await;
        notifyd.wait_until_ready(true).await;
        let command =
            async |words: &[&str]| site.command(&notifyd, &[&["dead-letters"], words].concat()).await;
        assert_eq!(command(&["list"]).await, (true, "no dead letters\n".to_owned()));

        // No event that any release knows.
        let mut client = Client::connect_as(&nats, "relay", &password("relay")).await;
        for _ in 0..3 {
            let subject = "mailpush.job.high.alarm.00000000000000000000000000000000";
            client.send(&format!("PUB {subject} 16\r\na secret subject\r\n")).await;
        }
        let listed = eventually(PATIENCE, "they are dead", async || {
            let (_, listed) = command(&["list"]).await;
            (listed.lines().count() == 3).then_some(listed)
        })
        .await;
        let first: Vec<_> = listed.lines().next().unwrap_or_default().split('\t').collect();
        let (group, number) = (first[0], first[1]);
        assert!(first[2].ends_with("s ago") && first[5].contains("event id"), "{listed}");
        let (is_done, shown) = command(&["show", group, number]).await;
        assert!(is_done && shown.contains("--content shows them") && !shown.contains("secret"), "{shown}");
        let (_, shown) = command(&["show", "--content", group, number]).await;
        assert!(shown.contains("a secret subject"), "{shown}");
        assert!(!listed.contains("secret"), "{listed}");

        // It dies again, with another number.
        assert_eq!(command(&["redeliver", group, number]).await, (true, "1 given back\n".to_owned()));
        eventually(PATIENCE, "it is dead again", async || {
            let (_, again) = command(&["list", group]).await;
            (again.lines().count() == 3 && !again.contains(&format!("\t{number}\t"))).then_some(())
        })
        .await;
        let (is_done, said) = command(&["redeliver", group, number]).await;
        assert!(!is_done && said.contains("there is no such dead letter"), "{said}");
        assert_eq!(command(&["drop", group, "--all"]).await, (true, "3 dropped\n".to_owned()));
        assert_eq!(command(&["list"]).await, (true, "no dead letters\n".to_owned()));
        apart::assert_refused_nothing(&nats);
    }
}
