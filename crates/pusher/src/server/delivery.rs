//! A stream on its socket, over HTTP/1.1: the small future that an open stream costs.

use std::{
    io,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::net::TcpStream;

use crate::stream::{EventBody, Said};

/// Frames that are ready together go out in one write, up to so many octets and the last frame.
const GATHERED: usize = 4 << 10;

/// A client has nothing to say after its request. So many octets are overlooked.
const MOST_STRAY: usize = 4 << 10;
const STRAY_BUFFER: usize = 256;

/// Delivers the frames of a stream until it is over, or the client goes.
///
/// The stream is asked for more only when the socket has taken all there was. Of a frame that it took in part the rest
/// is kept, so a reader that does not read costs that and what the kernel buffers.
pub(super) struct Delivery {
    socket: TcpStream,
    events: Box<EventBody>,
    unwritten: Bytes,
    stray: usize,
    is_over: bool,
}

impl Delivery {
    /// `head` goes before the frames; `stray`: octets that came behind the request.
    pub(super) fn new(socket: TcpStream, head: Bytes, events: Box<EventBody>, stray: usize) -> Self {
        Self { socket, events, unwritten: head, stray, is_over: false }
    }

    /// What is delivered.
    pub(super) fn events(&self) -> &EventBody {
        &self.events
    }

    /// Adds the frames that are ready to what is to be written. Says whether there is no more to say for now; the
    /// task is woken when there is.
    pub(super) fn gather(&mut self, context: &mut Context<'_>) -> bool {
        while !self.is_over && self.unwritten.len() < GATHERED {
            match self.events.poll_step(context) {
                Poll::Ready(Some(octets)) => self.add(octets),
                Poll::Ready(None) => self.is_over = true,
                Poll::Pending => return true,
            }
        }
        false
    }

    /// One frame alone stays where it is, for many streams may share it.
    fn add(&mut self, octets: Bytes) {
        if self.unwritten.is_empty() {
            self.unwritten = octets;
            return;
        }
        let mut together = BytesMut::with_capacity(self.unwritten.len() + octets.len());
        together.extend_from_slice(&self.unwritten);
        together.extend_from_slice(&octets);
        self.unwritten = together.freeze();
    }

    /// Ready when nothing is left to write.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.unwritten.has_remaining() {
            match self.socket.try_write(&self.unwritten) {
                Ok(written) => self.unwritten.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.socket.poll_write_ready(context))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        // An empty part of a frame would hold the whole of it.
        self.unwritten = Bytes::new();
        Poll::Ready(Ok(()))
    }

    /// Ready when the client is gone, or says too much.
    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffer = [0; STRAY_BUFFER];
        loop {
            ready!(self.socket.poll_read_ready(context))?;
            match self.socket.try_read(&mut buffer) {
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(read) => self.stray += read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            if self.stray > MOST_STRAY {
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
        }
    }

    /// Writes what there is to say by now, as long as the socket takes it whole. Says whether that was all; the rest is
    /// left to [`Self::poll_delivery`], errors too.
    pub(super) fn tell(&mut self) -> bool {
        while !self.is_over && self.unwritten.is_empty() {
            match self.events.say() {
                Said::Frame(octets) => self.unwritten = octets,
                Said::NothingUntil(_) => return true,
                Said::Last => {
                    self.is_over = true;
                    break;
                }
            }
            self.write_once();
        }
        false
    }

    fn write_once(&mut self) {
        match self.socket.try_write(&self.unwritten) {
            Ok(written) if written == self.unwritten.len() => self.unwritten = Bytes::new(),
            Ok(written) => self.unwritten.advance(written),
            // It is met again by who can wait.
            Err(_full_or_gone) => {}
        }
    }

    /// Ready when the stream is over or the client is gone.
    pub(super) fn poll_delivery(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let ended = ready!(self.poll_end(context));
        if let Err(error) = ended {
            tracing::debug!(%error, "Stream ended");
        }
        Poll::Ready(())
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(gone) = self.poll_gone(context) {
            return Poll::Ready(gone);
        }
        let mut is_silent = false;
        loop {
            match self.poll_flush(context) {
                Poll::Ready(flushed) => flushed?,
                // What happens meanwhile is asked for later, but the end of the stream does not wait for its reader.
                Poll::Pending => return self.events.poll_cut(context).map(Ok),
            }
            if self.is_over {
                return Poll::Ready(Ok(()));
            }
            if is_silent {
                return Poll::Pending;
            }
            is_silent = self.gather(context);
        }
    }
}
