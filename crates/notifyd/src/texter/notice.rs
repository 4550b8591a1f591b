//! The notice of what was over a budget, by text.

use ::sieve::Number;
use bus::Failure;
use store::Window;
use tracing::warn;
use wording::{Reader, Wording};

use super::{Switchboard, addressees::is_in_order, switchboard::Text, words::Words};
use crate::{
    in_flight::Run,
    late::is_older,
    post::{now, stored},
    telemetry::Untold,
};

impl Switchboard {
    /// Sends the notice of `window`; it counts in no budget. What is refused for good ends it, and so does what nobody
    /// knows of; anything else is an error, and the notice is due again when its claim ends.
    pub(crate) async fn tell_more(
        &self,
        window: &Window,
        wording: &Wording,
        run: &Run<'_>,
    ) -> Result<(), Failure> {
        let store = &self.post.store;
        let number = window.destination.parse::<Number>().ok();
        let verified = store.numbers(&window.user).await.map_err(stored)?;
        let Some(number) = number.filter(|number| is_in_order(number, &verified, &self.rules)) else {
            self.post.metrics.texts.untold(Untold::Unverified);
            return Ok(());
        };
        let language = self.language(&window.user).await.map_err(stored)?;
        let Some(words) = Words::own(&wording.more(window.telling, &Reader::of(language)), language) else {
            return Ok(());
        };
        let key = window.notice();
        // Gateways remember a reference for a day or so: after that the same notice might be taken for another.
        if is_older(window.opened(), now(), self.settings.useful_for) {
            self.withdraw(&key).await.map_err(stored)?.ok();
            return Ok(());
        }
        let text = Text { key: &key, user: &window.user, to: &number, words: &words };
        match self.send(&text, run).await? {
            Ok(()) => Ok(()),
            Err(why) => match why.failure() {
                Failure::Reject(_) => {
                    warn!(%why, "A notice of merged notifications is not sent by text");
                    Ok(())
                }
                passing => Err(passing),
            },
        }
    }
}
