//! The link in a mail, followed by a real HTTP client.

use std::{fs, net::SocketAddr, sync::Arc, time::Duration};

use bus::Bus;
use bus_local::{LocalBus, LocalBusSettings};
use fakes::smtp::{Mail, SmtpSink};
use kit::drain::Drain;
use notifyd::{MuteSettings, Notifyd, OneClick, Settings};
use prometheus_client::registry::Registry;
use reqwest::{Response, StatusCode};
use store::Store;
use tempfile::TempDir;

use crate::{
    bus::mails,
    setup::{alarm, header, job, ledger, metric, settings, sink, text},
};

const ONE_CLICK: &str = "List-Unsubscribe=One-Click";
const PUBLIC: &str = "https://mail.example.org/mute/en/";
const DEADLINE: Duration = Duration::from_secs(20);

/// notifyd with its port, and mails that it sends.
struct World {
    bus: LocalBus,
    sink: SmtpSink,
    store: Store,
    registry: Registry,
    drain: Drain,
    port: SocketAddr,
    client: reqwest::Client,
    jobs: u64,
    _folder: TempDir,
}

impl World {
    async fn with(one_click: OneClick) -> Self {
        let (folder, sink, drain) = (TempDir::new().unwrap(), sink().await, Drain::new());
        let bus = LocalBus::open(&folder.path().join("bus.sqlite"), LocalBusSettings::default()).unwrap();
        let (store, mut registry) = (ledger(&folder).await, Registry::default());
        let mut settings = settings(sink.local_addr());
        let public_url = "https://mail.example.org/mute/".to_owned();
        settings.mute = Some(MuteSettings { listen: "127.0.0.1:0".parse().unwrap(), public_url, one_click });
        let notifyd = Notifyd::start(settings, b"site", Arc::new(bus.clone()), store.clone(), &mut registry);
        let notifyd = notifyd.await.unwrap();
        let port = notifyd.mute_addr().unwrap();
        drop(drain.spawn(notifyd.run(drain.clone())));
        let client = testkit::http_client();
        Self { bus, sink, store, registry, drain, port, client, jobs: 0, _folder: folder }
    }

    /// Has an alarm go off that has not before.
    async fn alarm(&mut self, uid: &str, to: &[&str]) {
        self.jobs += 1;
        let mut alarm = alarm(to);
        (alarm.uid, alarm.alarm_time) = (uid.into(), format!("20991122T0312{:02}", self.jobs));
        let mut job = job(alarm);
        job.id.sequence = self.jobs;
        self.bus.dispatch(job, &[]).await.unwrap();
    }

    /// Has an alarm go off that somebody mutes; the mail that goes to carol comes last.
    async fn alarm_that_is_muted(&mut self, uid: &str) {
        let (before, dropped) = (self.sink.mails().len(), self.muted());
        self.alarm(uid, &["bob@example.org", "carol@example.org"]).await;
        mails(&self.sink, before as u64 + 1).await;
        assert_eq!(self.sink.mails()[before].to, ["carol@example.org"]);
        assert_eq!(self.muted(), dropped + 1);
    }

    /// Has an alarm go off that bob gets; where its link leads, by way of the proxy.
    async fn alarm_that_is_sent(&mut self, uid: &str) -> String {
        let before = self.sink.mails().len();
        self.alarm(uid, &["bob@example.org"]).await;
        mails(&self.sink, before as u64 + 1).await;
        let mail = self.sink.mails()[before].clone();
        assert_eq!(header(&mail, "List-Unsubscribe-Post"), ONE_CLICK);
        let link = header(&mail, "List-Unsubscribe");
        let link = link.strip_prefix('<').and_then(|link| link.strip_suffix('>')).unwrap();
        assert!(!link.contains("bob") && !link.contains(uid), "{link} tells who or what");
        let body = body(&mail);
        assert_eq!(body.matches(link).count(), 3, "in the header, the text and the HTML: {body}");
        assert_eq!(body.matches(PUBLIC).count(), 5, "another one in the text and the HTML: {body}");
        self.by_the_proxy(link)
    }

    /// Where a link of a mail leads.
    fn by_the_proxy(&self, link: &str) -> String {
        link.replace("https://mail.example.org", &format!("http://{}", self.port))
    }

    /// Where the lines at the foot of the last mail lead.
    fn foot(&self) -> [String; 2] {
        let body = body(self.sink.mails().last().unwrap());
        let (text, _) = body.split_once("<html").unwrap();
        ["No more mail about this event: ", "No more reminders by mail at all: "].map(|label| {
            let (_, link) = text.split_once(label).unwrap();
            self.by_the_proxy(link.lines().next().unwrap())
        })
    }

    async fn post(&self, url: &str, body: impl Into<reqwest::Body>) -> Response {
        let request = self.client.post(url).header("content-type", "application/x-www-form-urlencoded");
        request.body(body).send().await.unwrap()
    }

