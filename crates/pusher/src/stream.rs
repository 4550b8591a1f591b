//! One stream, as a state machine without I/O: what to write next, given what the client has and what is known.
//!
//! It is asked only when the socket can take more. So nothing is queued: whatever moved meanwhile is one frame.

mod body;
pub mod end;
mod told;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use mailbox_event::AccountToken;
use state::{AccountState, Cursor};
use tokio::sync::watch;

pub use body::{EventBody, Said};
pub use told::{Audience, SharedTold, Told};

use crate::{
    credential::Tag,
    encode, event_id,
    frame::{Frame, FrameKind},
    hub::View,
    request::StreamRequest,
    revocation::Holding,
};
use end::End;

/// Whose stream it is.
#[derive(Debug, Clone)]
pub struct Owner {
    /// For the event ids.
    pub account: AccountToken,
    /// The account's id in the mail server's JMAP Session.
    pub account_id: Arc<str>,
}

/// When a stream writes; drawn at random for each by the caller.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// A comment after this much silence.
    pub heartbeat: Duration,
    /// The wait before the client connects again.
    pub retry: Duration,
    /// The same when this node goes away.
    pub leaving_retry: Duration,
    /// When the stream ends: its credential does, or it is old.
    pub until: Instant,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Write this, then ask again.
    Write(Written),
    /// Nothing, until something is heard or this moment comes.
    Wait(Instant),
    /// End the response.
    End,
}

/// A frame and what it tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The frame.
    pub frame: Frame,
    /// Updates that this one stands for besides the last.
    pub merged: u64,
    /// When the last of them was heard.
    pub heard_at: Option<Instant>,
}

/// A stream.
#[derive(Debug)]
pub struct Stream {
    account: AccountToken,
    audience: Audience,
    timing: Timing,
    ping: Option<Duration>,
    close_after_state: bool,
    /// The version of the view that was last dealt with.
    seen: u64,
    /// How many alerts there were when it last looked; `None` before the first look.
    alerts_seen: Option<u64>,
    /// What the event ids carry beside the cursor.
    tag: Option<Tag>,
    holding: Holding,
    stage: Stage,
    /// Whether the client was told once that it is up to date, or that nothing is known.
    is_answered: bool,
    last_frame: Instant,
    last_event: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Opening,
    Open,
    Over,
}

impl Stream {
    /// A stream that has said nothing. A `Last-Event-ID` that is no cursor of this account counts as none.
    pub fn new(request: &StreamRequest, owner: Owner, timing: Timing, now: Instant) -> Self {
        let has = request.last_event_id.as_deref().and_then(|id| Cursor::decode_for(id, owner.account));
        Self {
            account: owner.account,
            audience: Audience {
                encoding: request.encoding.clone(),
                account_id: owner.account_id,
                has: has.map(Arc::new),
            },
            timing,
            ping: request.ping,
            close_after_state: request.close_after_state,
            seen: 0,
            alerts_seen: None,
            tag: None,
            holding: Holding::default(),
            stage: Stage::Opening,
            is_answered: false,
            last_frame: now,
            last_event: now,
        }
    }

    /// Has its event ids carry the tag of the ticket that opened it, from the first frame on.
    #[must_use]
    pub fn tagged(self, tag: Option<Tag>) -> Self {
        Self { tag, ..self }
    }

    /// On whose word it is open: it ends when that counts no longer.
    #[must_use]
    pub fn held_by(self, holding: Holding) -> Self {
        Self { holding, ..self }
    }

    /// When it ends at the latest.
    pub fn until(&self) -> Instant {
        self.timing.until
    }

    /// When it ends: at the latest, or by what `views` tell.
    fn end(&self, views: watch::Receiver<Arc<View>>) -> End {
        End { until: self.until(), holding: self.holding, views }
    }

    /// Whether what it is open on counts no longer.
    pub fn is_revoked(&self, view: &View) -> bool {
        view.endings.end(&self.holding)
    }

    /// What to do at `now` when `view` is what is known.
    pub fn step(&mut self, view: &View, now: Instant) -> Step {
        let alerts_seen = *self.alerts_seen.get_or_insert(view.alerts.heard());
        match self.stage {
            Stage::Over => return Step::End,
            Stage::Opening => {
                self.stage = Stage::Open;
                let wait = if view.is_leaving { self.timing.leaving_retry } else { self.timing.retry };
                return self.write(self.opening(wait), now);
            }
            Stage::Open => {}
        }
        // Before anything else: it is told nothing more.
        if self.is_revoked(view) {
            self.stage = Stage::Over;
            return self.write(Frame::retry(self.timing.retry), now);
        }
        if let Some(written) = self.state(view, now) {
            return Step::Write(written);
        }
        if let Some(frame) = self.alert(view, alerts_seen) {
            return self.write(frame, now);
        }
        if let Some(frame) =
            self.farewell(view, now).or_else(|| self.answer(view)).or_else(|| self.sign_of_life(now))
        {
            return self.write(frame, now);
        }
        Step::Wait(self.next_due())
    }

