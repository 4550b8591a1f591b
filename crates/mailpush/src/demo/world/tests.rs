use cyrus::{Dialect, Notice};
use mailbox_event::Naming;

use super::*;

/// The recorded life of an account, line by line as the server said it.
const CAPTURES: &str = include_str!("../captures.jsonl");

fn world_after(lines: usize) -> World {
    let dialect = Dialect::new(Naming::new("example.org"));
    let mut world = World::default();
    for (line, at) in CAPTURES.lines().take(lines).zip(1..) {
        let notice =
            Notice { class: "EVENT".to_owned(), message: line.as_bytes().to_vec(), ..Notice::default() };
        world.apply(&dialect.decode(&notice, None).unwrap(), UnixMillis(at));
    }
    world
}

fn subjects(world: &World) -> Vec<&str> {
    world.inbox().messages().iter().map(|message| message.subject.as_str()).collect()
}

#[test]
fn two_deliveries_make_two_unread_messages() {
    let world = world_after(5);
    assert_eq!(subjects(&world), ["Holiday pics", "Grüße aus Köln"]);
    assert_eq!(world.inbox().messages()[1].from, "Jörg Müller");
    assert_eq!(world.inbox().unread(), 2);
    assert_eq!(world.inbox().uid_next(), 3);
    assert_eq!(world.counters().mail, Modseq(5));
}

#[test]
fn older_counters_move_nothing_backwards() {
    assert_eq!(world_after(2).counters().mail, Modseq(4));
    assert_eq!(world_after(3).counters().mail, Modseq(4));
}

#[test]
fn mailbox_modseq_alone_is_no_change() {
    assert_eq!(world_after(2).changes(), world_after(1).changes());
    assert_eq!(world_after(3).changes(), world_after(1).changes() + 1);
}

#[test]
fn reading_and_flagging_show_and_clear() {
    let world = world_after(8);
    assert!(!world.inbox().messages()[0].unread);
    assert!(world.inbox().messages()[0].flagged);
    assert!(!world_after(10).inbox().messages()[0].flagged);
}

#[test]
fn expunged_messages_are_gone_and_folders_count() {
    let world = world_after(CAPTURES.lines().count());
    assert_eq!(subjects(&world), ["Grüße aus Köln"]);
    assert_eq!(world.folders.keys().collect::<Vec<_>>(), ["Archive", "Drafts", "Projects"]);
    assert_eq!(world.folders["Drafts"].messages, 1);
}

#[test]
fn calendar_contacts_and_alarms_are_known_by_their_uid() {
    let world = world_after(CAPTURES.lines().count());
    let (uid, entry) = world.calendar().entries().next().unwrap();
    assert_eq!((uid, entry.title.as_str()), ("lab-0", "Team lunch, café"));
    let (uid, contact) = world.contacts().entries().next().unwrap();
    assert_eq!((uid, contact.title.as_str()), ("c1", "Jane Doe"));
    assert_eq!(world.counters().contacts, Modseq(82));
}

#[test]
fn the_page_reads_names_it_knows() {
    let world = world_after(CAPTURES.lines().count());
    let json = serde_json::to_value(world.snapshot("alice@example.org")).unwrap();
    assert_eq!(json["unread"], 1);
    assert_eq!(json["messages"][0]["subject"], "Grüße aus Köln");
    assert_eq!(json["contacts"][0]["name"], "Jane Doe");
    assert_eq!(json["calendar"][0]["uid"], "lab-0");
    assert!(json["changedAt"].as_u64().unwrap() > 0);
}
