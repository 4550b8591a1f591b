//! What clients are told that get no stream for now: when to come back, and what is known.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use hyper::Response;
use mailbox_event::{AccountToken, codec};
use rand::{Rng, RngExt};
use tokio::time::timeout;

use super::Service;
use crate::{
    frame::Frame,
    hub::View,
    response::{self, Body},
    stream::{Step, Stream},
};

/// A client that is turned away does not wait for a slow bus.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// When nobody can say whether a credential is good, its clients come back within these.
const UNVERIFIABLE_RETRY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(15));

/// Who has more streams than it may have has to end some first: it comes back within these.
const CROWDED_RETRY: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(60));

impl Service {
    /// What is known, and an end.
    pub(super) async fn turn_away(
        &self,
        stream: Stream,
        account: AccountToken,
        now: Instant,
    ) -> Response<Body> {
        self.telemetry.turned_away();
        response::short_stream(all_at_once(stream, &self.last_view(account).await, now))
    }

    async fn last_view(&self, account: AccountToken) -> View {
        let mut view = self.hub.known(account).map_or_else(View::default, |known| View::clone(&known));
        if view.state.is_none()
            && let Ok(Ok(Some(stored))) = timeout(LAST_LOOK, self.bus.state(account)).await
            && let Ok(state) = codec::decode(&stored.value)
        {
            view.join(state, Instant::now());
        }
        View { is_leaving: true, is_loaded: true, ..view }
    }
}

/// A stream that ends where it begins.
fn all_at_once(mut stream: Stream, view: &View, now: Instant) -> Bytes {
    let mut frames = BytesMut::new();
    while let Step::Write(written) = stream.step(view, now) {
        frames.extend_from_slice(&written.frame.octets);
    }
    frames.freeze()
}

pub(super) fn unverifiable(rng: &mut impl Rng) -> Response<Body> {
    come_back(UNVERIFIABLE_RETRY, "the credential cannot be verified at the moment", rng)
}

/// Nobody has looked at the credential, so no state is told.
pub(super) fn crowded_address(rng: &mut impl Rng) -> Response<Body> {
    come_back(CROWDED_RETRY, "there are too many streams of this address", rng)
}

/// The wait of a client whose account has too many streams.
pub(super) fn crowded_retry(rng: &mut impl Rng) -> Duration {
    let (shortest, longest) = CROWDED_RETRY;
    rng.random_range(shortest..=longest)
}

fn come_back((shortest, longest): (Duration, Duration), words: &str, rng: &mut impl Rng) -> Response<Body> {
    let mut frames = BytesMut::from(&Frame::retry(rng.random_range(shortest..=longest)).octets[..]);
    frames.extend_from_slice(&Frame::comment(words).octets);
    response::short_stream(frames.freeze())
}
