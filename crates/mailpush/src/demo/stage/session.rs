//! What the page needs to open streams.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use jsonwebtoken::{EncodingKey, Header};
use kit::config::Secret;
use serde::Serialize;

use super::USER;
use crate::demo::player::DOMAIN;

/// Who the tokens are for.
pub const AUDIENCE: &str = "mailpush-demo";

/// How long a token lasts. The page asks for another when it is refused.
const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// What `session.json` asks of `/jmap/eventsource/`: what the page shows, and alarms.
const TYPES: &str = "Mailbox,Email,EmailDelivery,CalendarEvent,ContactCard,CalendarAlert";

/// The page's session with the pusher.
#[derive(Debug)]
pub struct Session {
    /// Whose mailbox it is.
    pub account: String,
    /// Where the page may come from.
    pub origins: [String; 2],
    /// The pusher's origin.
    pub pusher: String,
    key: Secret,
}

/// `/demo/session.json`
#[derive(Debug, Serialize)]
pub struct Issued {
    /// The stream of Fastmail's form.
    pub events: String,
    /// The stream of RFC 8620 §7.3.
    pub jmap: String,
    /// The bearer token for both.
    pub token: String,
}

#[derive(Debug, Serialize)]
struct Claims {
    sub: &'static str,
    aud: &'static str,
    exp: u64,
}

impl Session {
    /// `key` is the pusher's, `pusher` where it listens.
    pub fn new(key: Secret, origins: [String; 2], pusher: SocketAddr) -> Self {
        Self { account: format!("{USER}@{DOMAIN}"), origins, pusher: format!("http://{pusher}"), key }
    }

    /// A token from `now` on, and where to use it.
    pub fn issue(&self, now: SystemTime) -> Result<Issued, jsonwebtoken::errors::Error> {
        let ends = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default() + LIFETIME;
        let claims = Claims { sub: USER, aud: AUDIENCE, exp: ends.as_secs() };
        let key = EncodingKey::from_secret(self.key.expose().as_bytes());
        Ok(Issued {
            events: format!("{}/events/", self.pusher),
            jmap: format!("{}/jmap/eventsource/?types={TYPES}&closeafter=no&ping=30", self.pusher),
            token: jsonwebtoken::encode(&Header::default(), &claims, &key)?,
        })
    }
}
