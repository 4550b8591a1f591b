use fakes::sms::{GatewaySettings, SmsGateway};
use kit::config::Secret;
use mailbox_event::Account;

use super::*;

const OWN: &str = "http://127.0.0.1:8091";

async fn page(room: usize) -> (Page, mpsc::Receiver<Action>) {
    let (orders, ordered) = mpsc::channel(room);
    let origins = [OWN.to_owned(), "http://localhost:8091".to_owned()];
    let session = Session::new(Secret::new("k".repeat(64)), origins, ([127, 0, 0, 1], 8081).into());
    let page = Page {
        session,
        world: SharedWorld::default(),
        outbox: Outbox::default(),
        phone: Arc::new(phone().await),
        orders,
    };
    (page, ordered)
}

/// Without a ledger behind it: nothing here asks for credit.
async fn phone() -> Phone {
    let gateway = SmsGateway::start(([127, 0, 0, 1], 0).into(), GatewaySettings::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("effects.db");
    let store = store::Store::open(&store::Settings::default(), &file).await;
    Phone::new(Arc::new(gateway), store.unwrap(), Account::parse("alice@example.org").unwrap())
}

fn fields(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
}

fn ours() -> HeaderMap {
    fields(&[(header::HOST, "127.0.0.1:8091")])
}

#[tokio::test]
async fn the_page_and_its_data_are_served_under_a_strict_policy() {
    let (page, _ordered) = page(1).await;
    for (path, media_type) in
        [("/", "text/html; charset=utf-8"), ("/demo/phone.json", JSON), ("/demo/mailbox.json", JSON)]
    {
        let answer = page.answer(&Method::GET, path, &ours());
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], media_type);
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("http://127.0.0.1:8081;"),
            "{policy}"
        );
        assert!(!answer.into_body().is_empty());
    }
}

#[tokio::test]
async fn a_mail_can_do_nothing_but_style_itself() {
    let (page, _ordered) = page(1).await;
    page.outbox.take(b"Content-Type: text/html\r\n\r\n<p>Hello</p>\r\n");
    let answer = page.answer(&Method::GET, MAIL, &ours());
    assert_eq!(answer.headers().get_all(header::CONTENT_SECURITY_POLICY).iter().count(), 1);
    assert_eq!(answer.headers()[header::CONTENT_SECURITY_POLICY], MAIL_POLICY);
    assert_eq!(answer.into_body(), "<p>Hello</p>");
}

#[tokio::test]
async fn the_session_names_both_streams_and_a_token() {
    let (page, _ordered) = page(1).await;
    let session = page.answer(&Method::GET, "/demo/session.json", &ours()).into_body();
    let session: serde_json::Value = serde_json::from_str(&session).unwrap();
    assert_eq!(session["events"], "http://127.0.0.1:8081/events/");
    assert_eq!(session["token"].as_str().unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn a_button_orders_its_action_until_too_much_waits() {
    let (page, mut ordered) = page(1).await;
    assert_eq!(page.answer(&Method::POST, "/demo/do/burst", &ours()).status(), StatusCode::ACCEPTED);
    assert_eq!(page.answer(&Method::POST, "/demo/do/read", &ours()).status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ordered.recv().await, Some(Action::Burst));
    assert_eq!(page.answer(&Method::POST, "/demo/do/dance", &ours()).status(), StatusCode::NOT_FOUND);
    assert_eq!(page.answer(&Method::PUT, "/", &ours()).status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn other_hosts_and_other_pages_get_nothing() {
    let (page, mut ordered) = page(1).await;
    let rebound = fields(&[(header::HOST, "evil.test:8091")]);
    assert_eq!(page.answer(&Method::GET, "/", &rebound).status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(page.answer(&Method::GET, "/", &HeaderMap::new()).status(), StatusCode::MISDIRECTED_REQUEST);
    let foreign = fields(&[(header::HOST, "127.0.0.1:8091"), (header::ORIGIN, "https://evil.test")]);
    assert_eq!(page.answer(&Method::POST, "/demo/do/read", &foreign).status(), StatusCode::FORBIDDEN);
    assert!(ordered.try_recv().is_err());
    let own = fields(&[(header::HOST, "localhost:8091"), (header::ORIGIN, OWN)]);
    assert_eq!(page.answer(&Method::POST, "/demo/do/read", &own).status(), StatusCode::ACCEPTED);
}
