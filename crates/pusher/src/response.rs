//! Responses.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::{
    HeaderMap, Method, Response, StatusCode,
    header::{self, HeaderName, HeaderValue},
};

use crate::{credential::Ticket, request::Refusal, stream::EventBody};

/// What is written: all at once, or as it comes. On the heap, for on its way it would have room in many futures.
pub type Body = Either<Full<Bytes>, Box<EventBody>>;

const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// An event stream that goes on.
pub fn stream(body: Box<EventBody>) -> Response<Body> {
    with_stream_fields(Response::new(Either::Right(body)))
}

/// An event stream that is over already: what says "come again" to an EventSource, which gives up for good on 5xx.
pub fn short_stream(frames: Bytes) -> Response<Body> {
    with_stream_fields(Response::new(Either::Left(Full::new(frames))))
}

/// One sentence.
pub fn refusal(refusal: Refusal) -> Response<Body> {
    let status = match refusal {
        Refusal::NotFound => StatusCode::NOT_FOUND,
        Refusal::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
        Refusal::Types
        | Refusal::CloseAfter
        | Refusal::Ping
        | Refusal::Encoding
        | Refusal::Body
        | Refusal::Twice => StatusCode::BAD_REQUEST,
    };
    let mut response = sentence(status, &refusal.to_string());
    let fields = response.headers_mut();
    match refusal {
        Refusal::Method(method) => fields.insert(header::ALLOW, methods(&method)),
        _ => None,
    };
    response
}

/// 401 with the schemes that a client may try (RFC 9110 §15.5.2).
pub fn unauthorized() -> Response<Body> {
    let mut response = sentence(StatusCode::UNAUTHORIZED, "a credential of the mail server is needed");
    let basic = HeaderValue::from_static("Basic realm=\"mail\", charset=\"UTF-8\"");
    response.headers_mut().append(header::WWW_AUTHENTICATE, basic);
    response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// What OPTIONS answers for a resource of this method.
pub fn options(method: &Method) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::default()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::ALLOW, methods(method));
    response
}

/// A ticket, and how long it waits for its first use.
pub fn ticket(ticket: &Ticket, lasts: Duration) -> Response<Body> {
    let said = serde_json::json!({"ticket": ticket.expose(), "expiresIn": lasts.as_secs()});
    let mut response = Response::new(Either::Left(Full::from(said.to_string())));
    *response.status_mut() = StatusCode::CREATED;
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 401 to a ticket. Without `Basic`: a browser would ask the person for a password.
pub fn ticket_refused() -> Response<Body> {
    let mut response = sentence(StatusCode::UNAUTHORIZED, "the ticket is used, over or unknown");
    response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// No ticket for now: 429 or 503, which are for scripts; an EventSource is told otherwise.
pub fn no_ticket(status: StatusCode, words: &str, wait: Duration) -> Response<Body> {
    let mut response = sentence(status, words);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    response
}

/// Adds fields to those that are there.
pub fn add(response: &mut Response<Body>, fields: HeaderMap) {
    for (name, value) in fields {
        // Names come with their first value only; each of ours has one.
        if let Some(name) = name {
            response.headers_mut().append(name, value);
        }
    }
}

fn methods(method: &Method) -> HeaderValue {
    if *method == Method::POST {
        HeaderValue::from_static("POST, OPTIONS")
    } else {
        HeaderValue::from_static("GET, OPTIONS")
    }
}

/// An answer in words.
pub fn sentence(status: StatusCode, words: &str) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::from(format!("{words}\n"))));
    *response.status_mut() = status;
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Nobody between may keep, change or hold back a stream. There is no `Connection`: HTTP/2 forbids it.
fn with_stream_fields(mut response: Response<Body>) -> Response<Body> {
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    fields.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    fields.append(header::VARY, HeaderValue::from_static("Authorization, Cookie"));
    response
}
