//! Alarms, as Cyrus sends them and as they lie on the bus.

use std::sync::Arc;

use bus::{Bus, JobKind, Message, Topic, Urgency};
use cyrus::{Notice, dlist};
use futures_util::{StreamExt, TryStreamExt, stream};
use mailbox_event::{
    Account, AlarmAction, CalendarAlarm, Event, EventId, Notification, RelayId, UnixMillis, codec,
};
use serde_json::json;

use crate::{Outcome, peer::user, server::tokens};

const AT_ONCE: usize = 256;

/// Puts `count` alarms on the bus, each of an event and an account of its own.
pub async fn dispatch(bus: &Arc<dyn Bus>, count: usize) -> Outcome<()> {
    let jobs = (0..count).map(|number| async move {
        bus.dispatch(job(number)?, &[]).await?;
        Outcome::Ok(())
    });
    stream::iter(jobs).buffer_unordered(AT_ONCE).try_collect::<()>().await
}

/// What Cyrus 3.6.1 says of an alarm of the event `number`, to the letter but for names and times.
pub fn notification(number: usize) -> Vec<u8> {
    let message = json!({
        "event": "CalendarAlarm", "pid": 12428, "serverFQDN": "imap1.example.org", "alarmTime": "20991122T031431",
        "alarmRecipients": ["mailto:alice@example.org"], "userId": "alice", "calendarId": "Default",
        "calendarName": "personal", "calendarColor": "", "uid": format!("lab-{number}"), "action": "email",
        "summary": "Team lunch\\, café", "description": "Bring the plans\\nand a pen",
        "location": "Café Müller\\, Köln", "timezone": "Europe/Berlin", "start": "20991122T031931",
        "end": "20991122T041931", "allDay": 0, "attendeeNames": ["Bob Builder", "Carol"],
        "attendeeEmails": ["mailto:bob@example.org", "mailto:carol@example.org"],
        "attendeeStatus": ["ACCEPTED", "NEEDS-ACTION"], "organizer": "mailto:alice@example.org",
    });
    let (method, class) = ("pusher".to_owned(), "EVENT".to_owned());
    dlist::write(&Notice { method, class, message: message.to_string().into_bytes(), ..Notice::default() })
}

fn job(number: usize) -> Outcome<Message> {
    let account = format!("{}@example.org", user(u32::try_from(number)?));
    let account = Account::parse(&account).map_err(|error| error.to_string())?;
    let topic = Topic::Job(Urgency::High, JobKind::Alarm, tokens().token(&account));
    let id = EventId { relay: RelayId(1), sequence: u64::try_from(number)? + 1 };
    let notification = Notification::Alarm(Box::new(alarm(account, number)));
    let event = Event { id, taken_at: UnixMillis(kit::clock::unix_millis()), notification };
    Ok(Message { id, topic, payload: codec::encode(&event, codec::Form::MessagePack)?.into() })
}

fn alarm(account: Account, number: usize) -> CalendarAlarm {
    let recipients = vec![account.as_str().to_owned()];
    CalendarAlarm {
        account,
        action: AlarmAction::Email,
        calendar_id: "Default".into(),
        calendar_name: "personal".into(),
        uid: format!("lab-{number}"),
        recurrence_id: None,
        calendar_event_id: None,
        alert_id: None,
        alarm_time: "20991122T031431".into(),
        recipients,
        summary: "Team lunch, café".into(),
        description: "Bring the plans\nand a pen".into(),
        location: "Café Müller, Köln".into(),
        timezone: "Europe/Berlin".into(),
        start: "20991122T031931".into(),
        end: "20991122T041931".into(),
        all_day: false,
        attendees: vec![],
        organizer: "alice@example.org".into(),
    }
}
