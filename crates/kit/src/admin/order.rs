//! What operators have a program do.

use std::{collections::HashMap, fmt, pin::Pin, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{
    Method, Request, StatusCode,
    body::Incoming,
    header::{AUTHORIZATION, HeaderValue, ORIGIN},
};

/// The longest order: a user and a reason.
const LONGEST_BODY: usize = 4 << 10;

/// A POST.
#[derive(Clone)]
pub struct Order {
    /// Of its target.
    pub path: String,
    /// Its Authorization.
    pub authorization: Option<HeaderValue>,
    /// At most 4 KiB.
    pub body: Bytes,
}

/// What came of it: a status and a line of text.
pub type Reply = (StatusCode, String);

/// Does what is ordered.
pub type Act = Arc<dyn Fn(Order) -> Pin<Box<dyn Future<Output = Reply> + Send>> + Send + Sync>;

/// What may be ordered: each path with who acts.
#[derive(Clone, Default)]
pub struct Orders(HashMap<&'static str, Act>);

impl Orders {
    /// With `act` for `path`, which nobody had before.
    #[must_use]
    pub fn with(mut self, path: &'static str, act: Act) -> Self {
        self.0.insert(path, act);
        self
    }
}

impl fmt::Debug for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Whether it may be an order at all.
pub(super) fn is_order(request: &Request<Incoming>) -> bool {
    *request.method() == Method::POST && !matches!(request.uri().path(), "/live" | "/ready" | "/metrics")
}

/// Reads it and gives it to who acts. Pages send an Origin with every POST (Fetch §3.2).
pub(super) async fn take(request: Request<Incoming>, orders: &Orders) -> Reply {
    if request.headers().contains_key(ORIGIN) {
        return (StatusCode::FORBIDDEN, "not from a web page".to_owned());
    }
    let path = request.uri().path().to_owned();
    let Some(act) = orders.0.get(path.as_str()) else {
        return (StatusCode::NOT_FOUND, "not found".to_owned());
    };
    let authorization = request.headers().get(AUTHORIZATION).cloned();
    let Ok(body) = Limited::new(request.into_body(), LONGEST_BODY).collect().await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "order is cut off or longer than 4 KiB".to_owned());
    };
    act(Order { path, authorization, body: body.to_bytes() }).await
}
