//! The notice of what was over a budget, by text; where it cannot be sent so, it is to go by mail.

use ::sieve::Number;
use bus::Failure;
use store::{SmsState, Store, StoreError, Window};
use tracing::info;
use wording::{Reader, Wording};

use super::{Switchboard, addressees::is_in_order, switchboard::Text, words::Words};
use crate::{
    in_flight::Run,
    late::is_older,
    post::{now, stored},
    telemetry::Untold,
};

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// It was sent, or it is not known whether it was.
    ByText,
    /// It was certainly not sent, and never will be by text.
    Untold,
}

impl Switchboard {
    /// Sends the notice of `window`; it counts in no budget. What nobody knows of ends it; what passes is an error, and the
    /// notice is due again when its claim ends.
    pub(crate) async fn tell_more(
        &self,
        window: &Window,
        wording: &Wording,
        run: &Run<'_>,
    ) -> Result<Told, Failure> {
        let store = &self.post.store;
        let number = window.destination.parse::<Number>().ok();
        let verified = store.numbers(&window.user).await.map_err(stored)?;
        let Some(number) = number.filter(|number| is_in_order(number, &verified, &self.rules)) else {
            self.post.metrics.texts.untold(Untold::Unverified);
            return withdraw(store, window).await.map_err(stored);
        };
        let language = self.language(&window.user).await.map_err(stored)?;
        let Some(words) = Words::own(&wording.more(window.telling, &Reader::of(language)), language) else {
            return withdraw(store, window).await.map_err(stored);
        };
        // Gateways remember a reference for a day or so: after that the same notice might be taken for another.
        if is_older(window.opened(), now(), self.settings.useful_for) {
            return withdraw(store, window).await.map_err(stored);
        }
        let key = window.notice();
        let text = Text { key: &key, user: &window.user, to: &number, words: &words };
        match self.send(&text, run).await? {
            Ok(()) => Ok(Told::ByText),
            Err(why) if why.is_unsent_for_good() => {
                info!(%why, "A notice of merged notifications is not sent by text");
                Ok(Told::Untold)
            }
            Err(why) => match why.failure() {
                Failure::Reject(_) => Ok(Told::ByText),
                passing => Err(passing),
            },
        }
    }
}

/// The notice of `window` goes by text no more; the ledger knows whether an attempt before this did. Gives back what is held
/// for one that was put off.
pub(crate) async fn withdraw(store: &Store, window: &Window) -> Result<Told, StoreError> {
    let is_unsent = match store.withdraw(&window.notice(), now()).await? {
        None => true,
        Some(state) => matches!(state, SmsState::Reserved | SmsState::Refused),
    };
    Ok(if is_unsent { Told::Untold } else { Told::ByText })
}
