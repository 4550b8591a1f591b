use bus::{Bucket, GAPS_OF_RELAY, Retained};
use bus_local::{LocalBus, LocalBusSettings};
use bytes::Bytes;
use cyrus::{Dialect, Notice, dlist};
use mailbox_event::{Account, AccountToken, AccountTokens, Naming, codec::EncodeError};
use state::AccountState;
use tokio::time::timeout;

use super::*;
use crate::{clock, intake::fixture, spool::Form, telemetry::Dropped};

const PATIENCE: Duration = Duration::from_secs(20);

fn decoder() -> Decoder {
    let tokens = AccountTokens::new(b"a key of the tests");
    Decoder { dialect: Dialect::new(Naming::new("example.org")), tokens, form: codec::Form::MessagePack }
}

fn account(user: &str) -> Account {
    Account::parse(&format!("{user}@example.org")).unwrap()
}

fn token(user: &str) -> AccountToken {
    decoder().tokens.token(&account(user))
}

fn change(user: &str) -> Bytes {
    let message = serde_json::json!({
        "event": "MailboxModseq",
        "mailboxID": format!("inbox-of-{user}"),
        "uri": format!("imap://imap1.example.org/user/{user};UIDVALIDITY=1700000000"),
        "user": "",
        "vnd.cmu.mbtype": "e",
        "vnd.cmu.mailboxACL": format!("{user}\tlrswipkxtecdan\t"),
        "vnd.fastmail.counters": "9 7 7 0 0 0 1 0 0 0 0 0 1700000000",
    });
    let (method, class) = ("pusher".to_owned(), "EVENT".to_owned());
    dlist::write(&Notice { method, class, message: message.to_string().into_bytes(), ..Notice::default() })
        .into()
}

fn bobs_cannot_be_written(state: &AccountState, form: codec::Form) -> Result<Vec<u8>, EncodeError> {
    if state.account == account("bob") {
        return Err(serde_json::from_str::<()>("x").unwrap_err().into());
    }
    codec::encode(state, form)
}

#[tokio::test]
async fn a_state_that_cannot_be_written_is_put_aside_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (intake, bus) =
        (fixture::intake(folder.path()), LocalBus::in_memory(LocalBusSettings::default()).unwrap());
    for user in ["bob", "alice", "bob"] {
        drop(intake.take(Form::Dlist, change(user), None).unwrap());
    }
    let mut publisher =
        Publisher::encoding(intake.clone(), Arc::new(bus.clone()), decoder(), bobs_cannot_be_written);
    let at_end = CancellationToken::new();
    at_end.cancel();
    let mut ahead = publisher.read_ahead(&at_end);
    timeout(PATIENCE, publisher.run(&mut ahead)).await.expect("nothing is tried for ever");

    assert!(bus.state(token("alice")).await.unwrap().is_some());
    assert!(bus.state(token("bob")).await.unwrap().is_none());
    assert_eq!(intake.spool.depth().records, 0);
    let dropped = Dropped { reason: DropReason::Unencodable };
    assert_eq!(intake.telemetry.dropped.get_or_create(&dropped).get(), 2);
    assert_eq!(intake.telemetry.bus_errors.get(), 0, "nothing was asked of the bus");
    intake.gaps.tell_the_rest(&bus, clock::system, PATIENCE).await;
    assert!(bus.get(Bucket::Gaps, GAPS_OF_RELAY).await.unwrap().is_some());
}
