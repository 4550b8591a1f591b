//! What the database says, asked past notifyd, and what has to hold of it at every moment.

use std::{collections::BTreeMap, str::FromStr};

use fakes::sms::SmsGateway;

use crate::kill::place::Place;

/// A text message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub user: String,
    pub state: String,
    pub price: i64,
    pub segments: i64,
}

/// One statement, so that what it says of a user is of one moment.
const CREDIT: &str = "SELECT user_id || ' ' || available || ' ' || reserved \
    || ' ' || (SELECT COALESCE(SUM(available_change), 0) FROM credit_entries e WHERE e.user_id = c.user_id) \
    || ' ' || (SELECT COALESCE(SUM(reserved_change), 0) FROM credit_entries e WHERE e.user_id = c.user_id) \
    || ' ' || (SELECT COALESCE(SUM(available_change), 0) FROM credit_entries e WHERE e.user_id = c.user_id AND kind = 'grant') \
    || ' ' || (SELECT COALESCE(SUM(price), 0) FROM sms_messages m WHERE m.user_id = c.user_id \
        AND state IN ('reserved', 'sending', 'unknown')) \
    || ' ' || (SELECT COALESCE(SUM(price), 0) FROM sms_messages m WHERE m.user_id = c.user_id \
        AND state IN ('accepted', 'delivered')) FROM sms_credit c";
const ROWS: &str =
    "SELECT id || ' ' || user_id || ' ' || state || ' ' || price || ' ' || segments FROM sms_messages";

/// The text messages, by key.
pub fn rows(place: &Place) -> BTreeMap<String, Row> {
    let read = |line: String| {
        let fields: Vec<_> = line.split(' ').collect();
        let [key, user, state, price, segments] = fields[..] else { panic!("{line}") };
        let [user, state] = [user, state].map(str::to_owned);
        (key.to_owned(), Row { user, state, price: number(price), segments: number(segments) })
    };
    place.rows(ROWS).into_iter().map(read).collect()
}

/// What each user may spend and what is held, after it was checked: the entries add up to both; what is held is
/// what texts without an end cost, and what is gone is what texts that were taken cost.
pub fn credit(place: &Place) -> BTreeMap<String, (i64, i64)> {
    let read = |line: String| {
        let (user, numbers) = line.split_once(' ').unwrap();
        let numbers: Vec<i64> = numbers.split(' ').map(number).collect();
        let [available, reserved, available_sum, reserved_sum, start, open, taken] = numbers[..] else {
            panic!("{line}")
        };
        assert_eq!((available_sum, reserved_sum), (available, reserved), "{user}: entries do not add up");
        assert_eq!(reserved, open, "{user}: what is held is not what is open");
        assert_eq!(start - available - reserved, taken, "{user}: what is gone is not what was taken");
        (user.to_owned(), (available, reserved))
    };
    place.rows(CREDIT).into_iter().map(read).collect()
}

/// At every moment: the credit is in order, and what the gateway has taken is paid for, part by part.
pub fn audit(place: &Place, gateway: &SmsGateway, price: u32) {
    credit(place);
    let rows = rows(place);
    for message in gateway.messages() {
        let Some(row) = rows.get(&message.reference) else {
            panic!("a text is sent that is nowhere put down")
        };
        let may_be_taken = ["sending", "unknown", "accepted", "delivered", "undelivered"];
        assert!(may_be_taken.contains(&&*row.state), "a text that was taken is {}", row.state);
        assert_eq!((row.segments, row.price), (message.segments.into(), (message.segments * price).into()));
    }
}

fn number<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}
