//! One account on one node: hears the bus, tells the streams.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use async_trait::async_trait;
use bus::{Failure, KeyListener, LiveKind, Message, Topic};
use mailbox_event::{AccountToken, Event, Notification, UnixMillis, codec};
use state::AccountState;
use tokio::sync::watch;

use super::{Alert, Outlet, View, outlet::ShortWay};
use crate::{
    revocation::{CredentialId, Revocation},
    telemetry::Telemetry,
    upstream_state::Inquiry,
};

/// The channel of an account. What comes from the bus is decoded once here, however many streams there are.
pub struct Channel {
    account: AccountToken,
    views: watch::Sender<Arc<View>>,
    streams: AtomicUsize,
    short_way: ShortWay,
    asking: AtomicBool,
    /// That of the newest stream that had one. Gone with the last stream.
    inquiry: Mutex<Option<Arc<Inquiry>>>,
    telemetry: Arc<Telemetry>,
}

impl Channel {
    pub(super) fn new(account: AccountToken, is_leaving: bool, telemetry: Arc<Telemetry>) -> Self {
        let views = watch::Sender::new(Arc::new(View { is_leaving, ..View::default() }));
        let (streams, asking) = (AtomicUsize::new(0), AtomicBool::new(false));
        let short_way = ShortWay::default();
        Self { account, views, streams, short_way, asking, inquiry: Mutex::default(), telemetry }
    }

    /// Whose it is.
    pub fn account(&self) -> AccountToken {
        self.account
    }

    /// Notes how many streams there are.
    pub(super) fn note_streams(&self, streams: usize) {
        self.streams.store(streams, Ordering::Relaxed);
    }

    /// What is known.
    pub fn view(&self) -> Arc<View> {
        self.views.borrow().clone()
    }

    /// Waits until the bus was asked for the state, and says what is known then.
    pub async fn loaded(&self) -> Arc<View> {
        let mut views = self.views.subscribe();
        // The sender is in `self`: the wait cannot fail.
        match views.wait_for(|view| view.is_loaded).await {
            Ok(view) => view.clone(),
            Err(_) => self.view(),
        }
    }

    /// Whether the caller is the one to ask the mail server for the state. Until [`Self::asked`] nobody else is.
    pub fn may_ask(&self) -> bool {
        !self.asking.swap(true, Ordering::AcqRel)
    }

    /// The mail server did not say: the next stream may ask again.
    pub fn asked(&self) {
        self.asking.store(false, Ordering::Release);
    }

    /// Keeps the right to ask of the newest stream, unless that has to end at once.
    pub fn keep_inquiry(&self, inquiry: Arc<Inquiry>) {
        let mut kept = self.lock_inquiry();
        if !self.has_ended(&inquiry) {
            *kept = Some(inquiry);
        }
    }

    /// The right to ask the mail server about the account, if a stream brought one.
    pub fn inquiry(&self) -> Option<Arc<Inquiry>> {
        self.lock_inquiry().clone()
    }

    /// Forgets a right whose credential is gone, unless a newer one took its place.
    pub fn forget_inquiry(&self, gone: &Arc<Inquiry>) {
        self.lock_inquiry().take_if(|kept| Arc::ptr_eq(kept, gone));
    }

    /// A credential whose streams end is not presented any more. To be called when the endings are others, not before:
    /// a right that is kept meanwhile is looked at by one of the two.
    fn forget_ended_inquiry(&self) {
        self.lock_inquiry().take_if(|kept| self.has_ended(kept));
    }

    fn has_ended(&self, inquiry: &Inquiry) -> bool {
        self.views.borrow().endings.end(inquiry.holding())
    }

    fn lock_inquiry(&self) -> MutexGuard<'_, Option<Arc<Inquiry>>> {
        // Nothing under the lock can panic half-way.
        self.inquiry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has news written to this outlet while it is that of the only stream.
    pub fn lead_to(&self, outlet: Weak<dyn Outlet>) {
        self.short_way.lead_to(outlet);
    }

    pub(super) fn watch(&self) -> watch::Receiver<Arc<View>> {
        self.views.subscribe()
    }

    /// Waits until no stream is left.
    pub(super) async fn deserted(&self) {
        self.views.closed().await;
    }

