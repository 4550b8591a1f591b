//! A JMAP server whose users all have the password `secret`.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request, Response, StatusCode, body::Bytes, header, server::conn::http1, service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};

/// `alice:secret`
pub const ALICE: &str = "Basic YWxpY2U6c2VjcmV0";
pub const BOB: &str = "Basic Ym9iOnNlY3JldA==";
pub const WRONG: &str = "Basic YWxpY2U6d3Jvbmc=";
pub const COOKIE: &str = "session=alice";

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// With this status.
    Status(u16),
    /// Not until told.
    Silent,
    /// Knows credentials and answers no question.
    Mute,
    /// With a Session that does not end.
    Endless,
}

pub struct MailServer {
    pub address: SocketAddr,
    pub released: Notify,
    inner: Mutex<Inner>,
}

struct Inner {
    mood: Mood,
    sessions: usize,
    questions: Vec<Value>,
    /// The state of mail.
    mail: u64,
    /// Who was asked about, in order.
    asked: Vec<String>,
    /// Users whose password was changed.
    locked_out: Vec<String>,
    /// Questions that wait for an answer, and the most that did at once.
    waiting: usize,
    most_waiting: usize,
}

impl MailServer {
    pub async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Mutex::new(Inner {
            mood: Mood::Well,
            sessions: 0,
            questions: Vec::new(),
            mail: 42,
            asked: Vec::new(),
            locked_out: Vec::new(),
            waiting: 0,
            most_waiting: 0,
        });
        let address = listener.local_addr().unwrap();
        let this = Arc::new(Self { address, released: Notify::new(), inner });
        let serving = this.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let server = serving.clone();
                let answer = service_fn(move |request| {
                    let server = server.clone();
                    async move { Ok::<_, Infallible>(server.answer(request).await) }
                });
                tokio::spawn(async move {
                    let builder = http1::Builder::new();
                    // A client that goes away is no matter.
                    builder.serve_connection(TokioIo::new(socket), answer).await.ok();
                });
            }
        });
        this
    }

    pub fn session_url(&self) -> String {
        format!("http://{}/jmap/", self.address)
    }

    pub fn set(&self, mood: Mood) {
        self.inner.lock().unwrap().mood = mood;
    }

    /// How often the Session was asked for.
    pub fn sessions(&self) -> usize {
        self.inner.lock().unwrap().sessions
    }

    pub fn questions(&self) -> Vec<Value> {
        self.inner.lock().unwrap().questions.clone()
    }

    /// Mail changes.
    pub fn set_mail(&self, modseq: u64) {
        self.inner.lock().unwrap().mail = modseq;
    }

    /// The password of a user is another one from here on.
    pub fn lock_out(&self, user: &str) {
        self.inner.lock().unwrap().locked_out.push(user.to_owned());
    }

    /// How often it was asked about a user, answered or not.
    pub fn asked_about(&self, user: &str) -> usize {
        self.inner.lock().unwrap().asked.iter().filter(|asked| *asked == user).count()
    }

    /// Questions that wait for an answer, and the most that did at once.
    pub fn waiting(&self) -> (usize, usize) {
        let inner = self.inner.lock().unwrap();
        (inner.waiting, inner.most_waiting)
    }

    /// A question, until it is answered.
    fn wait(&self) -> Waiting<'_> {
        let mut inner = self.inner.lock().unwrap();
        inner.waiting += 1;
        inner.most_waiting = inner.most_waiting.max(inner.waiting);
        Waiting(self)
    }

    async fn answer(&self, request: Request<hyper::body::Incoming>) -> Response<Full<Bytes>> {
        let is_session = request.method() == "GET";
        let mood = {
            let mut inner = self.inner.lock().unwrap();
            inner.sessions += usize::from(is_session);
            inner.mood
        };
        let user = user(request.headers());
        let _waiting = (!is_session).then(|| self.wait());
        if !is_session && let Some(user) = &user {
            self.inner.lock().unwrap().asked.push(user.clone());
        }
        match mood {
            Mood::Well => {}
            Mood::Mute if is_session => {}
            Mood::Mute => {
                self.inner.lock().unwrap().questions.push(Value::Null);
                return Response::builder().status(500).body(Full::default()).unwrap();
            }
            Mood::Status(status) => {
                let to = format!("http://{}/elsewhere", self.address);
                return Response::builder()
                    .status(status)
                    .header(header::LOCATION, to)
                    .body(Full::default())
                    .unwrap();
            }
            Mood::Silent => self.released.notified().await,
            Mood::Endless => return Response::new(Full::from(vec![b' '; 3 << 20])),
        }
        let user = user.filter(|user| !self.inner.lock().unwrap().locked_out.contains(user));
        let Some(user) = user else {
            return Response::builder().status(StatusCode::UNAUTHORIZED).body(Full::default()).unwrap();
        };
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let answer = if is_session { session(&user) } else { self.states(&body) };
        Response::new(Full::from(answer.to_string()))
    }

    fn states(&self, body: &[u8]) -> Value {
        let question: Value = serde_json::from_slice(body).unwrap();
        let calls = question["methodCalls"].as_array().unwrap().clone();
        let mail = {
            let mut inner = self.inner.lock().unwrap();
            inner.questions.push(question);
            inner.mail
        };
        let responses: Vec<Value> = calls.iter().map(|call| response(call, mail)).collect();
        json!({"methodResponses": responses, "sessionState": "0"})
    }
}

struct Waiting<'a>(&'a MailServer);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.inner.lock().unwrap().waiting -= 1;
    }
}

/// Whose credential it is, if it is good.
fn user(request: &HeaderMap) -> Option<String> {
    if request.get(header::COOKIE).is_some_and(|cookie| cookie == COOKIE) {
        return Some("alice".to_owned());
    }
    let pair = request.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(pair).ok()?).ok()?;
    pair.strip_suffix(":secret").map(str::to_owned)
}

fn session(user: &str) -> Value {
    json!({
        "username": user,
        // As a server behind a proxy names itself; nobody listens there.
        "apiUrl": "https://mail.example.org/jmap/api/",
        "capabilities": {"urn:ietf:params:jmap:core": {}, "urn:ietf:params:jmap:mail": {}, "x:other": {}},
        "accounts": {"u1": {"name": user, "isPersonal": true}, "u2": {"name": "bob", "isPersonal": false}},
        "primaryAccounts": {"urn:ietf:params:jmap:mail": "u1"},
    })
}

/// Mail and contacts are there; calendars are not.
fn response(call: &Value, mail: u64) -> Value {
    match call[0].as_str().unwrap() {
        method @ ("Email/get" | "Mailbox/get") => {
            json!([method, {"state": mail.to_string(), "list": []}, call[2]])
        }
        method @ "Contact/get" => json!([method, {"state": "7", "list": []}, call[2]]),
        _ => json!(["error", {"type": "unknownMethod"}, call[2]]),
    }
}
