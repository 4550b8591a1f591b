//! A change in a real Cyrus reaches a stream: exactly the state that Cyrus' own `Foo/get` answers, soon, and never
//! a step backwards.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use testkit::{
    cyrus::Separator,
    icalendar::{self, Alarm},
    message,
};
use tests::{Beside, Follower, Form, Plan};
use tokio::time::Instant;

/// Ten times what is promised (50 ms): the machine that runs the tests has other things to do.
const TOLD_WITHIN: Duration = Duration::from_millis(500);
/// For what a test waits for before it begins to measure.
const PATIENCE: Duration = Duration::from_secs(10);

/// The types that a Cyrus 3.6 answers for.
const TYPES: [&str; 7] =
    ["Email", "Mailbox", "Thread", "Calendar", "CalendarEvent", "Contact", "ContactGroup"];

struct Witness<'a> {
    beside: &'a Beside,
    user: &'a str,
    account: String,
    stream: Follower,
}

impl<'a> Witness<'a> {
    async fn of(beside: &'a Beside, user: &'a str) -> Self {
        let jmap = beside.cyrus.jmap(user);
        // The first look at calendars and contacts creates the default ones.
        for kind in TYPES {
            jmap.state_of(kind).await;
        }
        let account = jmap.account_id().await;
        let stream = beside.follow(user).await;
        let witness = Self { beside, user, account, stream };
        witness.stream.reaches(&witness.account, &witness.answers().await, PATIENCE).await;
        witness
    }

    /// What Cyrus' own `Foo/get` answers.
    async fn answers(&self) -> BTreeMap<String, String> {
        let jmap = self.beside.cyrus.jmap(self.user);
        let mut answers = BTreeMap::new();
        for kind in TYPES {
            answers.insert(kind.to_owned(), jmap.state_of(kind).await);
        }
        answers
    }

    /// After `action`: something moved, and the stream says what Cyrus says, in time.
    async fn sees(&self, name: &str, action: impl Future<Output = ()>) {
        let before = self.stream.states(&self.account);
        action.await;
        let done = Instant::now();
        let answers = self.answers().await;
        assert!(answers.iter().any(|(kind, state)| before.get(kind) != Some(state)), "{name} moves a state");
        let told = self.stream.reaches(&self.account, &answers, PATIENCE).await;
        let took = told.saturating_duration_since(done);
        eprintln!("{name}: told {} µs after it was done", took.as_micros());
        assert!(took <= TOLD_WITHIN, "{name} was told after {took:?}");
    }
}

