//! relay, pusher and notifyd in processes of their own, on the NATS servers that operators run, with the files of
//! `deploy/nats/`.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use testkit::{
    cyrus, eventually,
    icalendar::{self, Alarm},
    message,
    nats::{Client, Nats, Version},
    smtp::RealSmtp,
};
use tests::{
    Alone, Apart, Follower,
    alone::bearer,
    apart::{self, USERS, password},
};

/// Processes find each other again within seconds; a busy machine takes longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Cyrus looks for alarms every 10 s or so.
const ALARM_WITHIN: Duration = Duration::from_secs(60);

async fn reaches(stream: &Follower, user: &str, modseq: u64) {
    let expected = BTreeMap::from([("Email".to_owned(), modseq.to_string())]);
    tokio::select! {
        _ = stream.reaches(user, &expected, PATIENCE) => {}
        () = async { eventually(PATIENCE * 2, "it ends", async || stream.has_ended().then_some(())).await } => {
            panic!("the stream ended before {modseq} was told: {:?}", stream.told());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_on_cyrus_is_told_by_every_pusher_and_mailed_by_notifyd() {
    for version in Version::ALL {
        let (nats, smtp) = (apart::nats(version).await, RealSmtp::start().await);
        let site = Apart::on(&nats);
        let notifyd = site.notifyd(smtp.port()).await;
        let relay = site.relay("relay").await;
        let cyrus = site.cyrus("relay").await;
        cyrus.imap("alice").await;
        let http = cyrus.http();
        let pushers = [site.pusher("one", Some(&http)).await, site.pusher("two", Some(&http)).await];
        let pair = format!("{}:{}", cyrus.address("alice"), cyrus::PASSWORD);
        let basic = format!("Basic {}", STANDARD.encode(pair));
        let streams = [pushers[0].follow_with(&basic).await, pushers[1].follow_with(&basic).await];

        cyrus.deliver("alice", &message("Lunch?")).await;
        let state = cyrus.jmap("alice").state_of("Email").await;
        for stream in &streams {
            let expected = BTreeMap::from([("Email".to_owned(), state.clone())]);
            stream.reaches("alice", &expected, PATIENCE).await;
        }
        let display = icalendar::event("show-me", "Stand-up", Alarm::Display, 3);
        let email = icalendar::event("mail-me", "Team lunch", Alarm::Email("alice@example.org"), 3);
        cyrus.dav("alice").put_event("show-me", &display.text()).await;
        cyrus.dav("alice").put_event("mail-me", &email.text()).await;
        smtp.wait_for_mails(1, ALARM_WITHIN).await;
        for stream in &streams {
            eventually(ALARM_WITHIN, "the display alarm is told", async || {
                stream.events("calendarAlert").pop()
            })
            .await;
        }
        for process in [&relay, &notifyd, &pushers[0], &pushers[1]] {
            process.wait_until_ready(true).await;
        }
        apart::assert_refused_nothing(&nats);
    }
}

/// Relay, a pusher, and a stream of alice that has reached modseq 10.
struct Line {
    nats: Nats,
    relay: apart::Process,
    pusher: apart::Process,
    stream: Follower,
    site: Apart,
}

impl Line {
    async fn start(version: Version) -> Self {
        let nats = apart::nats(version).await;
        let site = Apart::on(&nats);
        let relay = site.relay("relay").await;
        let pusher = site.pusher("one", None).await;
        relay.change("alice", 10).await;
        let stream = pusher.follow("alice").await;
        reaches(&stream, "alice", 10).await;
        Self { nats, relay, pusher, stream, site }
    }

    /// What comes while NATS is away is answered and kept, and both say that they are not ready.
    async fn outage(&self, modseqs: std::ops::Range<u32>) {
        for process in [&self.relay, &self.pusher] {
            process.wait_until_ready(false).await;
        }
        let waiting = f64::from(modseqs.end - modseqs.start);
        for modseq in modseqs {
            self.relay.change("alice", modseq.into()).await;
        }
        eventually(PATIENCE, &format!("{waiting} wait in the spool"), async || {
            (self.relay.metric("relay_spool_records").await >= waiting).then_some(())
        })
        .await;
    }

    /// All is told, in order, and everybody is well.
    async fn converges(&self, modseq: u64) {
        reaches(&self.stream, "alice", modseq).await;
        self.relay.wait_until_published().await;
        for process in [&self.relay, &self.pusher] {
            process.wait_until_ready(true).await;
        }
        apart::assert_refused_nothing(&self.nats);
        self.stream.assert_never_backwards("alice");
        assert!(!self.stream.has_ended(), "an outage of the bus ends no stream");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_nats_delays_and_loses_nothing() {
    for version in Version::ALL {
        let mut line = Line::start(version).await;
        line.nats.kill();
        line.outage(11..40).await;
        line.nats.restart().await;
        line.converges(39).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_that_hangs_is_told_and_waited_for() {
    for version in Version::ALL {
        let line = Line::start(version).await;
        line.nats.pause();
        line.outage(11..20).await;
        line.nats.resume();
        line.converges(19).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_begin_and_end_in_order_while_nats_is_away() {
    let mut line = Line::start(Version::Debian).await;
    line.nats.kill();
    line.outage(11..15).await;
    let mut waiting = line.site.waiting_pusher().await;
    waiting.wait_until_ready(false).await;
    assert_eq!(waiting.admin("/live").await.trim(), "live");
    waiting.stop().await;
    line.pusher.stop().await;
    line.relay.stop().await;
    // What was answered is published after it.
    line.nats.restart().await;
    let relay = line.site.relay("relay").await;
    relay.wait_until_published().await;
    let pusher = line.site.pusher("one", None).await;
    reaches(&pusher.follow("alice").await, "alice", 14).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_nats_in_place_of_the_old_one_is_filled_again() {
    for version in Version::ALL {
        let mut line = Line::start(version).await;
        line.nats.kill();
        line.outage(11..20).await;
        line.nats.restart_empty().await;
        line.converges(19).await;
        // Who comes later finds the state there.
        let later = line.site.pusher("two", None).await;
        reaches(&later.follow("alice").await, "alice", 19).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_spool_of_another_relay_moves_nothing_backwards() {
    for version in Version::ALL {
        let mut nats = apart::nats(version).await;
        let site = Apart::on(&nats);
        nats.kill();
        let mut late = site.relay("late").await;
        for modseq in 1..60 {
            late.change("alice", modseq).await;
        }
        late.program.kill();
        nats.restart().await;

        let relay = site.relay("relay").await;
        let pusher = site.pusher("one", None).await;
        relay.change("alice", 60).await;
        let stream = pusher.follow("alice").await;
        reaches(&stream, "alice", 60).await;
        let late = site.relay("late").await;
        for modseq in 61..90 {
            relay.change("alice", modseq).await;
        }
        late.wait_until_published().await;
        reaches(&stream, "alice", 89).await;
        stream.assert_never_backwards("alice");
        // Both write on, each to what the other left.
        late.change("alice", 90).await;
        reaches(&stream, "alice", 90).await;
        stream.assert_never_backwards("alice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_servers_go_on_when_one_dies() {
    for version in Version::ALL {
        let mut cluster = apart::cluster(version).await;
        let [one, two, three] = &cluster;
        let site = Apart::on_all(&[one, two, three], 3);
        let relay = site.relay("relay").await;
        let pusher = site.pusher("one", None).await;
        relay.change("alice", 10).await;
        relay.wait_until_published().await;
        pusher.wait_until_ready(true).await;
        let stream = pusher.follow("alice").await;
        reaches(&stream, "alice", 10).await;
        for (number, modseq) in [(0, 11), (1, 12)] {
            cluster[number].kill();
            relay.change("alice", modseq).await;
            reaches(&stream, "alice", modseq).await;
            cluster[number].restart().await;
            relay.wait_until_ready(true).await;
        }
        stream.assert_never_backwards("alice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_to_be_counted_is_counted() {
    let line = Line::start(Version::Current).await;
    let page = include_str!("../../docs/nats.md");
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

#[tokio::test(flavor = "multi_thread")]
async fn relay_takes_notifications_before_there_is_a_nats() {
    let mut nats = apart::nats(Version::Current).await;
    nats.kill();
    let site = Apart::on(&nats);
    let relay = site.relay("relay").await;
    relay.wait_until_ready(false).await;
    relay.change("alice", 7).await;
    nats.restart().await;
    relay.wait_until_published().await;
    relay.wait_until_ready(true).await;
    let pusher = site.pusher("one", None).await;
    reaches(&pusher.follow("alice").await, "alice", 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_in_one_process_can_meet_on_nats_too() {
    let nats = Nats::start(Version::Debian).await;
    let alone = Alone::start_on(&nats.url()).await;
    alone.change("alice", 5).await;
    let (url, token) = (alone.url("/jmap/eventsource/?types=*&closeafter=no&ping=0"), bearer("alice"));
    let stream = Follower::start(&url, &[("Authorization", &token)]).await;
    reaches(&stream, "alice", 5).await;
    let streams = nats.jsz().await["streams"].as_u64().unwrap_or_default();
    assert!(streams >= 9, "{streams} streams are there");
}
