use bus::{JobKind, LiveKind, Urgency};
use mailbox_event::{AlarmAction, ChangeKind, EventId, RelayId, UnixMillis};

use super::*;
use crate::sample;

fn published(notification: Notification) -> Publications {
    let event = event(notification);
    publications(&event, &tokens(), &Naming::new("example.org"), Form::MessagePack).unwrap()
}

fn event(notification: Notification) -> Event {
    let id = EventId { relay: RelayId(7), sequence: 3 };
    Event { id, taken_at: UnixMillis(1_795_313_542_958), notification }
}

fn tokens() -> AccountTokens {
    AccountTokens::new(b"key of the installation")
}

fn alice() -> AccountToken {
    tokens().token(&sample::alice())
}

#[test]
fn a_change_in_a_mailbox_moves_the_state_of_its_owner_and_sends_nothing() {
    let published = published(sample::change(ChangeKind::FlagsSet));
    let (token, observation) = published.state.unwrap();
    assert_eq!(token, alice());
    assert_eq!(observation.account(), &sample::alice());
    assert!(published.messages.is_empty());
}

#[test]
fn a_change_in_the_shared_namespace_asks_nothing_of_the_bus() {
    let Notification::Mailbox(mut change) = sample::change(ChangeKind::MessageAppend) else { unreachable!() };
    change.mailbox.name.owner = None;
    assert_eq!(published(Notification::Mailbox(change)), Publications::default());
}

#[test]
fn a_display_alarm_is_a_live_message_under_the_key_of_the_account() {
    let published = published(sample::alarm(AlarmAction::Display));
    let [(message, keys)] = &published.messages[..] else { panic!("{published:?}") };
    assert_eq!(message.topic, Topic::Live(alice(), LiveKind::CalendarAlert));
    assert_eq!(keys, &[Key(alice())]);
    assert_eq!(published.state, None);
}

#[test]
fn an_email_alarm_is_an_urgent_job_and_under_no_key() {
    let published = published(sample::alarm(AlarmAction::Email));
    let [(message, keys)] = &published.messages[..] else { panic!("{published:?}") };
    assert_eq!(message.topic, Topic::Job(Urgency::High, JobKind::Alarm, alice()));
    assert!(keys.is_empty());
}

#[test]
fn a_payload_is_the_event_in_either_form() {
    let event = event(sample::sieve("low", "mailto"));
    for form in [Form::MessagePack, Form::Json] {
        let published = publications(&event, &tokens(), &Naming::new("example.org"), form).unwrap();
        let (message, _) = &published.messages[0];
        assert_eq!(message.id, event.id);
        assert_eq!(codec::decode::<Event>(&message.payload).unwrap(), event);
    }
}
