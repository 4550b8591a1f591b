//! Looks at one of them: seldom while it is there, within seconds while it is away.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{Dependency, Trouble};
use crate::post::Post;

/// While nothing is wrong; so that a node without work knows, too. A connection a minute is nothing to any server.
const SELDOM: Duration = Duration::from_secs(60);
/// After it was found away, and then doubling.
const FIRST: Duration = Duration::from_millis(250);
/// However long it was away, work goes on this soon after it is back.
const LONGEST: Duration = Duration::from_secs(4);

/// Runs until it is dropped.
pub(crate) async fn watch(post: Arc<Post>, dependency: Dependency) {
    let mut pause = FIRST;
    loop {
        match look(&post, dependency).await {
            Ok(()) => post.dependencies.answered(dependency, post.in_flight.runs()),
            Err(trouble) => post.dependencies.missed(&trouble),
        }
        let watched = post.dependencies.watched(dependency);
        if watched.health().is_away() {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        } else {
            // Not at once when work finds it away: a run that fails on what answers would be tried without end.
            let missed = tokio::time::timeout(SELDOM, watched.missed.notified()).await;
            pause = FIRST;
            if missed.is_ok() {
                sleep(pause).await;
            }
        }
    }
}

async fn look(post: &Post, dependency: Dependency) -> Result<(), Trouble> {
    match dependency {
        Dependency::Database => post.store.check().await.map_err(|why| Trouble::database(&why)),
        Dependency::Smtp => post.courier.probe().await.map_err(|why| Trouble::smtp(&why)),
    }
}
