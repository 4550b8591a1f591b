//! The notices of what was over a budget, and of credit that ended.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ::sieve::OwnMail;
use bus::Failure;
use futures_util::{StreamExt as _, stream};
use lettre::Address;
use mailbox_event::UnixMillis;
use store::{EffectKind, NoticeKind, Window};
use tracing::{debug, trace, warn};
use wording::{Notice, Reader, Wording};

use super::ration::{counted_from, millis};
use crate::{
    in_flight::Run,
    key,
    message::{self, AutoSubmitted, Draft},
    post::{Letter, Post, Unfit, now, stored},
    service::run_timeout,
    settings::Settings,
    texter::{self, Switchboard, Told},
    webhook::Poster,
};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);
/// How long a notice is left to the worker that took it, or longer where servers are given more time.
const SHORTEST_CLAIM: Duration = Duration::from_secs(5 * 60);
/// Notices of one look.
const MOST: u32 = 32;
/// Of these, on their way at a time: one that is slow holds up few, and jobs keep most connections to the SMTP server.
const AT_ONCE: usize = 4;

/// What a look needs.
pub(crate) struct Sweeper {
    pub(crate) post: Arc<Post>,
    pub(crate) wording: Arc<Wording>,
    /// Where text messages are sent.
    pub(crate) switchboard: Option<Arc<Switchboard>>,
    /// Where is posted.
    pub(crate) poster: Option<Arc<Poster>>,
}

/// Looks for notices of `kind` that are due for as long as it is let. A notice is sent as its kind is, mail, text or
/// POST; it counts in no budget. Each kind is swept for itself, so that none waits behind another's server.
pub(crate) async fn sweep(sweeper: Arc<Sweeper>, kind: NoticeKind) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        if let Err(why) = sweeper.look(kind).await {
            debug!(error = &why as &dyn std::error::Error, "Notices cannot be looked for");
        }
    }
}

/// Forgets counts that nothing is counted in any more, for as long as it is let.
pub(crate) async fn forget_budgets(post: Arc<Post>) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        if let Err(why) = post.store.forget_budgets(counted_from(&post.settings, now())).await {
            debug!(error = &why as &dyn std::error::Error, "Counts of budgets cannot be forgotten");
        }
    }
}

/// A half of it is for beginning notices, and the other for ending the last that was begun: by text or by POST, and where
/// that cannot be, by mail.
fn claim(settings: &Settings) -> Duration {
    let longest = run_timeout(settings, 1).saturating_add(settings.answer_patience());
    SHORTEST_CLAIM.max(longest.saturating_mul(2))
}

impl Sweeper {
    async fn look(&self, kind: NoticeKind) -> Result<(), Failure> {
        let post = &*self.post;
        let Ok(run) = post.in_flight.begin() else { return Ok(()) };
        let (began, claim) = (now(), claim(&post.settings));
        let due = post.store.due_windows(kind, began, claim, MOST).await.map_err(stored)?;
        if due.unreadable > 0 {
            let (kind, notices) = (kind.name(), due.unreadable);
            warn!(kind, notices, "Notices in the database cannot be read, and are put aside for an hour");
        }
        // Where the server is away, those that were not begun are due again when their claim ends.
        let is_away = AtomicBool::new(false);
        let each = async |window: Window| {
            // The other half of the claim is for sending it: after that another node may have it.
            let is_over = now().0 >= began.0 + millis(claim / 2);
            if is_over || is_away.load(Ordering::Relaxed) || run.go_on().is_err() {
                return;
            }
            if let Err(why) = self.see_off(&window, claim / 2, &run).await {
                debug!(error = &why as &dyn std::error::Error, "A notice waits");
                is_away.fetch_or(matches!(why, Failure::Outage(_)), Ordering::Relaxed);
            }
        };
        stream::iter(due.windows).for_each_concurrent(AT_ONCE, each).await;
        Ok(())
    }

