use cyrus::Dialect;
use mailbox_event::{AlarmAction, ChangeKind, MailboxChange, Naming, Notification, UnixMillis};

use super::{
    alarm::{LOCAL_TIME, soonest},
    *,
};
use crate::demo::script::{Action, PROLOGUE, Script};

fn now() -> Zoned {
    "2027-03-05T09:30:00+01:00[Europe/Berlin]".parse().unwrap()
}

fn decode(notice: &Notice) -> Notification {
    Dialect::new(Naming::new("example.org")).decode(notice, None).unwrap()
}

struct Play {
    world: World,
    composer: Composer,
}

impl Play {
    fn new() -> Self {
        let recording = Recording::load();
        let mut world = World::default();
        for notice in recording.opening(&now()) {
            world.apply(&decode(&notice), UnixMillis(1));
        }
        Self { world, composer: Composer::new(recording) }
    }

    fn act(&mut self, deed: &Deed) -> Vec<Notification> {
        let said: Vec<_> = self.composer.compose(deed, &self.world, &now()).iter().map(decode).collect();
        said.iter().for_each(|notification| self.world.apply(notification, UnixMillis(2)));
        said
    }

    fn change(&mut self, deed: &Deed) -> MailboxChange {
        let said = self.act(deed);
        let [Notification::Mailbox(moved), Notification::Mailbox(change)] = said.as_slice() else {
            panic!("not a change with its MailboxModseq: {said:?}")
        };
        assert_eq!(moved.kind, ChangeKind::MailboxModseq);
        assert!(moved.actor.is_none());
        change.as_ref().clone()
    }
}

#[test]
fn a_delivery_says_its_own_modseq_and_the_counters_of_before() {
    let mut play = Play::new();
    let before = play.world.counters().clone();
    let change = play.change(&Deed::Deliver);
    assert_eq!(change.kind, ChangeKind::MessageNew);
    assert_eq!(change.counters.as_ref(), Some(&before));
    assert_eq!(change.messages.modseq, Some(play.world.counters().mail));
    assert_eq!(play.world.counters().mail.0, before.highest.0 + 1);
    let envelope = change.messages.envelope.unwrap();
    assert_eq!(envelope.subject.as_deref(), Some(&*LETTERS[0].subject));
    assert_eq!(envelope.date.as_deref(), Some("Fri, 5 Mar 2027 09:30:00 +0100"));
    assert!(change.mailbox.name.is_inbox());
    assert_eq!(change.service.as_deref(), Some("lmtp"));
}

#[test]
fn a_read_a_flag_and_a_deletion_name_a_message_that_is_there() {
    let mut play = Play::new();
    play.act(&Deed::Deliver);
    for (deed, kind) in [
        (Deed::Read, ChangeKind::MessageRead),
        (Deed::Flag, ChangeKind::FlagsSet),
        (Deed::Delete, ChangeKind::MessageExpunge),
    ] {
        let uids: Vec<_> =
            play.world.inbox().messages().iter().map(|message| message.uid.to_string()).collect();
        let change = play.change(&deed);
        assert_eq!(change.kind, kind);
        assert!(uids.contains(change.messages.uid_set.as_ref().unwrap()), "{kind:?}");
        assert_eq!(change.messages.unseen.unwrap() as usize, play.world.inbox().unread(), "{kind:?}");
        assert_eq!(change.messages.exists.unwrap() as usize, play.world.inbox().messages().len(), "{kind:?}");
    }
}

#[test]
fn an_empty_inbox_gets_mail_instead_of_a_deletion() {
    let mut play = Play::new();
    while !play.world.inbox().messages().is_empty() {
        assert_eq!(play.change(&Deed::Delete).kind, ChangeKind::MessageExpunge);
    }
    for deed in [Deed::Delete, Deed::Flag, Deed::Read] {
        let mut empty = Play { world: play.world.clone(), composer: Composer::new(Recording::load()) };
        assert_eq!(empty.change(&deed).kind, ChangeKind::MessageNew, "{deed:?}");
    }
}

#[test]
fn calendar_and_contacts_move_only_their_own_counter() {
    let mut play = Play::new();
    let before = play.world.counters().clone();
    let event = play.change(&Deed::Event);
    assert_eq!(event.messages.dav_uid.as_deref(), Some(APPOINTMENTS[0].uid));
    assert_eq!(play.world.counters().calendar.0, before.highest.0 + 1);
    let contact = play.change(&Deed::Contact);
    assert_eq!(contact.messages.dav_uid.as_deref(), Some(PEOPLE[0].0));
    assert_eq!(play.world.counters().contacts.0, before.highest.0 + 2);
    assert_eq!(play.world.counters().mail, before.mail);
}

#[test]
fn alarms_are_about_the_next_appointment() {
    let mut play = Play::new();
    play.act(&Deed::Event);
    for (deed, action, recipients) in
        [(Deed::Alert, AlarmAction::Display, 0), (Deed::AlarmMail, AlarmAction::Email, 1)]
    {
        let said = play.act(&deed);
        let [Notification::Alarm(alarm)] = said.as_slice() else { panic!("no alarm: {said:?}") };
        assert_eq!(alarm.action, action);
        assert_eq!(alarm.recipients.len(), recipients);
        assert_eq!(alarm.timezone, "Europe/Berlin");
        assert_eq!(alarm.alarm_time, "20270305T093000");
        let (uid, entry, start) = soonest(&play.world, &now()).unwrap();
        assert_eq!((&*alarm.uid, &*alarm.summary), (uid, &*entry.title));
        assert_eq!(alarm.start, start.strftime(LOCAL_TIME).to_string());
        assert!(start > now());
    }
}

#[test]
fn an_alarm_without_appointments_makes_one_first() {
    let mut composer = Composer::new(Recording::load());
    let said = composer.compose(&Deed::Alert, &World::default(), &now());
    assert!(
        matches!(decode(&said[1]), Notification::Mailbox(change) if change.kind == ChangeKind::MessageNew)
    );
}

#[test]
fn numbers_only_rise_however_long_the_script_plays() {
    let mut play = Play::new();
    PROLOGUE.iter().for_each(|deed| drop(play.act(deed)));
    let mut script = Script::default();
    for _ in 0..200 {
        let (_, action) = script.next(&play.world);
        for deed in action.deeds() {
            let before = play.world.clone();
            let alarm = matches!(deed, Deed::Alert | Deed::AlarmMail);
            play.act(&deed);
            let moved = play.world.counters().highest.0 - before.counters().highest.0;
            assert_eq!(moved, u64::from(!alarm), "{deed:?}");
            assert!(play.world.inbox().uid_next() >= before.inbox().uid_next());
        }
        assert!(play.world.inbox().messages().len() <= 10);
    }
    assert!(play.world.calendar().entries().len() <= APPOINTMENTS.len() + 1);
}

#[test]
fn every_action_of_the_page_changes_the_world_or_sounds_an_alarm() {
    let mut play = Play::new();
    PROLOGUE.iter().for_each(|deed| drop(play.act(deed)));
    for word in ["deliver", "read", "flag", "delete", "burst", "event", "contact"] {
        let before = play.world.changes();
        let deeds = Action::parse(word).unwrap().deeds();
        deeds.iter().for_each(|deed| drop(play.act(deed)));
        assert_eq!(play.world.changes() - before, deeds.len() as u64, "{word}");
    }
}
