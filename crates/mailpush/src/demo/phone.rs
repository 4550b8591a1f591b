//! The demo's telephone: the texts that the gateway took, and what is left of its owner's credit.

mod shown;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fakes::sms::SmsGateway;
use jiff::Timestamp;
use kit::drain::Drain;
use mailbox_event::{Account, UnixMillis};
use store::{CreditError, Store, StoreError};
use tokio::{
    sync::Notify,
    time::{Instant, interval},
};

pub use shown::Shown;

/// What is granted at a time: enough for each text once and the first once more, so that the next finds none.
pub const GRANT: u32 = 7;

/// How often the ledger is asked: it changes when nobody looks.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// How long the end of the credit is seen before the script buys more.
const END_LASTS: Duration = Duration::from_secs(25);

/// Changes of credit that are looked through for the price of a text: each text makes two.
const MOST_ENTRIES: u32 = 64;

/// A telephone whose owner has a gateway, and a ledger that says what its texts cost.
#[derive(Debug)]
pub struct Phone {
    gateway: Arc<SmsGateway>,
    store: Store,
    owner: Account,
    state: Mutex<State>,
    wish: Notify,
}

#[derive(Debug, Default)]
struct State {
    shown: Shown,
    grants: u32,
    ended_at: Option<Instant>,
}

impl Phone {
    /// A telephone without credit.
    pub fn new(gateway: Arc<SmsGateway>, store: Store, owner: Account) -> Self {
        Self { gateway, store, owner, state: Mutex::default(), wish: Notify::new() }
    }

    /// `/demo/phone.json`
    pub fn shown(&self) -> Shown {
        self.lock().shown.clone()
    }

    /// Somebody presses the button. Who has a whole grant gets no second.
    pub fn wish_for_credit(&self) {
        self.wish.notify_one();
    }

    /// The mail has come that says so.
    pub fn credit_has_ended(&self) {
        self.lock().ended_at = Some(Instant::now());
    }

    /// Grants credit, as `mailpush credit grant` does.
    pub async fn top_up(&self) -> Result<(), CreditError> {
        let reference = {
            let mut state = self.lock();
            state.grants += 1;
            format!("demo {}", state.grants)
        };
        let now = UnixMillis(Timestamp::now().as_millisecond().unsigned_abs());
        self.store.grant(&self.owner, GRANT.into(), &reference, now).await?;
        self.lock().ended_at = None;
        Ok(())
    }

    /// Keeps up with gateway and ledger until the drain begins.
    pub async fn watch(self: Arc<Self>, drain: Drain) {
        let mut ticks = interval(LOOK_EVERY);
        loop {
            let is_wanted = tokio::select! {
                () = drain.draining() => return,
                () = self.wish.notified() => true,
                _tick = ticks.tick() => self.is_over(),
            };
            if let Err(error) = self.step(is_wanted).await {
                tracing::warn!(%error, "Credit cannot be looked at");
            }
        }
    }

    async fn step(&self, is_wanted: bool) -> Result<(), CreditError> {
        if is_wanted && self.store.credit(&self.owner).await?.available < GRANT.into() {
            self.top_up().await?;
        }
        Ok(self.look().await?)
    }

    fn is_over(&self) -> bool {
        self.lock().ended_at.is_some_and(|at| at.elapsed() > END_LASTS)
    }

    async fn look(&self) -> Result<(), StoreError> {
        let credit = self.store.credit(&self.owner).await?;
        let entries = self.store.credit_entries(&self.owner, MOST_ENTRIES).await?;
        let (messages, taken) = (self.gateway.messages(), *self.gateway.taken().borrow());
        let mut state = self.lock();
        let has_ended = state.ended_at.is_some();
        state.shown = Shown::of(&messages, taken, credit, &entries, has_ended);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
