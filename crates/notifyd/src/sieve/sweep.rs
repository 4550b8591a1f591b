//! The notices of what was over a budget.

use std::{sync::Arc, time::Duration};

use bus::Failure;
use lettre::Address;
use mailbox_event::UnixMillis;
use store::{EffectKind, Window};
use tracing::{debug, warn};
use wording::{Notice, Reader, Wording};

use super::ration::millis;
use crate::{
    key,
    message::{self, AutoSubmitted, Draft},
    post::{Letter, Post, Unfit, now, stored},
    webhook::Poster,
};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);
/// How long a notice is left to the worker that took it.
const CLAIM: Duration = Duration::from_secs(5 * 60);
/// Notices of one look.
const MOST: u32 = 32;
/// Counts of spans that began longer ago are of no more use.
const KEEP_BUDGETS: Duration = Duration::from_secs(3 * 60 * 60);

/// Looks for notices that are due for as long as it is let. A notice is one mail, whatever dies; it counts in no budget.
pub(crate) async fn sweep(post: Arc<Post>, wording: Arc<Wording>, poster: Option<Arc<Poster>>) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        if let Err(why) = look(&post, &wording, poster.as_deref()).await {
            debug!(error = &why as &dyn std::error::Error, "Notices of merged notifications wait");
        }
    }
}

async fn look(post: &Post, wording: &Wording, poster: Option<&Poster>) -> Result<(), Failure> {
    let Ok(_run) = post.in_flight.begin() else { return Ok(()) };
    let began = now();
    let before = UnixMillis(began.0.saturating_sub(millis(KEEP_BUDGETS)));
    post.store.forget_budgets(before).await.map_err(stored)?;
    for window in post.store.due_windows(began, CLAIM, MOST).await.map_err(stored)? {
        match (window.kind.as_str(), poster) {
            ("post", Some(poster)) => match poster.tell(&window).await {
                // It is due again when its claim ends; the others are not to wait for that host.
                Err(Failure::Retry(_)) => continue,
                told => told?,
            },
            _ => tell(post, wording, &window).await?,
        }
        let next = UnixMillis(now().0 + millis(post.settings.sieve.merge_for));
        post.store.close_window(&window, now(), next).await.map_err(stored)?;
    }
    Ok(())
}

/// A refusal for good ends the notice; anything else is an error, and the notice is due again when its claim ends.
async fn tell(post: &Post, wording: &Wording, window: &Window) -> Result<(), Failure> {
    let Ok(to) = window.destination.parse::<Address>() else { return Ok(()) };
    let (settings, key) = (&post.settings, window.notice());
    let letter = Letter {
        key: &key,
        kind: EffectKind::Notice,
        message_id: &key::message_id(&key, "sieve", settings.from.address.domain()),
        to: &to,
        useless: None,
        mutable: None,
        ration: None,
        has_null_sender: false,
    };
    let write = |reader: &Reader, message_id: &str| -> Result<Vec<u8>, Unfit> {
        let count = u32::try_from(window.telling).unwrap_or(u32::MAX);
        let draft = Draft {
            mail: wording.notice(&Notice::More { count }, reader)?,
            from: &settings.from,
            to: &to,
            message_id,
            mute_link: None,
            event: None,
            auto_submitted: AutoSubmitted::Notified { owner: window.user.as_str().to_owned() },
        };
        Ok(message::write(draft, now())?)
    };
    match post.send(letter, write).await?.after(Ok(())) {
        Err(Failure::Reject(_)) => {
            warn!("A notice of merged notifications was refused for good");
            Ok(())
        }
        ended => ended,
    }
}