async fn every_action_is_told(form: Form) {
    let beside = Beside::start(Plan { form, ..Plan::default() }).await;
    let cyrus = &beside.cyrus;
    let mut imap = cyrus.imap("alice").await;
    let witness = Witness::of(&beside, "alice").await;
    let (dav, jmap) = (cyrus.dav("alice"), cyrus.jmap("alice"));

    let mail = message("Holiday pics");
    witness.sees("delivery", cyrus.deliver("alice", &mail)).await;
    witness.sees("second delivery", cyrus.deliver("alice", &mail)).await;
    imap.select("INBOX").await;
    witness.sees("read", imap.store("1", "+FLAGS", "\\Seen")).await;
    witness.sees("flag", imap.store("1", "+FLAGS", "\\Flagged")).await;
    witness.sees("create", imap.create("Projects")).await;
    witness.sees("copy", imap.copy("1", "Projects")).await;
    witness.sees("move", imap.move_to("2", "Projects")).await;
    witness.sees("rename", imap.rename("Projects", "Projekte")).await;
    witness.sees("delete folder", imap.delete("Projekte")).await;
    witness
        .sees("expunge", async {
            imap.store("1", "+FLAGS", "\\Deleted").await;
            imap.expunge().await;
        })
        .await;
    let event = icalendar::event("one", "Team lunch, café", Alarm::None, 3600).text();
    witness.sees("CalDAV put", dav.put_event("one", &event)).await;
    witness.sees("CalDAV delete", dav.delete_event("one")).await;
    witness.sees("CardDAV put", dav.put_contact("jane", "Jane Doe")).await;
    cyrus.deliver("alice", &mail).await;
    let id = jmap.emails().await.pop().expect("a mail was delivered");
    witness
        .sees("JMAP Email/set", async {
            jmap.set_email(&id, "keywords/$flagged", json!(true)).await;
        })
        .await;
    witness
        .sees("JMAP Mailbox/set", async {
            jmap.create_mailbox("By JMAP").await;
        })
        .await;
    witness.stream.assert_never_backwards(&witness.account);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_told_in_the_dlist_form() {
    every_action_is_told(Form::Dlist).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_told_in_the_datagram_form() {
    every_action_is_told(Form::Datagram).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_domain_and_the_dotted_hierarchy_are_told_too() {
    let plan = Plan { separator: Separator::Dot, ..Plan::default() };
    let beside = Beside::start(plan).await;
    let mut imap = beside.cyrus.imap("erin@example.com").await;
    let erin = Witness::of(&beside, "erin@example.com").await;
    assert_eq!(erin.account, "erin@example.com");
    erin.sees("create", imap.create("Plans")).await;
    erin.sees("delivery", beside.cyrus.deliver("erin@example.com", &message("To another domain"))).await;
    beside.cyrus.imap("a.b").await;
    let dotted = Witness::of(&beside, "a.b").await;
    dotted.sees("delivery", beside.cyrus.deliver("a.b", &message("To a dotted name"))).await;
    erin.stream.assert_never_backwards(&erin.account);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_and_only_a_delivery_moves_email_delivery() {
    let beside = Beside::start(Plan::default()).await;
    let mut imap = beside.cyrus.imap("alice").await;
    let witness = Witness::of(&beside, "alice").await;
    witness.sees("delivery", beside.cyrus.deliver("alice", &message("One"))).await;
    let delivered = witness.stream.states(&witness.account).get("EmailDelivery").cloned();
    assert!(delivered.is_some(), "a delivery is told as EmailDelivery");
    imap.select("INBOX").await;
    witness.sees("flag", imap.store("1", "+FLAGS", "\\Flagged")).await;
    witness.sees("append", imap.append("INBOX", "", &message("Draft").text())).await;
    assert_eq!(witness.stream.states(&witness.account).get("EmailDelivery"), delivered.as_ref());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_deleted_and_created_again_starts_a_new_life_on_the_stream() {
    let beside = Beside::start(Plan::default()).await;
    beside.cyrus.imap("bob").await;
    let witness = Witness::of(&beside, "bob").await;
    for subject in ["One", "Two", "Three"] {
        witness.sees("delivery", beside.cyrus.deliver("bob", &message(subject))).await;
    }
    witness.stream.assert_never_backwards(&witness.account);
    let high: u64 = witness.stream.states(&witness.account)["Email"].parse().unwrap();

    let old_cursor = witness.stream.cursor();
    let mut admin = beside.cyrus.admin().await;
    admin.set_acl("user/bob", "cyrus", "lrswipkxtecda").await;
    admin.delete("user/bob").await;
    admin.create("user/bob").await;
    beside.cyrus.deliver("bob", &message("In the new life")).await;

    let answers = witness.answers().await;
    let low: u64 = answers["Email"].parse().unwrap();
    assert!(low < high, "the new life counts from the beginning");
    witness.stream.reaches(&witness.account, &answers, PATIENCE).await;
    // Who reconnects with a cursor of the old life is told the whole new state.
    let again = beside.follow_from("bob", old_cursor.as_deref()).await;
    again.reaches(&witness.account, &answers, PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnect_with_a_cursor_tells_exactly_what_was_missed() {
    let mut beside = Beside::start(Plan::default()).await;
    beside.cyrus.imap("alice").await;
    let first = beside.follow_events("alice", None).await;
    let cursor = testkit::eventually(PATIENCE, "the first state is told", async || first.cursor()).await;
    let pushes = first.events("push");
    assert_eq!(pushes.len(), 1);
    drop(first);

    let same = beside.follow_events("alice", Some(&cursor)).await;
    testkit::eventually(PATIENCE, "a comment comes", async || {
        same.told().iter().any(|told| told.frame.comment.is_some()).then_some(())
    })
    .await;
    assert_eq!(same.events("push"), [] as [serde_json::Value; 0]);
    drop(same);

    for subject in ["One", "Two", "Three"] {
        beside.cyrus.deliver("alice", &message(subject)).await;
    }
    beside.restart().await;
    let later = beside.follow_events("alice", Some(&cursor)).await;
    let state = beside.cyrus.jmap("alice").state_of("Email").await;
    testkit::eventually(PATIENCE, "what was missed is told", async || later.events("push").pop()).await;
    let told = later.events("push");
    assert_eq!(told.len(), 1, "one event tells everything: {told:?}");
    assert_eq!(told[0]["mailModSeq"].to_string(), state);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_an_account_that_was_never_heard_of_is_asked_of_the_mail_server() {
    let mut beside = Beside::start(Plan::default()).await;
    beside.cyrus.imap("alice").await;
    beside.cyrus.deliver("alice", &message("One")).await;
    beside.restart_with_an_empty_bus().await;
    // Nothing changes any more: what is told was asked for, with the client's own credential.
    let witness = Witness::of(&beside, "alice").await;
    witness.sees("delivery", beside.cyrus.deliver("alice", &message("Two"))).await;
    witness.stream.assert_never_backwards(&witness.account);
}
