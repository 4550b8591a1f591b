//! A stream joined to the hub and the clock, asked for its next frame when the socket can take more.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use futures_util::Stream as _;
use tokio::time::Sleep;
use tokio_stream::wrappers::WatchStream;

use super::{
    Step, Stream, Written,
    end::{Ends, LAST_WORD},
};
use crate::{
    hub::{Outlet, Subscription, View},
    in_use::Busy,
    telemetry::Telemetry,
};

/// The body of a stream's response. Leaves the hub when dropped.
pub struct EventBody {
    stream: Stream,
    /// Tells that there is another view; it is looked at in the channel, for who keeps one makes the channel copy it.
    views: WatchStream<Arc<View>>,
    /// One timer for everything that time brings; on the heap because it must not move.
    timer: Pin<Box<Sleep>>,
    telemetry: Arc<Telemetry>,
    subscription: Subscription,
    _ends: Ends,
    /// Its hold on the connection.
    busy: Option<Busy>,
}

/// What a stream says when it is asked.
pub enum Said {
    /// This, and it wants to be asked again.
    Frame(Bytes),
    /// Nothing, until something is heard or this moment comes.
    NothingUntil(Instant),
    /// It is over.
    Last,
}

impl EventBody {
    /// Joins the machine to the hub and the clock.
    pub fn new(stream: Stream, subscription: Subscription, telemetry: Arc<Telemetry>) -> Self {
        Self {
            _ends: Ends::by(stream.end(subscription.views())),
            stream,
            views: WatchStream::from_changes(subscription.views()),
            timer: Box::pin(tokio::time::sleep_until(tokio::time::Instant::now())),
            telemetry,
            subscription,
            busy: None,
        }
    }

    /// Keeps the connection in use as long as the stream is open.
    pub fn hold(&mut self, busy: Busy) {
        self.busy = Some(busy);
    }

    /// Has the account's news written to `outlet`, which asks [`Self::say`], while this is its only stream.
    pub fn lead_to(&self, outlet: Weak<dyn Outlet>) {
        self.subscription.channel().lead_to(outlet);
    }

    /// What there is to say now. Nobody is woken for what comes later: the timer of [`Self::poll_step`], which comes too
    /// early once, is not moved.
    pub fn say(&mut self) -> Said {
        let view = self.subscription.channel().view();
        match self.stream.step(&view, tokio::time::Instant::now().into_std()) {
            Step::Write(written) => Said::Frame(self.count(written)),
            Step::Wait(until) => Said::NothingUntil(until),
            Step::End => Said::Last,
        }
    }

    /// The next frame; `None` at the end of the stream.
    pub fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            while let Poll::Ready(Some(_)) = Pin::new(&mut self.views).poll_next(context) {}
            match self.say() {
                Said::Frame(octets) => return Poll::Ready(Some(octets)),
                Said::Last => return Poll::Ready(None),
                Said::NothingUntil(moment) => self.wait_until(moment.into()),
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Ready when the stream is cut: it was revoked, or nobody asked it at its end. To be asked while the reader takes
    /// nothing.
    pub fn poll_cut(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(Some(_)) = Pin::new(&mut self.views).poll_next(context) {}
        if self.stream.is_revoked(&self.subscription.channel().view()) {
            return Poll::Ready(());
        }
        self.timer.as_mut().reset((self.stream.until() + LAST_WORD).into());
        self.timer.as_mut().poll(context)
    }

    /// Each frame puts the next sign of life off. The timer is not moved for that: it comes too early once, and is set
    /// again then.
    fn wait_until(&mut self, until: tokio::time::Instant) {
        if self.timer.is_elapsed() || until < self.timer.deadline() {
            self.timer.as_mut().reset(until);
        }
    }

    fn count(&self, written: Written) -> Bytes {
        self.telemetry.written(written.frame.kind);
        self.telemetry.merged(written.merged);
        if let Some(heard_at) = written.heard_at {
            self.telemetry.latency(heard_at, Instant::now());
        }
        written.frame.octets
    }
}

impl hyper::body::Body for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Infallible>>> {
        self.poll_step(context).map(|octets| octets.map(|octets| Ok(hyper::body::Frame::data(octets))))
    }
}
