//! Clients that nobody here wrote follow a stream while pusher ends in order, and by a crash: none gives up, none misses
//! anything.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use testkit::{
    chromium, eventually, free_port,
    pages::{Page, Pages},
    program::{self, Program},
    proxy::{Behind, Kind, Proxy},
    sse::Stream,
    tap::Tap,
};
use tests::{
    Alone,
    alone::{BY_TOKEN, bearer},
};

/// The proxy says to come again in 5 s.
const PATIENCE: Duration = Duration::from_secs(30);
const JMAP: &str = "/jmap/eventsource/?types=*&closeafter=no&ping=0";
const EVENTS: &str = "/events/";

/// Somebody who prints a line of JSON for each thing that happens.
trait Client {
    /// Every line so far.
    async fn lines(&self) -> Vec<Value>;
}

impl Client for Program {
    async fn lines(&self) -> Vec<Value> {
        // Libraries print words of their own besides.
        self.said().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

/// The mail modseqs of alice that it was told, in order.
fn told(lines: &[Value]) -> Vec<u64> {
    let of_jmap = |line: &Value| line["data"]["changed"]["alice"]["Email"].as_str()?.parse().ok();
    let modseq = |line: &Value| line["data"]["mailModSeq"].as_u64().or_else(|| of_jmap(line));
    lines.iter().filter_map(modseq).collect()
}

async fn is_told(client: &impl Client, modseq: u64) {
    eventually(PATIENCE, &format!("{modseq} is told"), async || {
        let lines = client.lines().await;
        assert!(lines.iter().all(|line| line["event"] != "given up"), "it gave up: {lines:?}");
        (told(&lines).last() == Some(&modseq)).then_some(())
    })
    .await;
}

/// mailpush with nginx before it, and somebody between the two.
struct Site {
    alone: Alone,
    tap: Tap,
    proxy: Proxy,
    mail: u16,
}

impl Site {
    async fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_before(free_port(), settings).await
    }

    /// With the mail server, or what stands in its place, on the port `mail`.
    async fn start_before(mail: u16, settings: &[(&str, &str)]) -> Self {
        let alone = with_a_first_change(settings).await;
        let tap = Tap::to(alone.port()).await;
        let proxy = Proxy::start(Kind::Nginx, Behind { pusher: tap.port(), mail }).await;
        Self { alone, tap, proxy, mail }
    }
}

/// A change while it listens; a restart in order and one by a crash, each with a change before it is back. Where there
/// is a `tap`, pusher stays away until the client has asked for it in vain.
async fn follows_through_restarts(alone: &mut Alone, tap: Option<&Tap>, client: &impl Client) {
    is_told(client, 7001).await;
    alone.change("alice", 7002).await;
    is_told(client, 7002).await;
    alone.stop().await;
    alone.run().await;
    alone.change("alice", 7003).await;
    is_told(client, 7003).await;
    let before = tap.map(Tap::connections);
    alone.kill().await;
    eventually(PATIENCE, "the client comes back while pusher is away", async || {
        (before.is_none() || tap.map(Tap::connections) > before).then_some(())
    })
    .await;
    alone.run().await;
    alone.change("alice", 7004).await;
    alone.change("alice", 7005).await;
    is_told(client, 7005).await;

    let told = told(&client.lines().await);
    assert!(told.is_sorted(), "it was told {told:?}");
    // What the server says to somebody who knows nothing.
    let mut fresh = Stream::connect(&alone.url(EVENTS), &[("Authorization", &bearer("alice"))]).await;
    let data = fresh.next_event(PATIENCE).await.data.unwrap_or_default();
    let data: Value = serde_json::from_str(&data).expect("data is JSON");
    assert_eq!(data["mailModSeq"].as_u64(), told.last().copied());
}

async fn with_a_first_change(settings: &[(&str, &str)]) -> Alone {
    let alone = Alone::start_with(settings).await;
    alone.change("alice", 7001).await;
    alone
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(name)
}

fn eventsource(url: &str) -> Program {
    let installed = program::clients();
    let node = Program::installed(&installed.join("bin/node")).arg(script("follow.mjs"));
    node.arg(&installed).arg(url).arg(bearer("alice")).start()
}

#[tokio::test(flavor = "multi_thread")]
async fn npm_eventsource_follows_directly() {
    let mut alone = with_a_first_change(&[]).await;
    let client = eventsource(&alone.url(EVENTS));
    follows_through_restarts(&mut alone, None, &client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn npm_eventsource_follows_through_nginx() {
    let mut site = Site::start(&[]).await;
    let client = eventsource(&site.proxy.url(JMAP));
    follows_through_restarts(&mut site.alone, Some(&site.tap), &client).await;
}

/// The native EventSource of a page.
impl Client for chromium::Page {
    async fn lines(&self) -> Vec<Value> {
        let lines = self.eval("lines").await;
        let lines = lines.as_array().into_iter().flatten().filter_map(Value::as_str);
        lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

fn page() -> Page {
    let body = include_str!("../clients/page.html").to_owned();
    Page { path: "/", kind: "text/html", body, cookie: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_follows_through_nginx_by_ticket() {
    let mut site = Site::start(&[]).await;
    let _webmail = Pages::serve(site.mail, vec![page()]).await;
    let browser = chromium::Page::open().await;
    browser.goto(&site.proxy.url("/")).await;
    browser.eval(&format!("void followByTicket('', '{EVENTS}?', '{}')", bearer("alice"))).await;
    follows_through_restarts(&mut site.alone, Some(&site.tap), &browser).await;
}

/// A page of another origin, and nothing between the browser and pusher.
#[tokio::test(flavor = "multi_thread")]
async fn chromium_follows_directly_from_another_origin_by_ticket() {
    let port = free_port();
    let origin = format!("http://localhost:{port}");
    let mut alone = with_a_first_change(&[("cors.origins", &format!("[{origin:?}]"))]).await;
    let _webmail = Pages::serve(port, vec![page()]).await;
    let browser = chromium::Page::open().await;
    browser.goto(&origin).await;
    let base = alone.url("");
    browser.eval(&format!("void followByTicket('{base}', '{JMAP}&', '{}')", bearer("alice"))).await;
    follows_through_restarts(&mut alone, None, &browser).await;
}

/// The same through nginx: while pusher is away, nginx answers in its place, and the browser must be let to read it.
#[tokio::test(flavor = "multi_thread")]
async fn chromium_follows_through_nginx_from_another_origin_by_ticket() {
    let port = free_port();
    let origin = format!("http://localhost:{port}");
    let mut site = Site::start(&[("cors.origins", &format!("[{origin:?}]"))]).await;
    let _webmail = Pages::serve(port, vec![page()]).await;
    let browser = chromium::Page::open().await;
    browser.goto(&origin).await;
    let base = site.proxy.url("");
    browser.eval(&format!("void followByTicket('{base}', '{JMAP}&', '{}')", bearer("alice"))).await;
    follows_through_restarts(&mut site.alone, Some(&site.tap), &browser).await;
}

const COOKIE: &str = "session=of-alice";

/// A Session resource that knows who is logged in by a cookie.
fn session_by_cookie() -> Page {
    let body = json!({
        "username": "alice", "apiUrl": "/jmap/", "capabilities": {}, "accounts": { "alice": { "isPersonal": true } },
    });
    Page { path: "/jmap/", kind: "application/json", body: body.to_string(), cookie: Some(COOKIE) }
}

/// The page is of the streams' own origin: nothing is listed.
#[tokio::test(flavor = "multi_thread")]
async fn chromium_follows_through_nginx_by_cookie() {
    let mail = free_port();
    let upstream = format!(r#"{{ upstream = {{ session_url = "http://127.0.0.1:{mail}/jmap/" }} }}"#);
    let credentials = format!("{}, {upstream}]", BY_TOKEN.trim_end_matches(']'));
    let settings = [("credentials", credentials.as_str()), ("cookies.names", r#"["session"]"#)];
    let mut site = Site::start_before(mail, &settings).await;
    let _webmail = Pages::serve(mail, vec![page(), session_by_cookie()]).await;
    let browser = chromium::Page::open().await;
    browser.goto(&site.proxy.url("/")).await;
    browser.eval(&format!("void (document.cookie = '{COOKIE}')")).await;
    browser.eval(&format!("void follow('{EVENTS}')")).await;
    follows_through_restarts(&mut site.alone, Some(&site.tap), &browser).await;
}

/// A Session resource (RFC 8620 §2) as jmapc needs it: with TLS, under the well-known address, and with whole URLs.
fn session(proxy: &Proxy) -> Page {
    let base = format!("https://{}", proxy.tls_host());
    let core = json!({
        "maxSizeUpload": 1, "maxConcurrentUpload": 1, "maxSizeRequest": 1, "maxConcurrentRequests": 1,
        "maxCallsInRequest": 1, "maxObjectsInGet": 1, "maxObjectsInSet": 1, "collationAlgorithms": [],
    });
    let body = json!({
        "username": "alice", "state": "0", "primaryAccounts": {}, "apiUrl": format!("{base}/jmap/"),
        "downloadUrl": format!("{base}/jmap/download/"), "uploadUrl": format!("{base}/jmap/upload/"),
        "eventSourceUrl":
            format!("{base}/jmap/eventsource/?types={{types}}&closeafter={{closeafter}}&ping={{ping}}"),
        "capabilities": { "urn:ietf:params:jmap:core": core },
    });
    Page { path: "/.well-known/jmap", kind: "application/json", body: body.to_string(), cookie: None }
}

/// Only behind a proxy: jmapc tries to connect once, and a refused connection is its end. nginx refuses none.
#[tokio::test(flavor = "multi_thread")]
async fn jmapc_follows_through_nginx() {
    let mut site = Site::start(&[]).await;
    let proxy = &site.proxy;
    let _mail_server = Pages::serve(site.mail, vec![session(proxy)]).await;
    let token = bearer("alice");
    let token = token.strip_prefix("Bearer ").expect("it is one");
    let client = Program::installed(&program::clients().join("bin/python"))
        .arg(script("follow.py"))
        .args([&proxy.tls_host(), token])
        .env("REQUESTS_CA_BUNDLE", &proxy.certificate().chain)
        .start();
    follows_through_restarts(&mut site.alone, Some(&site.tap), &client).await;
}
