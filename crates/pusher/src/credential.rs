//! Who a client is.

mod availability;
mod cookie;
mod flights;
mod jwks;
mod jwt;
mod session;
mod ticket;
mod tickets;
mod upstream;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use hyper::{
    HeaderMap,
    header::{self, HeaderName, HeaderValue},
};
use mailbox_event::{Account, Naming, UnixMillis};

pub use cookie::{CookiePolicy, InvalidCookies};
pub use jwks::{InvalidJwks, Jwks};
pub use jwt::{InvalidJwtSettings, JwtVerifier};
pub use session::{Grant, Verdict};
pub use ticket::{Hash, Tag, Ticket};
pub use tickets::{NoTicket, Tickets};
pub use upstream::{InvalidUpstream, Question, Unanswered, Upstream};

use crate::revocation::{CredentialId, Holding, Revocations};

/// What a client presents. Never shown: it is a password or as good as one.
#[derive(Clone)]
pub struct Presented {
    field: HeaderName,
    value: HeaderValue,
}

/// A client whose credential was accepted.
#[derive(Clone)]
pub struct Identity {
    /// Whose streams it may open.
    pub account: Account,
    /// The account's id in the mail server's JMAP Session.
    pub account_id: Arc<str>,
    /// How long the credential lasts, where it says so.
    pub lasts: Option<Duration>,
    /// Since when the credential is known to be good: when the mail server said so, or when the token was issued.
    pub since: UnixMillis,
    /// Which credential it is, where the mail server was asked.
    pub credential: Option<CredentialId>,
    /// What its streams carry in their event ids, if it is a ticket.
    pub tag: Option<Tag>,
    /// The right to ask the mail server in the client's name.
    pub question: Option<Question>,
}

/// What became of a credential.
#[derive(Clone)]
pub enum Outcome {
    /// It is good.
    Accepted(Box<Identity>),
    /// It is not.
    Refused,
    /// Nobody could say; the client is to come again.
    Unverifiable,
}

/// One way to check.
pub enum Verifier {
    /// A signed token.
    Jwt(Box<JwtVerifier>),
    /// The mail server is asked.
    Upstream(Arc<Upstream>),
}

impl Identity {
    /// On whose word its streams are open.
    pub fn holding(&self) -> Holding {
        Holding { since: self.since, credential: self.credential }
    }
}

impl Outcome {
    /// What was known to be good before its account was revoked is good no more. For what says by itself since when it
    /// is good; the mail server is asked again.
    pub async fn unless_revoked(self, revocations: &Revocations) -> Self {
        let Self::Accepted(identity) = &self else { return self };
        match revocations.has_ended(&identity.account, identity.since).await {
            Ok(false) => self,
            Ok(true) => Self::Refused,
            Err(_) => Self::Unverifiable,
        }
    }
}

impl Verifier {
    /// The keys that have to be kept fresh, if it has such.
    pub fn published(&self) -> Option<&Arc<Jwks>> {
        match self {
            Self::Jwt(jwt) => jwt.published(),
            Self::Upstream(_) => None,
        }
    }
}

impl Presented {
    /// The Authorization of a request, or its cookies where they count.
    pub fn of(request: &HeaderMap, cookies: Option<&CookiePolicy>) -> Option<Self> {
        let authorization = request.get(header::AUTHORIZATION).cloned();
        let authorization = authorization.map(|value| Self { field: header::AUTHORIZATION, value });
        authorization.or_else(|| Some(Self { field: header::COOKIE, value: cookies?.value(request)? }))
    }

    /// The header field it came in.
    pub fn field(&self) -> &HeaderName {
        &self.field
    }

    /// Its value, marked so that no log shows it.
    pub fn value(&self) -> HeaderValue {
        let mut value = self.value.clone();
        value.set_sensitive(true);
        value
    }

    /// A copy that holds nothing but itself: fields are slices of the buffer that the whole request was read into.
    pub fn to_be_kept(&self) -> Self {
        let copied = HeaderValue::from_bytes(self.value.as_bytes());
        // The octets were a field's value before.
        Self { field: self.field.clone(), value: copied.unwrap_or_else(|_| self.value.clone()) }
    }

    /// The token, if it is `Authorization: Bearer` (RFC 6750 §2.1).
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.value.to_str().ok()?.split_once(' ')?;
        let is_bearer = self.field == header::AUTHORIZATION && scheme.eq_ignore_ascii_case("bearer");
        is_bearer.then_some(token.trim())
    }
}

/// Asks one after the other. One that accepts decides; that nobody could say weighs more than a refusal, for the one
/// that could not say might have accepted.
pub async fn check(
    verifiers: &[Verifier],
    presented: &Presented,
    naming: &Naming,
    revocations: &Revocations,
    now: SystemTime,
) -> Outcome {
    let mut outcome = Outcome::Refused;
    for verifier in verifiers {
        let said = match verifier {
            Verifier::Jwt(jwt) => jwt.check(presented, naming, now).await.unless_revoked(revocations).await,
            // On the heap: requests that wait for less would have its room too.
            Verifier::Upstream(upstream) => Box::pin(upstream.identify(presented, naming, now)).await,
        };
        match said {
            Outcome::Accepted(_) => return said,
            Outcome::Unverifiable => outcome = said,
            Outcome::Refused => {}
        }
    }
    outcome
}

/// Milliseconds since 1970; a clock before that says 0.
pub fn millis(moment: SystemTime) -> UnixMillis {
    let since_1970 = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
}
