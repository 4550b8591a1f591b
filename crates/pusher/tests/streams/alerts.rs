//! Calendar alerts.

use crate::support::{Node, client::Client, mail};

async fn opened(node: &Node, path: &str) -> Client {
    let mut stream = node.open(path).await;
    stream.event().await;
    stream
}

#[tokio::test]
async fn alerts_reach_streams_that_show_them_and_carry_no_id() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let mut all = opened(&node, "/jmap/eventsource/?types=*").await;
    let mut named = opened(&node, "/jmap/eventsource/?types=Email,CalendarAlert").await;
    let mut push = opened(&node, "/events/").await;
    let mut without = opened(&node, "/jmap/eventsource/?types=Email").await;
    node.alert(1).await;
    for stream in [&mut all, &mut named, &mut push] {
        let alert = stream.event().await;
        assert_eq!((alert.field("event"), alert.field("id")), ("calendarAlert", ""));
        assert_eq!(alert.data()["accountId"], "alice");
        assert_eq!(alert.data()["uid"], "alert 1");
        assert_eq!(alert.data()["@type"], "CalendarAlert");
    }
    node.publish(&mail(2)).await;
    assert_eq!(without.event().await.field("event"), "state");
}

#[tokio::test]
async fn alerts_from_before_the_stream_do_not_come_again() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let mut first = opened(&node, "/events/").await;
    node.alert(1).await;
    assert_eq!(first.event().await.data()["uid"], "alert 1");
    let mut second = opened(&node, "/events/").await;
    node.alert(2).await;
    assert_eq!(second.event().await.data()["uid"], "alert 2");
}

#[tokio::test]
async fn an_alert_that_relay_tells_again_comes_once() {
    let node = Node::start().await;
    node.publish(&mail(1)).await;
    let mut stream = opened(&node, "/events/").await;
    let id = node.alert(1).await;
    node.alert_as(id, 1).await;
    node.alert(2).await;
    assert_eq!(stream.event().await.data()["uid"], "alert 1");
    assert_eq!(stream.event().await.data()["uid"], "alert 2");
}
