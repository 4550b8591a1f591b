//! Who may open a stream: a real Cyrus decides.

use std::time::Duration;

use testkit::{cyrus::Profile, eventually, message, sse::Stream};
use tests::{Beside, Plan};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_401_and_wrong_parameters_are_400_with_a_sentence() {
    let beside = Beside::start(Plan { profile: Profile::Full, ..Plan::default() }).await;
    beside.cyrus.imap("alice").await;
    let url = beside.url("/jmap/eventsource/?types=*&closeafter=no&ping=0");
    let refused = async |url: &str, headers: &[(&str, &str)]| match Stream::try_connect(url, headers).await {
        Ok(_) => panic!("{url} was accepted"),
        Err((status, text)) => (status.as_u16(), text),
    };
    assert_eq!(refused(&url, &[]).await.0, 401);
    assert_eq!(refused(&url, &[("Authorization", "Basic YWxpY2U6d3Jvbmc=")]).await.0, 401);
    assert_eq!(refused(&url, &[("Authorization", "Bearer made.up.token")]).await.0, 401);

    let right = beside.authorization("alice");
    let right = [("Authorization", right.as_str())];
    for query in ["closeafter=maybe", "ping=soon", "ping=-1", "types="] {
        let (status, text) = refused(&beside.url(&format!("/jmap/eventsource/?{query}")), &right).await;
        assert_eq!(status, 400, "{query}");
        assert!(
            text.trim_end().ends_with('.') || text.contains(' '),
            "{query} is answered with a sentence: {text}"
        );
    }
    assert_eq!(refused(&beside.url("/elsewhere"), &right).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn closeafter_state_ends_after_one_state_and_unknown_types_are_ignored() {
    let beside = Beside::start(Plan::default()).await;
    beside.cyrus.imap("alice").await;
    beside.cyrus.deliver("alice", &message("One")).await;
    let authorization = beside.authorization("alice");
    let url = beside.url("/jmap/eventsource/?types=Email,Nonsense&closeafter=state&ping=0");
    let mut stream = Stream::connect(&url, &[("Authorization", &authorization)]).await;
    while stream.try_next().await.is_some() {}
    let states: Vec<_> =
        stream.seen().iter().filter(|frame| frame.event.as_deref() == Some("state")).collect();
    assert_eq!(states.len(), 1);
    let data: serde_json::Value =
        serde_json::from_str(states[0].data.as_deref().unwrap_or_default()).unwrap();
    let changed = data["changed"]["alice"].as_object().expect("the account is alice");
    assert_eq!(changed.keys().collect::<Vec<_>>(), ["Email"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_ends_the_streams_of_a_user_and_a_good_password_opens_them_again() {
    let beside = Beside::start(Plan::default()).await;
    beside.cyrus.imap("alice").await;
    beside.cyrus.imap("bob").await;
    let by_token = beside.follow_events_by_token("alice").await;
    let (by_password, bobs) = (beside.follow("alice").await, beside.follow("bob").await);
    beside.order("revoke", "alice").await;
    eventually(PATIENCE, "the streams of alice end", async || {
        (by_token.has_ended() && by_password.has_ended()).then_some(())
    })
    .await;
    assert!(!bobs.has_ended());
    let again = beside.follow("alice").await;
    beside.cyrus.deliver("alice", &message("One")).await;
    eventually(PATIENCE, "the password opens streams", async || {
        (!again.events("state").is_empty()).then_some(())
    })
    .await;
    let metrics = beside.admin("/metrics").await;
    assert!(metrics.contains("pusher_session_checks_total{outcome=\"answered\"} 3\n"), "{metrics}");
    let stranger =
        testkit::http_client().post(beside.admin_url("/revoke")).body("alice").send().await.unwrap();
    assert_eq!(stranger.status().as_u16(), 401);
}