    pub(super) fn leave(&self) {
        self.update(|view| {
            view.is_leaving = true;
            true
        });
    }

    /// Takes what was read from the bus; `None`: nothing is known there, or it could not be read.
    pub(super) fn load(&self, octets: Option<&[u8]>) {
        let state = octets.and_then(|octets| self.decoded::<AccountState>(octets).ok());
        self.update(|view| {
            let was_loaded = std::mem::replace(&mut view.is_loaded, true);
            let moved = state.is_some_and(|state| self.join(view, state, Instant::now()));
            moved || !was_loaded
        });
    }

    fn hear_state(&self, octets: &[u8]) -> Result<(), codec::DecodeError> {
        let heard_at = Instant::now();
        let state = self.decoded(octets)?;
        self.tell(|view| self.join(view, state, heard_at));
        Ok(())
    }

    fn join(&self, view: &mut View, state: AccountState, heard_at: Instant) -> bool {
        view.told.expect(self.streams.load(Ordering::Relaxed));
        view.join(state, heard_at)
    }

    fn hear_alert(&self, octets: &[u8]) -> Result<(), codec::DecodeError> {
        let event: Event = self.decoded(octets)?;
        if let Notification::Alarm(alarm) = event.notification {
            let alert = Alert::new(event.id, *alarm);
            self.tell(|view| view.alerts.push(alert));
        }
        Ok(())
    }

    fn hear_revocation(&self, octets: &[u8]) -> Result<(), codec::DecodeError> {
        self.revoked(self.decoded(octets)?);
        Ok(())
    }

    /// Streams of what was revoked end.
    pub(super) fn revoked(&self, revocation: Revocation) {
        self.update(|view| view.endings.revoke(revocation.at));
        self.forget_ended_inquiry();
    }

    /// Streams of a credential that the mail server refused end.
    pub(super) fn refused(&self, credential: CredentialId, at: UnixMillis) {
        self.update(|view| {
            view.endings.refuse(credential, at);
            true
        });
        self.forget_ended_inquiry();
    }

    fn decoded<T: serde::de::DeserializeOwned>(&self, octets: &[u8]) -> Result<T, codec::DecodeError> {
        codec::decode(octets).inspect_err(|_| self.telemetry.undecodable())
    }

    /// As [`Self::update`], the short way where there is one.
    fn tell(&self, change: impl FnOnce(&mut View) -> bool) {
        let outlet = if self.has_one_stream() { self.short_way.outlet() } else { None };
        let Some(outlet) = outlet else { return self.update(change) };
        let mut has_moved = false;
        self.views.send_if_modified(|view| {
            has_moved = change(Arc::make_mut(view));
            false
        });
        let mut untold = Untold { channel: self, is_left: true };
        // The outlet holds its stream. So if there is one it is that, and any that comes from now on sees the change.
        untold.is_left = has_moved && !(self.has_one_stream() && outlet.tell());
    }

    fn has_one_stream(&self) -> bool {
        self.streams.load(Ordering::Relaxed) == 1
    }

    /// `change` says whether streams have to look.
    fn update(&self, change: impl FnOnce(&mut View) -> bool) {
        self.views.send_if_modified(|view| change(Arc::make_mut(view)));
    }
}

/// A change that no stream was told of. If that is left of the short way, streams are woken: also where it panicked.
struct Untold<'a> {
    channel: &'a Channel,
    is_left: bool,
}

impl Drop for Untold<'_> {
    fn drop(&mut self) {
        if self.is_left {
            self.channel.update(|_| true);
        }
    }
}

#[async_trait]
impl KeyListener for Channel {
    fn handles(&self, topic: &Topic) -> bool {
        topic.account() == self.account && matches!(topic, Topic::State(_) | Topic::Live(..))
    }

    async fn hear(&self, message: Arc<Message>) -> Result<(), Failure> {
        let heard = match message.topic {
            Topic::State(_) => self.hear_state(&message.payload),
            Topic::Live(_, LiveKind::CalendarAlert) => self.hear_alert(&message.payload),
            Topic::Live(_, LiveKind::Revoked) => self.hear_revocation(&message.payload),
            Topic::Job(..) => Ok(()),
        };
        heard.map_err(|error| Failure::Reject(Box::new(error)))
    }
}
