//! The end of a stream of HTTP/2 that is not asked any more.
//!
//! hyper asks the body of a response for more only while the reader takes what there is. A stream whose reader takes
//! nothing would never be asked at its end: it would outlive its credential, or its revocation, and keep its place in the
//! hub.

use std::{
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    time::{sleep, sleep_until},
};

use crate::{hub::View, revocation::Holding};

/// A stream that is asked at its end says a last word; only later it is cut.
pub(super) const LAST_WORD: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// The end of the stream that is served here, while there is one.
    static END: watch::Sender<Option<End>>;
}

/// When a stream is to end.
#[derive(Debug, Clone)]
pub struct End {
    /// At the latest.
    pub until: Instant,
    /// When this counts no longer.
    pub holding: Holding,
    /// What tells so.
    pub views: watch::Receiver<Arc<View>>,
}

impl End {
    /// Comes when the stream is over and has had the time for its last word.
    async fn has_passed(mut self) {
        let revoked = async {
            if self.views.wait_for(|view| view.endings.end(&self.holding)).await.is_err() {
                // The account has left the hub, and its streams with it.
                pending::<()>().await;
            }
            sleep(LAST_WORD).await;
        };
        tokio::select! {
            () = sleep_until((self.until + LAST_WORD).into()) => {}
            () = revoked => {}
        }
    }
}

/// A stream that is open until its end; none is open when this is dropped.
#[derive(Debug)]
pub struct Ends(Option<watch::Sender<Option<End>>>);

impl Ends {
    /// Has [`serve`], within which this is called, end by then.
    pub fn by(end: End) -> Self {
        // Outside of it nothing is served.
        let sender = END.try_with(Clone::clone).ok();
        if let Some(sender) = &sender {
            sender.send_replace(Some(end));
        }
        Self(sender)
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        if let Some(sender) = &self.0 {
            sender.send_replace(None);
        }
    }
}

/// Serves a stream of HTTP/2. Drops what serves it when its end has passed.
pub async fn serve<F: Future>(serving: F) {
    let (sender, ends) = watch::channel(None);
    tokio::select! {
        _ = END.scope(sender, serving) => {}
        () = passed(ends) => {}
    }
}

async fn passed(mut ends: watch::Receiver<Option<End>>) {
    loop {
        let end = ends.borrow_and_update().clone();
        let cut = async {
            match end {
                Some(end) => end.has_passed().await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = cut => return,
            changed = ends.changed() => if changed.is_err() { pending().await },
        }
    }
}

#[cfg(test)]
mod tests {
    use mailbox_event::UnixMillis;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    /// An end at this moment, and what is known of the account.
    fn at(until: Instant) -> (End, watch::Sender<Arc<View>>) {
        let (sender, views) = watch::channel(Arc::new(View::default()));
        let holding = Holding { since: UnixMillis(5), credential: None };
        (End { until, holding, views }, sender)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_asked_ends_soon_after_its_end() {
        let began = now();
        serve(async {
            let (end, _view) = at(began + 60 * SECOND);
            let _ends = Ends::by(end);
            pending::<()>().await;
        })
        .await;
        let lasted = now() - began;
        assert!((60 * SECOND..62 * SECOND).contains(&lasted), "{lasted:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_asked_ends_soon_after_it_was_revoked() {
        let began = now();
        let (end, view) = at(began + 60 * SECOND);
        let revoke = |at| {
            view.send_modify(|view| {
                Arc::make_mut(view).endings.revoke(UnixMillis(at));
            });
        };
        let revoking = async {
            sleep(10 * SECOND).await;
            revoke(4);
            sleep(10 * SECOND).await;
            revoke(5);
            pending::<()>().await;
        };
        let serving = serve(async {
            let _ends = Ends::by(end);
            pending::<()>().await;
        });
        tokio::select! {
            () = serving => {}
            () = revoking => {}
        }
        let lasted = now() - began;
        assert!((20 * SECOND..22 * SECOND).contains(&lasted), "{lasted:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_is_over_cuts_nothing_that_follows_it() {
        let began = now();
        serve(async {
            drop(Ends::by(at(began + SECOND).0));
            sleep(30 * SECOND).await;
            let (end, _view) = at(began + 40 * SECOND);
            let _ends = Ends::by(end);
            pending::<()>().await;
        })
        .await;
        assert!(now() - began >= 40 * SECOND);
    }
}
