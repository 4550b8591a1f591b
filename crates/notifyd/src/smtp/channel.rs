//! What lettre's client speaks over: a connection that is protected already, or is not to be. It can hold the end of a
//! mail back.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use super::dot::{Dot, END};

/// See the module.
#[derive(Debug)]
pub(super) struct Channel {
    stream: Stream,
    /// Read before what comes over the stream.
    first: &'static [u8],
    dot: Arc<Dot>,
}

#[derive(Debug)]
enum Stream {
    Clear(TcpStream),
    /// Boxed: it is many times as large.
    Protected(Box<TlsStream<TcpStream>>),
}

impl Channel {
    pub(super) fn clear(stream: TcpStream) -> Self {
        Self::over(Stream::Clear(stream))
    }

    /// TLS from the first octet: the server greets.
    pub(super) fn protected(stream: TlsStream<TcpStream>) -> Self {
        Self::over(Stream::Protected(Box::new(stream)))
    }

    /// After STARTTLS the server waits for EHLO (RFC 3207 §4.2), and lettre for a greeting.
    pub(super) fn upgraded(stream: TlsStream<TcpStream>) -> Self {
        Self { first: b"220 \r\n", ..Self::protected(stream) }
    }

    fn over(stream: Stream) -> Self {
        Self { stream, first: b"", dot: Arc::default() }
    }

    /// What holds back the end of mails that go over it.
    pub(super) fn dot(&self) -> Arc<Dot> {
        self.dot.clone()
    }
}

impl AsyncTokioStream for Channel {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.stream {
            Stream::Clear(stream) => stream.peer_addr(),
            Stream::Protected(stream) => stream.get_ref().0.peer_addr(),
        }
    }
}

impl AsyncRead for Channel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let (now, later) = self.first.split_at(self.first.len().min(into.remaining()));
            into.put_slice(now);
            self.first = later;
            return Poll::Ready(Ok(()));
        }
        match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_read(context, into),
            Stream::Protected(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Channel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        // The text before it has its dots doubled: no part of that looks like it.
        let is_end = octets == END;
        if is_end {
            ready!(self.dot.poll_free(context));
        }
        let written = ready!(match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_write(context, octets),
            Stream::Protected(stream) => Pin::new(stream).poll_write(context, octets),
        });
        if is_end && written.is_ok() {
            self.dot.gone();
        }
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_flush(context),
            Stream::Protected(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Protected(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