    fn muted(&self) -> u64 {
        metric(&self.registry, "notifyd_mails_dropped_total{reason=\"Muted\"}").parse().unwrap()
    }
}

#[tokio::test]
async fn one_click_mutes_every_alarm_of_one_recipient() {
    let mut world = World::with(OneClick::All).await;
    let link = world.alarm_that_is_sent("lunch-1").await;
    for _ in 0..2 {
        let response = world.post(&link, ONE_CLICK).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
    world.alarm_that_is_muted("lunch-1").await;
    world.alarm_that_is_muted("lunch-2").await;
    assert_eq!(metric(&world.registry, "notifyd_mutes_total"), "1");
}

#[tokio::test]
async fn one_click_can_be_set_to_mute_the_event_alone() {
    let mut world = World::with(OneClick::Event).await;
    let link = world.alarm_that_is_sent("lunch-1").await;
    let form =
        "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    let request = world.client.post(&link).header("content-type", "multipart/form-data; boundary=x");
    assert_eq!(request.body(form).send().await.unwrap().status(), StatusCode::OK);
    world.alarm_that_is_muted("lunch-1").await;
    world.alarm_that_is_sent("lunch-2").await;
}

#[tokio::test]
async fn each_line_at_the_foot_leads_to_what_it_says() {
    let mut world = World::with(OneClick::Event).await;
    let in_head = world.alarm_that_is_sent("lunch-1").await;
    let [event, all] = world.foot();
    assert_eq!(in_head, event);
    for (link, first) in [(&event, "event"), (&all, "all")] {
        let page = world.client.get(link).send().await.unwrap().text().await.unwrap();
        let (_, button) = page.split_once("<button").unwrap();
        assert!(button.starts_with(&format!(" name=\"mute\" value=\"{first}\"")), "{page}");
        assert!(offers(&page, &["mute=event", "mute=all"]), "{page}");
    }
    world.post(&all, ONE_CLICK).await;
    world.alarm_that_is_muted("lunch-2").await;
}

#[tokio::test]
async fn looking_at_the_page_mutes_nothing_and_its_buttons_do() {
    let mut world = World::with(OneClick::All).await;
    let link = world.alarm_that_is_sent("lunch-1").await;
    let page = world.client.get(&link).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    for (name, part) in [
        ("content-security-policy", "default-src 'none'"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-robots-tag", "noindex"),
    ] {
        assert!(page.headers()[name].to_str().unwrap().contains(part), "{name}");
    }
    let page = page.text().await.unwrap();
    assert!(offers(&page, &["mute=event", "mute=all"]), "{page}");
    assert!(!page.contains("Team lunch"), "{page} tells of what event");
    assert_eq!(world.client.head(&link).send().await.unwrap().status(), StatusCode::OK);
    world.alarm_that_is_sent("lunch-1").await;
    let done = world.post(&link, "mute=event").await.text().await.unwrap();
    assert!(offers(&done, &["unmute=event", "mute=all"]), "{done}");
    world.alarm_that_is_muted("lunch-1").await;
    world.alarm_that_is_sent("lunch-2").await;
    let done = world.post(&link, "mute=all").await.text().await.unwrap();
    assert!(offers(&done, &["unmute=all"]), "{done}");
    world.alarm_that_is_muted("lunch-2").await;
    let done = world.post(&link, "unmute=all").await.text().await.unwrap();
    assert!(offers(&done, &["unmute=event", "mute=all"]), "what was said of one event stays: {done}");
    world.alarm_that_is_sent("lunch-2").await;
    world.alarm_that_is_muted("lunch-1").await;
    world.post(&link, "unmute=event").await;
    world.alarm_that_is_sent("lunch-1").await;
}

/// Of a mail, so that what it links to can be found.
fn body(mail: &Mail) -> String {
    text(mail).replace("=\r\n", "").replace("=3D", "=").replace("&#x2f;", "/")
}

/// Whether these are the page's buttons, as what they send.
fn offers(page: &str, forms: &[&str]) -> bool {
    let button = |form: &&str| {
        let (name, value) = form.split_once('=').unwrap();
        page.contains(&format!("<button name=\"{name}\" value=\"{value}\">"))
    };
    page.matches("<button").count() == forms.len() && forms.iter().all(button)
}

#[tokio::test]
async fn the_page_speaks_the_recipients_language() {
    let mut world = World::with(OneClick::All).await;
    let link = world.alarm_that_is_sent("lunch-1").await;
    let (base, token) = link.rsplit_once("/en/").unwrap();
    let get = async |url: &str| {
        let request = world.client.get(url).header("accept-language", "ja, de;q=0.5");
        request.send().await.unwrap().text().await.unwrap()
    };
    assert!(get(&link).await.contains("<html lang=\"en\" dir=\"ltr\">"));
    assert!(get(&format!("{base}/ar/{token}")).await.contains("<html lang=\"ar\" dir=\"rtl\">"));
    assert!(get(&format!("{base}/{token}")).await.contains("<html lang=\"ja\""), "the browser's");
    let stripped = format!("http://{}/de/{token}", world.port);
    assert!(get(&stripped).await.contains("<html lang=\"de\""), "by a proxy that takes the path away");
}

#[tokio::test]
async fn a_person_mutes_and_unmutes_by_clicking_in_a_browser() {
    let mut world = World::with(OneClick::All).await;
    let link = world.alarm_that_is_sent("lunch-1").await.replace("/en/", "/ar/");
    let page = testkit::chromium::Page::open().await;
    page.goto(&link).await;
    // The browser speaks the page's language and applies its style: the policy lets it.
    let style =
        page.eval("[document.dir, getComputedStyle(document.querySelector('main')).borderRadius]").await;
    assert_eq!(style, serde_json::json!(["rtl", "8px"]));
    let click = async |form: &str, then: &str| {
        let (name, value) = form.split_once('=').unwrap();
        let button = format!("document.querySelector('button[name={name}][value={value}]')");
        page.eval(&format!("{button}.click()")).await;
        let (name, value) = then.split_once('=').unwrap();
        page.wait_until(&format!("document.querySelector('button[name={name}][value={value}]')"), DEADLINE)
            .await;
    };
    world.alarm_that_is_sent("lunch-1").await;
    click("mute=event", "unmute=event").await;
    world.alarm_that_is_muted("lunch-1").await;
    click("unmute=event", "mute=event").await;
    world.alarm_that_is_sent("lunch-1").await;
    click("mute=all", "unmute=all").await;
    world.alarm_that_is_muted("lunch-2").await;
    click("unmute=all", "mute=event").await;
    world.alarm_that_is_sent("lunch-2").await;
    assert_eq!(page.console_errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_no_link_of_ours_learns_nothing_and_does_nothing() {
    let mut world = World::with(OneClick::All).await;
    let link = world.alarm_that_is_sent("lunch-1").await;
    let first = world.client.get(format!("http://{}/", world.port)).send().await.unwrap();
    let (status, body) = (first.status(), first.text().await.unwrap());
    assert_eq!(status, StatusCode::NOT_FOUND);
    let changed = format!("{}A", &link[..link.len() - 1]);
    let changed = if changed == link { format!("{}B", &link[..link.len() - 1]) } else { changed };
    let cut = link[..link.len() - 1].to_owned();
    for url in [changed, cut, format!("{link}A"), format!("http://{}/mute/../../x", world.port)] {
        for request in [world.client.get(&url), world.client.post(&url).body(ONE_CLICK)] {
            let response = request.send().await.unwrap();
            assert_eq!((response.status(), response.text().await.unwrap()), (status, body.clone()), "{url}");
        }
    }
    for (wrong, expected) in [("mute=everybody", 400), ("", 400), (&*"x".repeat(5000), 400)] {
        assert_eq!(world.post(&link, wrong.to_owned()).await.status(), expected);
    }
    assert_eq!(world.client.delete(&link).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    let large = world.client.get(&link).header("x-large", "x".repeat(9000)).send().await.unwrap();
    assert_eq!(large.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    world.alarm_that_is_sent("lunch-1").await;
}

#[tokio::test]
async fn a_page_of_the_operators_that_fails_stops_the_start() {
    let (folder, wording, sink) = (TempDir::new().unwrap(), TempDir::new().unwrap(), sink().await);
    let page = "{% if state is startingwith \"This link\" %}{{ nobody_knows }}{% endif %}<p>{{ state }}";
    fs::write(wording.path().join("mute.html"), page).unwrap();
    let settings = Settings { wording: Some(wording.path().to_owned()), ..settings(sink.local_addr()) };
    let bus = LocalBus::open(&folder.path().join("bus.sqlite"), LocalBusSettings::default()).unwrap();
    let (store, mut registry) = (ledger(&folder).await, Registry::default());
    let started = Notifyd::start(settings, b"site", Arc::new(bus), store, &mut registry).await;
    let error = format!("{:?}", started.err().unwrap());
    assert!(error.contains("mute.html") && error.contains("nobody_knows"), "{error}");
}

#[tokio::test]
async fn a_mute_that_cannot_be_written_is_not_said_to_be() {
    let mut world = World::with(OneClick::All).await;
    let link = world.alarm_that_is_sent("lunch-1").await;
    world.store.close().await;
    let response = world.post(&link, ONE_CLICK).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(world.client.get(&link).send().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn the_port_ends_with_notifyd() {
    let world = World::with(OneClick::All).await;
    world.drain.finish(DEADLINE).await;
    let url = format!("http://{}/", world.port);
    let refused = async || world.client.get(&url).send().await.err().filter(reqwest::Error::is_connect);
    testkit::eventually(DEADLINE, "the port is closed", refused).await;
}
