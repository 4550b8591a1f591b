//! The end of a stream of HTTP/2 that is not asked any more.
//!
//! hyper asks the body of a response for more only while the reader takes what there is. A stream whose reader takes
//! nothing would never be asked at its end: it would outlive its credential and keep its place in the hub.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use tokio::sync::watch;

/// A stream that is asked at its end says a last word; only later it is cut.
pub(super) const LAST_WORD: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// The end of the stream that is served here, while there is one.
    static END: watch::Sender<Option<Instant>>;
}

/// A stream that is open until its end; none is open when this is dropped.
#[derive(Debug)]
pub struct Ends(Option<watch::Sender<Option<Instant>>>);

impl Ends {
    /// Has [`serve`], within which this is called, end by this moment.
    pub fn at(end: Instant) -> Self {
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

async fn passed(mut ends: watch::Receiver<Option<Instant>>) {
    loop {
        let end = *ends.borrow_and_update();
        let cut = async {
            match end {
                Some(end) => tokio::time::sleep_until((end + LAST_WORD).into()).await,
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
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_asked_ends_soon_after_its_end() {
        let began = now();
        serve(async {
            let _ends = Ends::at(began + 60 * SECOND);
            pending::<()>().await;
        })
        .await;
        let lasted = now() - began;
        assert!((60 * SECOND..62 * SECOND).contains(&lasted), "{lasted:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_is_over_cuts_nothing_that_follows_it() {
        let began = now();
        serve(async {
            drop(Ends::at(began + SECOND));
            tokio::time::sleep(30 * SECOND).await;
            let _ends = Ends::at(began + 40 * SECOND);
            pending::<()>().await;
        })
        .await;
        assert!(now() - began >= 40 * SECOND);
    }
}
