use bus_local::{LocalBus, LocalBusSettings};
use prometheus_client::registry::Registry;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn tickets() -> Tickets {
    let bus = LocalBus::in_memory(LocalBusSettings::default()).unwrap();
    let telemetry = Arc::new(Telemetry::new(&mut Registry::default()));
    Tickets::new(Arc::new(bus), TicketSettings { per_minute: 2, ..TicketSettings::default() }, telemetry)
}

fn alice(lasts: Option<Duration>) -> Identity {
    Identity {
        account: Account::parse("alice@example.org").unwrap(),
        account_id: "u1".into(),
        lasts,
        since: UnixMillis(7),
        credential: None,
        tag: None,
        question: None,
    }
}

async fn accepted(
    tickets: &Tickets,
    ticket: &Ticket,
    tag: Option<&Tag>,
    now: SystemTime,
) -> Option<Identity> {
    match tickets.redeem(ticket, tag, now).await {
        Outcome::Accepted(identity) => Some(*identity),
        Outcome::Refused => None,
        Outcome::Unverifiable => panic!("the bus is there"),
    }
}

#[tokio::test]
async fn a_used_ticket_is_worth_nothing_without_its_own_tag() {
    let (tickets, now) = (tickets(), SystemTime::now());
    let ticket = tickets.mint(&alice(None), now).await.unwrap();
    let other = tickets.mint(&alice(None), now).await.unwrap();
    let first = accepted(&tickets, &ticket, None, now).await.unwrap();
    let others_tag = accepted(&tickets, &other, None, now).await.unwrap().tag;
    assert_eq!((&*first.account_id, first.since, first.lasts), ("u1", UnixMillis(7), Some(3600 * SECOND)));
    assert!(accepted(&tickets, &ticket, None, now).await.is_none());
    assert!(accepted(&tickets, &ticket, others_tag.as_ref(), now).await.is_none());
    let again = accepted(&tickets, &ticket, first.tag.as_ref(), now + 600 * SECOND).await.unwrap();
    assert_eq!((again.tag, again.lasts), (first.tag, Some(3000 * SECOND)));
}

#[tokio::test]
async fn a_ticket_waits_a_minute_and_its_session_ends_with_the_credential() {
    let (tickets, now) = (tickets(), SystemTime::now());
    let late = tickets.mint(&alice(None), now).await.unwrap();
    // The bus still has it: its clock did not move.
    assert!(accepted(&tickets, &late, None, now + 60 * SECOND).await.is_none());
    assert_eq!(tickets.lasts(&alice(Some(5 * SECOND))), 5 * SECOND);
    let short = tickets.mint(&alice(Some(300 * SECOND)), now).await.unwrap();
    let first = accepted(&tickets, &short, None, now + 59 * SECOND).await.unwrap();
    assert_eq!(first.lasts, Some(241 * SECOND));
    assert!(accepted(&tickets, &short, first.tag.as_ref(), now + 299 * SECOND).await.is_some());
    assert!(accepted(&tickets, &short, first.tag.as_ref(), now + 300 * SECOND).await.is_none());
}

#[tokio::test]
async fn of_many_that_use_a_ticket_at_once_one_succeeds() {
    let (tickets, now) = (tickets(), SystemTime::now());
    let ticket = tickets.mint(&alice(None), now).await.unwrap();
    let uses = (0..20).map(|_| accepted(&tickets, &ticket, None, now));
    let used = futures_util::future::join_all(uses).await;
    assert_eq!(used.iter().flatten().count(), 1);
}

#[tokio::test]
async fn an_account_is_given_so_many_in_a_minute() {
    let (tickets, now) = (tickets(), SystemTime::UNIX_EPOCH);
    for _ in 0..2 {
        assert!(tickets.mint(&alice(None), now).await.is_ok());
    }
    assert_eq!(tickets.mint(&alice(None), now).await, Err(NoTicket::TooMany));
    assert!(tickets.mint(&alice(None), now + 60 * SECOND).await.is_ok());
}
