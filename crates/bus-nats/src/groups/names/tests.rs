//! Names are frozen, and read back.

use bus::LiveKind;
use mailbox_event::AccountToken;
use proptest::prelude::*;

use super::*;

fn token(name: &str) -> GroupToken {
    GroupToken::new(&Group(name.to_owned())).unwrap()
}

const ACCOUNT: AccountToken = AccountToken([0xab; 16]);

#[test]
fn tokens_are_frozen() {
    for (name, text) in
        [("alarm", "alarm"), ("", "_"), ("mail.alarm", "mail_2ealarm"), ("a_b", "a_5fb"), ("№", "_e2_84_96")]
    {
        assert_eq!(token(name).as_str(), text);
    }
}

#[test]
fn consumers_are_frozen() {
    let names = |kinds| Source::all(kinds).into_iter().map(|source| source.consumer(&token("alarm mail")));
    let all: Vec<_> = names(&[JobKind::Sieve, JobKind::Alarm, JobKind::Sieve]).collect();
    let expected = [
        "high-retry-alarm_20mail",
        "high-alarm-alarm_20mail",
        "high-sieve-alarm_20mail",
        "normal-retry-alarm_20mail",
        "normal-alarm-alarm_20mail",
        "normal-sieve-alarm_20mail",
        "low-retry-alarm_20mail",
        "low-alarm-alarm_20mail",
        "low-sieve-alarm_20mail",
    ];
    assert_eq!(all, expected);
    assert!(names(&[JobKind::Unscheduled]).any(|name| name == "low-unscheduled-alarm_20mail"));
}

#[test]
fn subjects_are_frozen() {
    let group = token("g");
    let source = |origin| Source { urgency: Urgency::High, origin };
    assert_eq!(source(Origin::Dispatched(JobKind::Sieve)).filter("p", &group), "p.job.high.sieve.*");
    assert_eq!(source(Origin::Returned).filter("p", &group), "p.retry.g.high.>");
    let job = Topic::Job(Urgency::Low, JobKind::Alarm, ACCOUNT);
    assert_eq!(retry("p", &group, &job), "p.retry.g.low.alarm.abababababababababababababababab");
    let live = Topic::Live(ACCOUNT, LiveKind::Revoked);
    assert_eq!(retry("p", &group, &live), "p.retry.g.normal.other.abababababababababababababababab");
    assert_eq!(parked("p", &group, "0.1.x"), "p.parked.g.0.1.x");
    assert_eq!(all_parked("p", &group), "p.parked.g.>");
    assert_eq!(dead("p", &group), "p.dead.g");
    assert_eq!(present("p", &group), "p.group.g.present");
    assert_eq!(bell("p", &group), "p.group.g.parked");
}

#[test]
fn a_name_that_is_too_long_is_refused() {
    assert!(GroupToken::new(&Group("a".repeat(128))).is_ok());
    assert_eq!(GroupToken::new(&Group(".".repeat(43))), Err(NameTooLong { octets: 129, limit: 128 }));
}

proptest! {
    #[test]
    fn a_group_is_read_from_its_token(name in any::<String>().prop_filter("short", |name| name.len() < 40)) {
        let group = Group(name);
        let token = GroupToken::new(&group).unwrap();
        prop_assert!(token.as_str().bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet)));
        prop_assert_eq!(GroupToken::group(token.as_str()), Some(group.clone()));
        for source in Source::all(&JobKind::ALL) {
            prop_assert_eq!(Source::of_consumer(&source.consumer(&token)), Some((source, group.clone())));
        }
    }

    #[test]
    fn no_text_is_read_as_another_token(text in "[a-zA-Z_0-9.-]{0,12}") {
        if let Some(group) = GroupToken::group(&text) {
            let token = GroupToken::new(&group).unwrap();
            prop_assert_eq!(token.as_str(), &text);
        }
        if let Some((source, group)) = Source::of_consumer(&text) {
            prop_assert_eq!(source.consumer(&GroupToken::new(&group).unwrap()), &text[..]);
        }
    }
}
