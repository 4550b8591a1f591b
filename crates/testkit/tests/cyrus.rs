//! A real Cyrus does what this kit promises, and sends what `docs/cyrus-facts.md` says.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::collector::Collector;
use testkit::cyrus::{Cyrus, Notify, Profile, Separator};
use testkit::icalendar::{Alarm, event};
use testkit::{Scratch, eventually, message};

const SOON: Duration = Duration::from_secs(20);

/// A server that tells its changes to a collector.
struct Server {
    cyrus: Cyrus,
    collector: Collector,
    _scratch: Scratch,
}

async fn server(with: impl FnOnce(testkit::cyrus::Builder) -> testkit::cyrus::Builder) -> Server {
    let scratch = Scratch::new();
    let socket = scratch.join("notify");
    let collector = Collector::listen(&socket);
    let cyrus = with(Cyrus::builder(Notify::Dlist(socket))).start().await;
    Server { cyrus, collector, _scratch: scratch }
}

impl Server {
    /// The first event that `wanted` accepts.
    async fn event(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(SOON, what, async || self.collector.events().into_iter().find(&wanted)).await
    }

    /// The highest of each counter of a user's events, in the order of the counters.
    fn highest(&self, user: &str) -> Vec<u64> {
        let path = format!("/user/{user}");
        let mut highest = vec![0; 13];
        let events = self.collector.events();
        for event in
            events.iter().filter(|event| event["uri"].as_str().is_some_and(|uri| uri.contains(&path)))
        {
            for (known, counter) in highest.iter_mut().zip(counters(event)) {
                *known = counter.max(*known);
            }
        }
        highest
    }

    /// Waits until mail, caldav and carddav among alice's counters are the states that JMAP gives.
    async fn assert_counters_are_states(&self, after: &str) {
        let jmap = self.cyrus.jmap("alice");
        eventually(SOON, &format!("the counters are the states after {after}"), async || {
            let states = [
                jmap.state_of("Email").await,
                jmap.state_of("Calendar").await,
                jmap.state_of("Contact").await,
            ];
            let highest = self.highest("alice");
            let counters = [2, 3, 4].map(|place| highest[place].to_string());
            (states == counters).then_some(())
        })
        .await;
        assert_eq!(jmap.state_of("Mailbox").await, jmap.state_of("Email").await, "{after}");
        assert_eq!(jmap.state_of("Thread").await, jmap.state_of("Email").await, "{after}");
        assert_eq!(jmap.state_of("CalendarEvent").await, jmap.state_of("Calendar").await, "{after}");
    }
}

fn counters(event: &Value) -> Vec<u64> {
    let text = event["vnd.fastmail.counters"].as_str().unwrap_or_default();
    text.split(' ').filter_map(|number| number.parse().ok()).collect()
}

fn named<'a>(name: &'a str, uri: &'a str) -> impl Fn(&Value) -> bool + use<'a> {
    move |event| event["event"] == name && event["uri"].as_str().is_some_and(|known| known.contains(uri))
}

#[tokio::test]
async fn a_real_cyrus_takes_a_delivery_and_shows_it_by_imap() {
    let server = server(|builder| builder).await;
    let mut alice = server.cyrus.imap("alice").await;
    server.cyrus.deliver("alice", &message("Holiday pictures")).await;
    alice.select("INBOX").await;
    let text = alice.read("1").await.concat();
    assert!(text.contains("Subject: Holiday pictures"), "{text}");
    let delivered = server.event("MessageNew", named("MessageNew", "/user/alice;")).await;
    assert_eq!(delivered["service"], "lmtp");
}

