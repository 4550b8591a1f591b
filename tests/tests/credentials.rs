//! Who may open a stream: a real Cyrus decides.

use testkit::{cyrus::Profile, message, sse::Stream};
use tests::{Beside, Plan};

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
