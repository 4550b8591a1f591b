//! What a client asks for, from the target and the header fields of its request.

use std::time::Duration;

use hyper::{
    HeaderMap, Method, Uri,
    header::{self, HeaderName},
};

use crate::{
    credential::{Tag, Ticket},
    encode::{Encoding, Types},
    event_id,
};

/// `Last-Event-ID` (WHATWG HTML §9.2.4).
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// RFC 8620 §7.3: a server's own least interval may not be over 30 s.
const SHORTEST_PING: Duration = Duration::from_secs(30);
/// And its greatest not under 300 s.
const LONGEST_PING: Duration = Duration::from_secs(300);

/// A stream as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRequest {
    /// The form.
    pub encoding: Encoding,
    /// Whether the stream ends after one state event.
    pub close_after_state: bool,
    /// The interval of pings; `None` = none.
    pub ping: Option<Duration>,
    /// The cursor in the event id that the client saw last.
    pub last_event_id: Option<String>,
}

/// What is asked of us at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A stream, on the word of the header fields or of a ticket.
    Stream(StreamRequest, Option<Claim>),
    /// A ticket for a stream.
    Ticket,
    /// What a page of another origin may do with a resource of this method (Fetch §3.2.2).
    Options(Method),
}

/// A ticket as it was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// `None`: no text that was ever given out.
    pub ticket: Option<Ticket>,
    /// What the event id that the client saw last proves.
    pub tag: Option<Tag>,
}

/// Why there is no stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 404
    #[error("there is nothing here")]
    NotFound,
    /// 405
    #[error("this resource is for {0}")]
    Method(Method),
    /// 400
    #[error("types must be * or names with commas between")]
    Types,
    /// 400
    #[error("closeafter must be no or state")]
    CloseAfter,
    /// 400
    #[error("ping must be a whole number of seconds")]
    Ping,
    /// 400
    #[error("a parameter is not percent-encoded text")]
    Encoding,
    /// 400
    #[error("a request of this kind has no body")]
    Body,
    /// 400
    #[error("a field that may be there once is there twice")]
    Twice,
}

/// Of these a second one would be somebody else's. A Cookie may come in pieces (RFC 9113 §8.2.3).
const ONCE: [HeaderName; 2] = [header::AUTHORIZATION, LAST_EVENT_ID];

#[derive(Clone, Copy)]
enum Resource {
    Events,
    EventSource,
    Ticket,
}

impl Resource {
    fn method(self) -> Method {
        match self {
            Self::Events | Self::EventSource => Method::GET,
            Self::Ticket => Method::POST,
        }
    }
}

/// Reads a request. `has_body`: whether one follows its head.
pub fn read(method: &Method, target: &Uri, headers: &HeaderMap, has_body: bool) -> Result<Asked, Refusal> {
    let resource = match target.path() {
        "/events/" | "/events" => Resource::Events,
        "/events/ticket" => Resource::Ticket,
        "/jmap/eventsource/" | "/jmap/eventsource" => Resource::EventSource,
        _ => return Err(Refusal::NotFound),
    };
    match (method, resource) {
        (&Method::OPTIONS, _) => Ok(Asked::Options(resource.method())),
        _ if *method != resource.method() => Err(Refusal::Method(resource.method())),
        _ if has_body => Err(Refusal::Body),
        _ if ONCE.iter().any(|name| headers.get_all(name).iter().nth(1).is_some()) => Err(Refusal::Twice),
        (_, Resource::Ticket) => Ok(Asked::Ticket),
        (_, Resource::Events) => stream(target, headers, Ok),
        (_, Resource::EventSource) => {
            stream(target, headers, |request| event_source(target.query().unwrap_or_default(), request))
        }
    }
}

fn stream(
    target: &Uri,
    headers: &HeaderMap,
    form: impl FnOnce(StreamRequest) -> Result<StreamRequest, Refusal>,
) -> Result<Asked, Refusal> {
    let id = headers.get(LAST_EVENT_ID).map(|id| String::from_utf8_lossy(id.as_bytes()));
    let (cursor, tag) = id.as_deref().map(event_id::split).unzip();
    let last_event_id = cursor.map(str::to_owned);
    let request =
        StreamRequest { encoding: Encoding::Events, close_after_state: false, ping: None, last_event_id };
    let ticket = parameter(target.query().unwrap_or_default(), "ticket")?;
    let claim = ticket.map(|ticket| Claim { ticket: Ticket::parse(&ticket), tag: tag.flatten() });
    Ok(Asked::Stream(form(request)?, claim))
}

/// The first of parameters with the same name holds; those that are not known are ignored.
fn event_source(query: &str, request: StreamRequest) -> Result<StreamRequest, Refusal> {
    let parameter = |name| parameter(query, name);
    let types = match parameter("types")? {
        None => Types::ALL,
        Some(types) => Types::parse(&types).ok_or(Refusal::Types)?,
    };
    let close_after_state = match parameter("closeafter")?.as_deref() {
        None | Some("no") => false,
        Some("state") => true,
        Some(_) => return Err(Refusal::CloseAfter),
    };
    let ping = parameter("ping")?.map_or(Ok(None), |seconds| ping(&seconds))?;
    Ok(StreamRequest { encoding: Encoding::Jmap(types), close_after_state, ping, ..request })
}

fn ping(seconds: &str) -> Result<Option<Duration>, Refusal> {
    if seconds.is_empty() || !seconds.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(Refusal::Ping);
    }
    // Only digits: what does not parse is too large, and is as good as the largest.
    match seconds.parse().unwrap_or(u64::MAX) {
        0 => Ok(None),
        seconds => Ok(Some(Duration::from_secs(seconds).clamp(SHORTEST_PING, LONGEST_PING))),
    }
}

fn parameter(query: &str, name: &str) -> Result<Option<String>, Refusal> {
    let value = query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    });
    value.map(decoded).transpose()
}

/// Percent-decoding with strict digits (RFC 3986 §2.1).
fn decoded(text: &str) -> Result<String, Refusal> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(if octet == b'%' {
            hexadecimal(rest.next())? << 4 | hexadecimal(rest.next())?
        } else {
            octet
        });
    }
    String::from_utf8(octets).map_err(|_| Refusal::Encoding)
}

fn hexadecimal(digit: Option<u8>) -> Result<u8, Refusal> {
    let digit =
        digit.and_then(|digit| char::from(digit).to_digit(16)).and_then(|value| u8::try_from(value).ok());
    digit.ok_or(Refusal::Encoding)
}

/// Whether a body follows the head (RFC 9112 §6.3).
pub fn announces_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