    async fn see_off(&self, window: &Window, time: Duration, run: &Run<'_>) -> Result<(), Failure> {
        trace!("Notice is taken");
        self.tell_in_time(time, window, run).await?;
        trace!("Notice is told");
        let next = UnixMillis(now().0 + millis(self.post.settings.sieve.merge_for));
        self.post.store.close_window(window, now(), next).await.map_err(stored)?;
        trace!("Notice is closed");
        Ok(())
    }

    /// What takes longer than all steps of a notice has waited for a connection. It is cut off before another node may begin
    /// it; the ledger says how far it came.
    async fn tell_in_time(&self, time: Duration, window: &Window, run: &Run<'_>) -> Result<(), Failure> {
        let told = tokio::time::timeout(time, self.tell(window, run)).await;
        told.unwrap_or_else(|why| Err(Failure::Retry(Box::new(why))))
    }

    async fn tell(&self, window: &Window, run: &Run<'_>) -> Result<(), Failure> {
        let more = Notice::More { count: window.telling };
        match (window.kind, &self.switchboard, &self.poster) {
            (NoticeKind::CreditEnded, ..) => {
                self.mail(window, &window.destination, &Notice::CreditEnded).await
            }
            (NoticeKind::Text, switchboard, _) => {
                let told = match switchboard {
                    Some(switchboard) => switchboard.tell_more(window, &self.wording, run).await?,
                    None => texter::withdraw(&self.post.store, window).await.map_err(stored)?,
                };
                match told {
                    Told::ByText => Ok(()),
                    // Nobody is to miss it for want of credit.
                    Told::Untold => self.mail(window, window.user.as_str(), &more).await,
                }
            }
            (NoticeKind::Post, _, Some(poster)) => poster.tell(window).await,
            // What was merged while POSTs were set is told of all the same.
            (NoticeKind::Post, _, None) => self.mail(window, window.user.as_str(), &more).await,
            (NoticeKind::Mail, ..) => self.mail(window, &window.destination, &more).await,
        }
    }

    /// A refusal for good ends the notice; anything else is an error, and the notice is due again when its claim ends.
    async fn mail(&self, window: &Window, to: &str, notice: &Notice<'_>) -> Result<(), Failure> {
        let Ok(to) = to.parse::<Address>() else { return Ok(()) };
        let (settings, key) = (&self.post.settings, window.notice());
        let letter = Letter {
            key: &key,
            kind: EffectKind::Notice,
            message_id: &key::message_id(&key, OwnMail::Sieve, settings.from.address.domain()),
            to: &to,
            useless: None,
            mutable: None,
            ration: None,
            has_null_sender: false,
        };
        let write = |reader: &Reader, message_id: &str| self.write(window, notice, &to, reader, message_id);
        match self.post.send(letter, write).await?.after(Ok(())) {
            Err(Failure::Reject(_)) => {
                warn!(kind = window.kind.name(), "A notice was refused for good");
                Ok(())
            }
            ended => ended,
        }
    }

    fn write(
        &self,
        window: &Window,
        notice: &Notice<'_>,
        to: &Address,
        reader: &Reader,
        message_id: &str,
    ) -> Result<Vec<u8>, Unfit> {
        let draft = Draft {
            mail: self.wording.notice(notice, reader)?,
            from: &self.post.settings.from,
            to,
            message_id,
            mute_link: None,
            event: None,
            auto_submitted: AutoSubmitted::Notified { owner: window.user.as_str().to_owned() },
        };
        Ok(message::write(draft, now())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notice_begun_late_in_its_claim_ends_within_it() {
        let mut settings = Settings::default();
        for seconds in [1, 30, 300] {
            settings.smtp.timeout = Duration::from_secs(seconds);
            assert!(claim(&settings) / 2 >= settings.smtp.timeout * 12, "{seconds}");
        }
        settings.smtp.timeout = Duration::from_secs(1);
        assert_eq!(claim(&settings), SHORTEST_CLAIM);
    }
}
