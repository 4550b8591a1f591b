//! What a client that comes back is told.

use state::{Counter, Epoch};

use crate::support::{Node, mail, state};

async fn id_of_the_present_state(node: &Node) -> String {
    node.open("/events/").await.event().await.field("id").to_owned()
}

#[tokio::test]
async fn a_client_that_is_up_to_date_is_told_so_and_nothing_else() {
    let node = Node::start().await;
    node.publish(&mail(7)).await;
    let id = id_of_the_present_state(&node).await;
    for path in ["/events/", "/jmap/eventsource/?types=*"] {
        let mut stream = node.open_with(path, &[("last-event-id", &id)]).await;
        assert!(stream.next().await.unwrap().retry().is_some());
        assert_eq!(stream.next().await.unwrap().comment(), "up to date");
    }
}

#[tokio::test]
async fn a_client_that_missed_changes_gets_exactly_one_event_with_what_moved() {
    let node = Node::start().await;
    node.publish(&state(&[(Counter::Mail, 7), (Counter::Calendar, 3)])).await;
    let id = id_of_the_present_state(&node).await;
    for modseq in 8..=20 {
        node.publish(&state(&[(Counter::Mail, modseq), (Counter::Calendar, 3)])).await;
    }
    let mut jmap = node.open_with("/jmap/eventsource/?types=Email,Calendar", &[("last-event-id", &id)]).await;
    assert_eq!(jmap.event().await.data()["changed"], serde_json::json!({"alice": {"Email": "20"}}));
    let mut push = node.open_with("/events/", &[("last-event-id", &id)]).await;
    let all = serde_json::json!({"mailModSeq": 20, "calendarModSeq": 3, "contactsModSeq": 0});
    assert_eq!(push.event().await.data(), all);
    node.publish(&mail(21)).await;
    assert_eq!(push.event().await.data()["mailModSeq"], 21);
}

#[tokio::test]
async fn cursors_of_others_and_nonsense_get_the_full_state() {
    let node = Node::start().await;
    node.publish(&mail(7)).await;
    let foreign = state::Cursor::of(mailbox_event::AccountToken([9; 16]), &mail(7)).encode();
    for id in [foreign.as_str(), "1760138", "", "~~~"] {
        let mut stream =
            node.open_with("/jmap/eventsource/?types=Email,Calendar", &[("last-event-id", id)]).await;
        let full = serde_json::json!({"alice": {"Email": "7", "Calendar": "0"}});
        assert_eq!(stream.event().await.data()["changed"], full, "{id:?}");
    }
}

#[tokio::test]
async fn another_life_of_the_account_is_told_in_full() {
    let node = Node::start().await;
    node.publish(&mail(70)).await;
    let id = id_of_the_present_state(&node).await;
    let mut open = node.open("/events/").await;
    assert_eq!(open.event().await.data()["mailModSeq"], 70);
    let mut next_life = mail(2);
    next_life.epoch = Epoch(2);
    node.publish(&next_life).await;
    assert_eq!(open.event().await.data()["mailModSeq"], 2);
    let mut back = node.open_with("/events/", &[("last-event-id", &id)]).await;
    assert_eq!(back.event().await.data()["mailModSeq"], 2);
}
