//! Whose scripts notify. Each time that notifyd is killed there are three more people with notifications.

use std::iter;

use bus::{JobKind, Message, Topic, Urgency};
use mailbox_event::{
    Account, AccountToken, Event, EventId, Notification, RelayId, UnixMillis,
    codec::{Form, encode},
};
use store::EffectKey;

use crate::texts::line;

const NUMBERS: [&str; 2] = ["+4915112345678", "+4915112345679"];
/// What a part costs.
pub const PRICE: u32 = 2;
/// Notifications of one person to one number; what is more is merged.
pub const BUDGET: u32 = 2;

/// One of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Has credit for all, and two numbers: one text for each notification to each.
    Ann,
    /// Has credit for one text and two notifications.
    Bob,
    /// Has four notifications, two more than the budget has room for.
    Carol,
}

/// A person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    pub role: Role,
    batch: u64,
}

/// One notification to one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub person: Person,
    pub event: EventId,
    /// The key of its text.
    pub key: String,
}

/// The people of one batch.
pub fn batch(batch: u64) -> [Person; 3] {
    [Role::Ann, Role::Bob, Role::Carol].map(|role| Person { role, batch })
}

impl Person {
    pub fn account(self) -> Account {
        let name = format!("{:?}{}", self.role, self.batch).to_lowercase();
        Account::parse(&format!("{name}@example.org")).unwrap()
    }

    pub fn credit(self) -> i64 {
        if self.role == Role::Bob { PRICE.into() } else { 100 }
    }

    /// Verifies the numbers.
    pub fn insert(self) -> String {
        let account = self.account();
        let row = |number| {
            format!(
                "INSERT INTO recipient_numbers (user_id, number) VALUES ('{}', '{number}')",
                account.as_str()
            )
        };
        NUMBERS.map(row).join(";")
    }

    fn numbers(self) -> &'static [&'static str] {
        if self.role == Role::Ann { &NUMBERS } else { &NUMBERS[..1] }
    }

    fn events(self) -> impl Iterator<Item = EventId> {
        let (first, count) = match self.role {
            Role::Ann => (0, 2),
            Role::Bob => (2, 2),
            Role::Carol => (4, 4),
        };
        (first..first + count)
            .map(move |nth| EventId { relay: RelayId(1), sequence: 1 + self.batch * 8 + nth })
    }

    /// What is to be told, by the keys that texts of these have.
    pub fn told(self) -> impl Iterator<Item = Told> {
        self.events().flat_map(move |event| {
            self.numbers().iter().map(move |number| Told {
                person: self,
                event,
                key: EffectKey::of(&["sms", &event.to_string(), number]).to_string(),
            })
        })
    }

    /// The notifications, taken at `at`; every other of Ann's is longer than one part.
    pub fn jobs(self, at: UnixMillis) -> impl Iterator<Item = Message> {
        let lengths = iter::once(if self.role == Role::Ann { 161 } else { 20 }).chain(iter::repeat(20));
        self.events().zip(lengths).map(move |(id, length)| {
            let method = format!("sms:{}", self.numbers().join(","));
            let mut notification = line::sms(&[&method], &"x".repeat(length));
            notification.account = self.account();
            let event = Event { id, taken_at: at, notification: Notification::Sieve(Box::new(notification)) };
            let payload = encode(&event, Form::MessagePack).unwrap().into();
            Message { id, topic: Topic::Job(Urgency::Normal, JobKind::Sms, AccountToken([7; 16])), payload }
        })
    }
}
