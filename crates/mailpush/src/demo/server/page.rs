//! What the page's server answers.

use std::{sync::Arc, time::SystemTime};

use hyper::{
    HeaderMap, Method, Response, StatusCode,
    header::{self, HeaderName, HeaderValue},
};
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc;

use crate::demo::{SharedWorld, assets, outbox::Outbox, phone::Phone, script::Action, stage::Session};

/// Content type of what the page fetches.
const JSON: &str = "application/json";

/// The newest mail, framed by the page.
const MAIL: &str = "/demo/mail.html";

/// A mail may style itself and do nothing else, as in a mail program.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'";

/// What the page is made of and asks for.
#[derive(Debug)]
pub struct Page {
    /// What opens its streams.
    pub session: Session,
    /// The mailbox.
    pub world: SharedWorld,
    /// The mails that notifyd sent.
    pub outbox: Outbox,
    /// The texts that it sent.
    pub phone: Arc<Phone>,
    /// Where its buttons go.
    pub orders: mpsc::Sender<Action>,
}

/// An answer, whole.
pub type Answer = Response<String>;

impl Page {
    /// Answers one request. Its body is never read: no request of the page has one.
    pub fn answer(&self, method: &Method, path: &str, fields: &HeaderMap) -> Answer {
        if !self.is_for_us(fields) {
            return told(StatusCode::MISDIRECTED_REQUEST, "the demo answers to its own address only");
        }
        let mut answer = match *method {
            Method::GET => self.get(path),
            Method::POST if self.is_foreign(fields) => told(StatusCode::FORBIDDEN, "not from this page"),
            Method::POST => self.act(path),
            _ => told(StatusCode::METHOD_NOT_ALLOWED, "GET and POST only"),
        };
        self.protect(answer.headers_mut());
        if path == MAIL {
            let policy = HeaderValue::from_static(MAIL_POLICY);
            answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        answer
    }

    fn get(&self, path: &str) -> Answer {
        match path {
            "/demo/mailbox.json" => json(&self.world.with(|world| world.snapshot(&self.session.account))),
            "/demo/pulse.json" => json(&json!({"changes": self.world.with(|world| world.changes())})),
            "/demo/mails.json" => json(&self.outbox.shown()),
            "/demo/phone.json" => json(&self.phone.shown()),
            MAIL => body(StatusCode::OK, "text/html; charset=utf-8", self.outbox.html()),
            "/demo/session.json" => match self.session.issue(SystemTime::now()) {
                Ok(issued) => json(&issued),
                Err(_) => told(StatusCode::INTERNAL_SERVER_ERROR, "no token can be made"),
            },
            _ => match assets::find(path) {
                Some(asset) => body(StatusCode::OK, asset.media_type, asset.text),
                None => told(StatusCode::NOT_FOUND, "nothing is here"),
            },
        }
    }

    fn act(&self, path: &str) -> Answer {
        if path == "/demo/do/top-up" {
            self.phone.wish_for_credit();
            return told(StatusCode::ACCEPTED, "it will happen");
        }
        let Some(action) = path.strip_prefix("/demo/do/").and_then(Action::parse) else {
            return told(StatusCode::NOT_FOUND, "there is no such action");
        };
        match self.orders.try_send(action) {
            Ok(()) => told(StatusCode::ACCEPTED, "it will happen"),
            Err(_) => told(StatusCode::TOO_MANY_REQUESTS, "too much is waiting to happen"),
        }
    }

    /// A name that somebody else's DNS points here is not ours (DNS rebinding).
    fn is_for_us(&self, fields: &HeaderMap) -> bool {
        let host = fields.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        self.session.origins.iter().any(|origin| origin.strip_prefix("http://") == Some(host))
    }

    /// Whether a page of another origin sends this; browsers name the origin of every POST.
    fn is_foreign(&self, fields: &HeaderMap) -> bool {
        fields.get(header::ORIGIN).is_some_and(|origin| !self.session.origins.iter().any(|own| own == origin))
    }

    fn protect(&self, fields: &mut HeaderMap) {
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; frame-src 'self'; connect-src 'self' {}; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            self.session.pusher
        );
        let fixed: [(HeaderName, &'static str); 3] = [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        fields.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
        if let Ok(policy) = HeaderValue::try_from(policy) {
            fields.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}

fn json(value: &impl Serialize) -> Answer {
    match serde_json::to_string(value) {
        Ok(text) => body(StatusCode::OK, JSON, text),
        Err(_) => told(StatusCode::INTERNAL_SERVER_ERROR, "no JSON can be made"),
    }
}

fn told(status: StatusCode, text: &'static str) -> Answer {
    body(status, "text/plain; charset=utf-8", text)
}

fn body(status: StatusCode, media_type: &'static str, text: impl Into<String>) -> Answer {
    let mut answer = Response::new(text.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

#[cfg(test)]
mod tests;
