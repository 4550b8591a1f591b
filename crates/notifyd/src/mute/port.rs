//! The loop of the port.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Limited};
use hyper::{
    HeaderMap, Method, Request, Response,
    body::Incoming,
    header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderName},
};
use kit::port;
use mailbox_event::UnixMillis;
use store::{MuteScope, Muted, MutedBy, Store, StoreError};
use tokio::{net::TcpListener, task::JoinHandle};
use tracing::warn;
use wording::{Language, MutePage, Wording};

use super::{
    link::{Mutable, MuteLinks},
    page::{self, Wish},
};
use crate::{Metrics, texter::Receipts};

/// The longest form of ours, in the wordier of the two ways to write it.
const LARGEST_BODY: usize = 1 << 10;
/// Nobody needs longer for a page and a form; the database's own time is within it.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(60);

/// A running port; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct MutePort {
    local_addr: SocketAddr,
    task: JoinHandle<()>,
}

/// What answers.
pub(crate) struct Service {
    pub(crate) links: MuteLinks,
    pub(crate) store: Store,
    pub(crate) wording: Arc<Wording>,
    /// Where neither the link nor the browser says one.
    pub(crate) language: Language,
    pub(crate) metrics: Metrics,
    /// What comes from the SMS gateway, where that is asked for.
    pub(crate) receipts: Option<Receipts>,
}

impl MutePort {
    pub(crate) async fn listen(address: SocketAddr, service: Service) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let local_addr = listener.local_addr()?;
        let service = Arc::new(service);
        let answer = move |request| {
            let service = service.clone();
            async move { service.answer(request).await }
        };
        let task = tokio::spawn(port::serve(listener, "mute", CONNECTION_LIFETIME, answer));
        Ok(Self { local_addr, task })
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }
}

impl Drop for MutePort {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Service {
    async fn answer(&self, request: Request<Incoming>) -> Response<String> {
        if let Some(receipts) =
            self.receipts.as_ref().filter(|receipts| receipts.are_at(request.uri().path()))
        {
            return receipts.answer(request).await;
        }
        // A proxy may leave the path before the last two parts or take it away.
        let mut parts = request.uri().path().rsplit('/');
        let (token, of_link) = (parts.next().unwrap_or_default(), parts.next());
        let language = page::language(of_link, field(request.headers(), &ACCEPT_LANGUAGE), self.language);
        let Some(mutable) = self.links.verify(token) else {
            return page::answer(MutePage::Unknown, language, &self.wording);
        };
        let page = match *request.method() {
            Method::GET | Method::HEAD => self.show(&mutable).await,
            Method::POST => self.take(&mutable, request).await,
            _ => return page::other_method(language, &self.wording),
        };
        page::answer(page, language, &self.wording)
    }

    /// How it stands.
    async fn show(&self, mutable: &Mutable) -> MutePage {
        match self.store.muted(&mutable.recipient, &mutable.event).await {
            Ok(Muted { event, all }) => {
                MutePage::Muted { event, all, is_about_all: !mutable.one_click_is_event }
            }
            Err(why) => away(&why),
        }
    }

    async fn take(&self, mutable: &Mutable, request: Request<Incoming>) -> MutePage {
        let content_type = field(request.headers(), &CONTENT_TYPE).to_owned();
        let Ok(body) = Limited::new(request.into_body(), LARGEST_BODY).collect().await else {
            return MutePage::Unclear;
        };
        let Some(wish) = page::wish(&content_type, &body.to_bytes()) else { return MutePage::Unclear };
        match self.fulfil(mutable, wish).await {
            Ok(()) => self.show(mutable).await,
            Err(why) => away(&why),
        }
    }

    async fn fulfil(&self, mutable: &Mutable, wish: Wish) -> Result<(), StoreError> {
        let event = MuteScope::Event(mutable.event);
        match wish {
            Wish::OneClick => self.mute(mutable, mutable.one_click(), MutedBy::OneClick).await,
            Wish::MuteEvent => self.mute(mutable, event, MutedBy::Page).await,
            Wish::MuteAll => self.mute(mutable, MuteScope::AllAlarms, MutedBy::Page).await,
            Wish::UnmuteEvent => self.store.unmute(&mutable.recipient, event).await.map(drop),
            Wish::UnmuteAll => self.store.unmute(&mutable.recipient, MuteScope::AllAlarms).await.map(drop),
        }
    }

    async fn mute(&self, mutable: &Mutable, scope: MuteScope, by: MutedBy) -> Result<(), StoreError> {
        let now = UnixMillis(kit::clock::unix_millis());
        if self.store.mute(&mutable.recipient, scope, by, now).await? {
            self.metrics.mutes.inc();
        }
        Ok(())
    }
}

fn away(why: &StoreError) -> MutePage {
    warn!(cause = why.cause(), "Mutes cannot be read or written");
    MutePage::Away
}

/// A field's value, or nothing.
fn field<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