#[tokio::test]
async fn the_highest_counters_are_the_jmap_states_after_every_change() {
    let server = server(|builder| builder).await;
    let mut alice = server.cyrus.imap("alice").await;
    let (jmap, dav) = (server.cyrus.jmap("alice"), server.cyrus.dav("alice"));
    server.assert_counters_are_states("the first login").await;
    for _ in 0..3 {
        server.cyrus.deliver("alice", &message("Plans")).await;
    }
    server.assert_counters_are_states("three deliveries").await;
    alice.select("INBOX").await;
    alice.read("1").await;
    server.assert_counters_are_states("a read").await;
    alice.store("1", "+FLAGS", "\\Flagged").await;
    server.assert_counters_are_states("a flag").await;
    alice.create("Projects").await;
    server.assert_counters_are_states("a folder created").await;
    alice.move_to("2", "Projects").await;
    server.assert_counters_are_states("a move").await;
    alice.copy("1", "Projects").await;
    alice.store("1", "+FLAGS", "\\Deleted").await;
    alice.expunge().await;
    server.assert_counters_are_states("an expunge").await;
    alice.rename("Projects", "Projekte").await;
    server.assert_counters_are_states("a folder renamed").await;
    alice.delete("Projekte").await;
    server.assert_counters_are_states("a folder deleted").await;
    dav.put_event("e1", &event("e1", "Lunch", Alarm::None, 3600).text()).await;
    server.assert_counters_are_states("a calendar event").await;
    dav.put_contact("c1", "Jane Doe").await;
    server.assert_counters_are_states("a contact").await;
    let mail = jmap.emails().await.remove(0);
    jmap.set_email(&mail, "keywords/$flagged", json!(true)).await;
    server.assert_counters_are_states("a keyword by JMAP").await;
    jmap.create_mailbox("From JMAP").await;
    server.assert_counters_are_states("a folder by JMAP").await;
}

#[tokio::test]
async fn a_message_event_carries_the_counters_of_before() {
    let server = server(|builder| builder).await;
    let _alice = server.cyrus.imap("alice").await;
    server.cyrus.deliver("alice", &message("One")).await;
    let delivered = server.event("MessageNew", named("MessageNew", "/user/alice;")).await;
    let modseq = delivered["modseq"].as_u64().expect("a delivery has a modseq");
    assert!(counters(&delivered)[2] < modseq);
    let committed = server.event("MailboxModseq", named("MailboxModseq", "/user/alice;")).await;
    assert_eq!(counters(&committed)[2], modseq);
    assert_eq!(committed["user"], "");
}

#[tokio::test]
async fn a_user_made_again_begins_at_one_and_only_the_inbox_tells_it_by_uidvalidity() {
    let server = server(|builder| builder).await;
    let mut bob = server.cyrus.imap("bob").await;
    for folder in ["One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight"] {
        bob.create(folder).await;
    }
    bob.logout().await;
    let mut admin = server.cyrus.admin().await;
    admin.set_acl("user/bob", "cyrus", "lrswipkxtecdan").await;
    admin.delete("user/bob").await;
    admin.create("user/bob").await;
    let created = |events: Vec<Value>| {
        events.into_iter().filter(named("MailboxCreate", "/user/bob;")).collect::<Vec<_>>()
    };
    let creations = eventually(SOON, "two creations of the INBOX", async || {
        let creations = created(server.collector.events());
        (creations.len() == 2).then_some(creations)
    })
    .await;
    assert_eq!(counters(&creations[1])[..3], [9, 1, 1], "highest and mail begin again");
    assert!(uid_validity(&creations[1]) > uid_validity(&creations[0]), "the INBOX has a later UIDVALIDITY");
    let before = server.highest("bob")[12];
    assert!(counters(&creations[1])[12] < before, "the one among the counters went down");
}

fn uid_validity(event: &Value) -> u64 {
    let uri = event["uri"].as_str().unwrap_or_default();
    let number = uri.split_once(";UIDVALIDITY=").map(|(_, number)| number).unwrap_or_default();
    number.parse().unwrap_or_default()
}

