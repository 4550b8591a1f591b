//! Keeps a node in order: makes the streams on each connection, and heals what may have been missed.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use kit::backoff::Backoff;
use tokio::sync::watch;

use crate::{
    error::{CallError, Refusal},
    installation,
    link::Happened,
    live,
    node::{Node, Readiness},
    provision::{COPIES, Change, NotReady, OtherBounds, check_server, provision},
};

/// The waits between attempts to make the streams.
const TRY_AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// The attempt after which a wait is worth a word.
const SAID_AT: u32 = 5;

/// Works until the bus closes.
pub(crate) async fn keep(node: Arc<Node>, mut happened: watch::Receiver<Happened>) {
    let mut done = Happened::default();
    // Fails when the client is gone, and there is nothing left to keep.
    while happened.wait_for(|happened| *happened != done).await.is_ok() {
        let seen = *happened.borrow();
        done.lost = seen.lost;
        if seen == done {
            continue;
        }
        if seen.refused != done.refused && seen.connected == done.connected {
            refuse(&node, &Refusal::Credentials);
            done.refused = seen.refused;
            continue;
        }
        let is_connected = seen.connected != done.connected;
        if is_connected && !make_ready(&node, &mut happened, seen.connected).await {
            continue;
        }
        // Nobody missed anything before the first connection.
        if done.connected > 0 {
            live::heal_all(&node).await;
        }
        done = seen;
    }
}

/// Tries until the streams are there, or there is another connection.
async fn make_ready(node: &Arc<Node>, happened: &mut watch::Receiver<Happened>, connected: u64) -> bool {
    node.readiness.send_replace(Readiness::Waiting(None));
    let (first, longest) = TRY_AGAIN;
    let backoff = Backoff::new(first, longest).expect("the first wait is shorter than the longest");
    for attempt in 1.. {
        match try_to_make_ready(node).await {
            Ok(()) => {
                node.readiness.send_replace(Readiness::Ready);
                return true;
            }
            Err(NotReady::Refused(refusal)) => refuse(node, &refusal),
            Err(NotReady::Away(error)) => wait(node, &error, attempt),
        }
        let wait = (node.surroundings.jitter)(backoff.bound(attempt));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = happened.wait_for(|happened| happened.connected != connected) => return false,
        }
    }
    unreachable!("attempts do not end")
}

/// Says it the first time that it is not over at once.
fn wait(node: &Node, error: &CallError, attempt: u32) {
    if attempt == SAID_AT {
        tracing::warn!(%error, "Streams cannot be looked at yet");
    }
    // A refusal that was told stands until it is known to be over.
    node.readiness.send_if_modified(|readiness| {
        let is_waiting = matches!(readiness, Readiness::Waiting(_));
        if is_waiting {
            *readiness = Readiness::Waiting(Some(error.to_string()));
        }
        is_waiting
    });
}

/// Says it once, and tries again all the same: a person may have acted.
fn refuse(node: &Node, refusal: &Refusal) {
    let refused = Readiness::Refused(refusal.clone());
    if node.readiness.send_replace(refused.clone()) != refused {
        tracing::error!(error = %refusal, "NATS cannot be used");
    }
}

async fn try_to_make_ready(node: &Arc<Node>) -> Result<(), NotReady> {
    let connection = node.connection();
    check_server(&node.client.server_info(), &node.settings)?;
    let bounds = provision(&node.caller, &node.settings, &node.names).await?;
    tell(node, &bounds);
    claim(node).await?;
    node.takers.look(node).await?;
    node.ready_on.store(connection, Ordering::SeqCst);
    Ok(())
}

async fn claim(node: &Node) -> Result<(), NotReady> {
    let Some(fingerprint) = &node.settings.fingerprint else { return Ok(()) };
    let claimed = installation::claim(&node.caller, &node.names, fingerprint).await;
    match claimed {
        Ok(_) => node.is_ours.store(true, Ordering::Relaxed),
        // The NATS that was ours was replaced by one that is not.
        Err(NotReady::Refused(Refusal::OtherKey)) => node.is_ours.store(false, Ordering::Relaxed),
        Err(_) => {}
    }
    claimed.map(drop)
}

/// Says it once for each stream, and again when it is another.
fn tell(node: &Node, bounds: &OtherBounds) {
    let is_news = node.other_bounds.send_if_modified(|told| {
        let is_news = told != bounds;
        told.clone_from(bounds);
        is_news
    });
    let is_alone = node.client.server_info().cluster.is_none();
    let (bounds, lacks_copies) = for_an_operator(bounds, is_alone);
    if lacks_copies && is_news {
        let replicas = node.settings.replicas;
        tracing::warn!(
            replicas,
            "NATS is a single server and makes no copies: set bus.nats.replicas = 1, or make it a cluster"
        );
    }
    for (stream, changes) in bounds.iter().filter(|_| is_news) {
        let words: Vec<_> = changes.iter().map(ToString::to_string).collect();
        tracing::warn!(
            stream,
            difference = words.join(", "),
            "Stream has other bounds than the configuration: run mailpush provision, or leave them"
        );
    }
}

/// What an order can change of `bounds`, and whether it cannot make copies, since there is nobody to hold them.
fn for_an_operator(bounds: &OtherBounds, is_alone: bool) -> (OtherBounds, bool) {
    let lacks = |change: &Change| is_alone && change.what == COPIES && change.from == "1";
    let lacks_copies = bounds.iter().flat_map(|(_, changes)| changes).any(lacks);
    let left = bounds.iter().filter_map(|(stream, changes)| {
        let left: Vec<_> = changes.iter().filter(|change| !lacks(change)).cloned().collect();
        (!left.is_empty()).then(|| (stream.clone(), left))
    });
    (left.collect(), lacks_copies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(what: &'static str) -> Change {
        Change { what, from: "1".to_owned(), to: "3".to_owned(), is_delicate: true }
    }

    #[test]
    fn copies_that_a_single_server_cannot_make_are_no_order() {
        let stream = |changes: &[Change]| ("p_STATE".to_owned(), changes.to_vec());
        let bounds = vec![stream(&[change(COPIES)]), stream(&[change("max_bytes"), change(COPIES)])];
        assert_eq!(for_an_operator(&bounds, false), (bounds.clone(), false));
        assert_eq!(for_an_operator(&bounds, true), (vec![stream(&[change("max_bytes")])], true));
        assert_eq!(for_an_operator(&Vec::new(), true), (Vec::new(), false));
    }
}
