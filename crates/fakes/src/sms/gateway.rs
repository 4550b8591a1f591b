//! The server.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response, body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use reqwest::{Client, redirect::Policy};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use tracing::{debug, warn};

use super::{
    Account, Fault, Status, TextMessage,
    callback::callback,
    desk::{Reply, Shared},
    forms::Call,
};

/// What a gateway holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewaySettings {
    /// Whose messages it takes.
    pub account: Account,
    /// Messages that are kept; older ones make room. What is not kept can be taken again in the signed form too.
    pub kept: usize,
    /// Connections at a time; the next one waits.
    pub connections: usize,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self { account: Account::default(), kept: 20_000, connections: 256 }
    }
}

/// No message comes near it, nor a receipt's answer.
const LONGEST_BODY: usize = 64 << 10;
/// Faults that wait for their calls; who plans more wants [`SmsGateway::fail_always`].
const MOST_FAULTS: usize = 10_000;
/// How long whoever gets a receipt may take to answer, as with Twilio.
const RECEIPT_TIMEOUT: Duration = Duration::from_secs(15);

/// A running gateway; it ends, with its connections, soon after this is dropped.
#[derive(Debug)]
pub struct SmsGateway {
    local_addr: SocketAddr,
    shared: Arc<Shared>,
    client: Client,
    receipts: AtomicU64,
    tasks: TaskTracker,
    stop: DropGuard,
}

impl SmsGateway {
    /// Listens on `address` (port 0: any).
    pub async fn start(address: SocketAddr, settings: GatewaySettings) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let local_addr = listener.local_addr()?;
        // An error means that a provider of cryptography is there, which is what is wanted.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(RECEIPT_TIMEOUT);
        let client = client.build().map_err(io::Error::other)?;
        let shared = Arc::new(Shared::new(settings));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let run = accept(listener, shared.clone(), tasks.clone(), stop.clone());
        tasks.spawn(stop.clone().run_until_cancelled_owned(run));
        let (receipts, stop) = (AtomicU64::new(0), stop.drop_guard());
        Ok(Self { local_addr, shared, client, receipts, tasks, stop })
    }

    /// Ends it and waits until its address is free and its connections are closed.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// What comes before the path of each form; the signed one is at `/sms`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.local_addr)
    }

    /// The messages that are kept, oldest first.
    pub fn messages(&self) -> Vec<Arc<TextMessage>> {
        self.shared.lock().messages.iter().cloned().collect()
    }

    /// How many messages were taken since the start; changes after the message is among [`Self::messages`].
    pub fn taken(&self) -> watch::Receiver<u64> {
        self.shared.taken.subscribe()
    }

    /// How many calls came since the start, whatever became of them.
    pub fn calls(&self) -> watch::Receiver<u64> {
        self.shared.calls.subscribe()
    }

    /// What becomes of the next calls, after those that are planned already: nothing is no fault.
    ///
    /// # Panics
    /// With more than 10,000 planned.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        let next = &mut self.shared.lock().next;
        next.extend(faults);
        assert!(next.len() <= MOST_FAULTS, "more than {MOST_FAULTS} faults are planned");
    }

    /// What becomes of every call for which nothing is planned.
    pub fn fail_always(&self, fault: Option<Fault>) {
        self.shared.lock().always = fault;
    }

    /// No call fails any more, whatever was planned.
    pub fn heal(&self) {
        let mut state = self.shared.lock();
        state.next.clear();
        state.always = None;
    }

    /// How many parts are still paid for; nothing is without end.
    pub fn set_funds(&self, segments: Option<u64>) {
        self.shared.lock().funds = segments;
    }

    /// Posts a receipt for each name of the message, and gives the statuses of the answers. Call it again, or with what
    /// was before, to repeat and to mix up receipts. A message without a callback has none.
    pub async fn receipt(&self, message: &TextMessage, status: Status) -> reqwest::Result<Vec<u16>> {
        let mut answers = Vec::new();
        let Some(url) = &message.callback else { return Ok(answers) };
        for id in &message.ids {
            let nth = self.receipts.fetch_add(1, Ordering::Relaxed);
            let told = callback(message, (id, status), &self.shared.settings.account, (nth, now()));
            let post = self.client.post(url).header("content-type", told.content_type).body(told.body);
            let post = told.headers.into_iter().fold(post, |post, (name, value)| post.header(name, value));
            answers.push(post.send().await?.status().as_u16());
        }
        Ok(answers)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, tasks: TaskTracker, stop: CancellationToken) {
    /// The wait after accept fails (no file descriptors), so that the loop does not spin.
    const PAUSE: Duration = Duration::from_millis(100);
    let places = Arc::new(Semaphore::new(shared.settings.connections));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = shared.clone();
                let connection = async move {
                    serve(stream, shared).await;
                    drop(place);
                };
                tasks.spawn(stop.clone().run_until_cancelled_owned(connection));
            }
            Err(why) => {
                warn!(error = %why, "Cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| answer_call(request, shared.clone()));
    if let Err(why) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        debug!(error = %why, "Connection ended");
    }
}

/// Why a connection is closed without an answer.
#[derive(Debug)]
struct HungUp;

impl std::fmt::Display for HungUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no answer was to be given")
    }
}

impl std::error::Error for HungUp {}

async fn answer_call(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, HungUp> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, LONGEST_BODY).collect().await.map_err(|_| HungUp)?.to_bytes();
    let call =
        Call { method: &head.method, path: head.uri.path(), headers: &head.headers, body: &body, now: now() };
    shared.calls.send_modify(|calls| *calls += 1);
    let (status, body, wait) = match shared.reply(&call) {
        Reply::HangUp => return Err(HungUp),
        Reply::Nothing => return std::future::pending().await,
        Reply::Say(status, body) => (status, body, None),
        Reply::SayBusy(status, seconds) => (status, String::new(), Some(seconds)),
        Reply::SayLate(after, status, body) => {
            tokio::time::sleep(after).await;
            (status, body, None)
        }
    };
    let response = Response::builder().status(status).header("content-type", "application/json");
    let response = wait.into_iter().fold(response, |response, wait| response.header("retry-after", wait));
    response.body(Full::from(body)).map_err(|_| HungUp)
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