#[tokio::test]
async fn without_conversations_every_counter_is_zero_and_there_is_no_jmap() {
    let server = server(|builder| builder.profile(Profile::NoConversations)).await;
    let _alice = server.cyrus.imap("alice").await;
    server.cyrus.deliver("alice", &message("One")).await;
    let delivered = server.event("MessageNew", named("MessageNew", "/user/alice;")).await;
    assert_eq!(counters(&delivered), vec![0; 13]);
    assert!(delivered["modseq"].as_u64().is_some_and(|modseq| modseq > 0));
    assert_eq!(server.cyrus.jmap("alice").session_status().await, 404);
}

#[tokio::test]
async fn with_dots_between_folders_a_dot_in_a_user_name_becomes_a_caret() {
    let server = server(|builder| builder.separator(Separator::Dot)).await;
    server.cyrus.imap("a.b").await.create("Plans").await;
    server.cyrus.imap("erin@example.com").await.create("Plans").await;
    server.event("the folder of a.b", named("MailboxCreate", "/user.a%5Eb.Plans;")).await;
    server.event("the folder of erin", named("MailboxCreate", "/user.erin.Plans%40example.com;")).await;
}

#[tokio::test]
async fn an_alarm_set_by_caldav_is_told_once_its_time_has_come() {
    let server = server(|builder| builder).await;
    let _alice = server.cyrus.imap("alice").await;
    let dav = server.cyrus.dav("alice");
    dav.propfind(&dav.calendar()).await;
    let alarm = Alarm::Email("alice@example.org");
    dav.put_event("lunch", &event("lunch", "Lunch, late", alarm, 1).text()).await;
    let minute = Duration::from_secs(90);
    let told = eventually(minute, "CalendarAlarm", async || {
        server.collector.events().into_iter().find(|event| event["event"] == "CalendarAlarm")
    })
    .await;
    assert_eq!(told["action"], "email");
    assert_eq!(told["timezone"], "Europe/Berlin");
}

#[tokio::test]
async fn no_process_of_a_server_survives_it() {
    let server = server(|builder| builder).await;
    let _alice = server.cyrus.imap("alice").await;
    let conf = server.cyrus.imapd_conf().display().to_string();
    assert!(running(&conf) > 1, "master and its children run");
    drop(server);
    assert_eq!(running(&conf), 0);
}

/// How many processes have `text` in their command line.
fn running(text: &str) -> usize {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(text)).count()
}

#[tokio::test]
async fn the_datagram_form_reaches_a_socket_of_another_user() {
    let scratch = Scratch::new();
    let path = scratch.join("notify");
    let socket = tokio::net::UnixDatagram::bind(&path).expect("nothing else is there");
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::set_permissions(&path, everybody).expect("the socket is ours");
    let cyrus = Cyrus::builder(Notify::Datagram(path)).start().await;
    let _alice = cyrus.imap("alice").await;
    let mut datagram = vec![0; 1 << 16];
    let length =
        tokio::time::timeout(SOON, socket.recv(&mut datagram)).await.expect("one comes").expect("it is read");
    let fields: Vec<_> = datagram[..length].split(|byte| *byte == 0).collect();
    assert_eq!(fields[..2], [b"pusher".as_slice(), b"EVENT"]);
    assert!(fields.iter().any(|field| field.starts_with(b"{\"event\":\"MailboxCreate\"")));
}

#[tokio::test]
async fn a_sieve_script_is_notified_without_its_owner_in_the_uri() {
    let server = server(|builder| builder).await;
    let _alice = server.cyrus.imap("alice").await;
    server.cyrus.sieve("alice", "keep;\r\n").await;
    let told = server.event("the Sieve folder", |event| event["vnd.cmu.mbtype"] == "f").await;
    assert!(told["uri"].as_str().is_some_and(|uri| uri.contains("/user;UIDVALIDITY=")), "{told}");
    assert!(told["vnd.cmu.mailboxACL"].as_str().is_some_and(|acl| acl.starts_with("alice\t")), "{told}");
}