    /// A client that has lost its stream before anything else came must have the tag.
    fn opening(&self, wait: Duration) -> Frame {
        let Some(tag) = &self.tag else { return Frame::retry(wait) };
        let cursor = self.audience.has.as_ref().map(|has| has.encode()).unwrap_or_default();
        Frame::retry_with_id(wait, &event_id::join(&cursor, Some(tag)))
    }

    /// One event with everything that moved, if that is anything this stream shows.
    fn state(&mut self, view: &View, now: Instant) -> Option<Written> {
        let state = view.known_state()?;
        if self.seen == view.version {
            return None;
        }
        let first = self.seen == 0;
        let passed = view.version.saturating_sub(std::mem::replace(&mut self.seen, view.version));
        let Told { cursor, frame } = self.tell(view, state)?;
        self.audience.has = Some(cursor);
        self.is_answered = true;
        if self.close_after_state {
            self.stage = Stage::Over;
        }
        self.note(&frame, now);
        // What was known before the stream began was not merged for it, and its age says nothing of our speed.
        let merged = if first { 0 } else { passed.saturating_sub(1) };
        Some(Written { frame, merged, heard_at: view.heard_at.filter(|_| !first) })
    }

    /// Shared with all who are told the same; an event id that is this stream's own would not be.
    fn tell(&self, view: &View, state: &AccountState) -> Option<Told> {
        let tell = || {
            let event_id = |cursor: &Cursor| event_id::join(&cursor.encode(), self.tag.as_ref());
            self.audience.tell(self.account, state, event_id)
        };
        if self.tag.is_some() { tell() } else { view.told.once(&self.audience, tell) }
    }

    /// The next alert, or how many there is no telling any more. Neither has an id: it would not come again.
    fn alert(&mut self, view: &View, seen: u64) -> Option<Frame> {
        if !self.audience.encoding.shows_alerts() {
            return None;
        }
        let unseen = view.alerts.after(seen);
        if unseen.missed > 0 {
            self.alerts_seen = Some(seen + unseen.missed);
            return Some(Frame::event(
                FrameKind::Missed,
                "missed",
                None,
                &format!("{{\"count\":{}}}", unseen.missed),
            ));
        }
        let alert = unseen.next?;
        self.alerts_seen = Some(seen + 1);
        let data = encode::calendar_alert(&alert, &self.audience.account_id)?;
        Some(Frame::event(FrameKind::Alert, "calendarAlert", None, &data))
    }

    /// The last frame of a stream that must go; whatever was to be told was told before.
    fn farewell(&mut self, view: &View, now: Instant) -> Option<Frame> {
        let frame = if view.is_leaving {
            Frame::retry(self.timing.leaving_retry)
        } else if now >= self.timing.until {
            Frame::comment("the time of this stream is over")
        } else {
            return None;
        };
        self.stage = Stage::Over;
        Some(frame)
    }

    /// A word to a client that would else hear nothing at first.
    fn answer(&mut self, view: &View) -> Option<Frame> {
        if self.is_answered || !view.is_loaded && view.state.is_none() {
            return None;
        }
        self.is_answered = true;
        let words = match (view.known_state(), &self.audience.has) {
            (None, _) => "the state is not known yet",
            (Some(_), Some(_)) => "up to date",
            (Some(_), None) => "nothing is known of these types yet",
        };
        Some(Frame::comment(words))
    }

    /// RFC 8620 §7.3: pings count from the last event, of which they are one. Heartbeats count from anything.
    fn sign_of_life(&self, now: Instant) -> Option<Frame> {
        if let Some(ping) = self.ping
            && now >= self.last_event + ping
        {
            let data = format!("{{\"interval\":{}}}", ping.as_secs());
            return Some(Frame::event(FrameKind::Ping, "ping", None, &data));
        }
        (now >= self.last_frame + self.timing.heartbeat).then(|| Frame::comment("still here"))
    }

    fn next_due(&self) -> Instant {
        let heartbeat = self.last_frame + self.timing.heartbeat;
        let ping = self.ping.map(|ping| self.last_event + ping);
        ping.map_or(heartbeat, |ping| ping.min(heartbeat)).min(self.timing.until)
    }

    fn write(&mut self, frame: Frame, now: Instant) -> Step {
        self.note(&frame, now);
        Step::Write(Written { frame, merged: 0, heard_at: None })
    }

    fn note(&mut self, frame: &Frame, now: Instant) {
        self.last_frame = now;
        if !matches!(frame.kind, FrameKind::Retry | FrameKind::Comment) {
            self.last_event = now;
        }
    }
}

#[cfg(test)]
mod tests;
