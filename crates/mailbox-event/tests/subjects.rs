//! Tokens and subjects are on disks and in brokers: they may never change.
//!
//! The digits below were worked out with another implementation of HMAC-SHA-256.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test by panicking")]

use mailbox_event::{Account, AccountTokens, subject};

const KEY: &[u8] = b"an installation's key";

const ALICE: [&str; 5] = [
    "d6f1282ff04acccf4c64065ac0b9b5e1",
    "22",
    "state.22.d6f1282ff04acccf4c64065ac0b9b5e1",
    "ev.22.d6f1282ff04acccf4c64065ac0b9b5e1.mail",
    "job.now.alarm.d6f1282ff04acccf4c64065ac0b9b5e1",
];

const JOERG: [&str; 5] = [
    "a20622a6b3596356e91c2119cec2b937",
    "34",
    "state.34.a20622a6b3596356e91c2119cec2b937",
    "ev.34.a20622a6b3596356e91c2119cec2b937.mail",
    "job.now.alarm.a20622a6b3596356e91c2119cec2b937",
];

fn said(account: &str) -> [String; 5] {
    let token = AccountTokens::new(KEY).token(&Account::parse(account).unwrap());
    [
        token.to_string(),
        token.shard().to_string(),
        subject::state(token),
        subject::event(token, "mail"),
        subject::job("now", "alarm", token),
    ]
}

#[test]
fn tokens_shards_and_subjects_are_frozen() {
    assert_eq!(said("alice@example.org"), ALICE);
    assert_eq!(said("Alice@Example.ORG"), ALICE);
    assert_eq!(said("jörg@example.com"), JOERG);
}

#[test]
fn another_key_gives_other_tokens() {
    let alice = Account::parse("alice@example.org").unwrap();
    assert_ne!(AccountTokens::new(KEY).token(&alice), AccountTokens::new(b"").token(&alice));
}
