//! What lettre's client speaks over: a connection that is protected already, or is not to be.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

/// See the module.
#[derive(Debug)]
pub(super) struct Channel {
    stream: Stream,
    /// Read before what comes over the stream.
    first: &'static [u8],
}

#[derive(Debug)]
enum Stream {
    Clear(TcpStream),
    /// Boxed: it is many times as large.
    Protected(Box<TlsStream<TcpStream>>),
}

impl Channel {
    pub(super) fn clear(stream: TcpStream) -> Self {
        Self { stream: Stream::Clear(stream), first: b"" }
    }

    /// TLS from the first octet: the server greets.
    pub(super) fn protected(stream: TlsStream<TcpStream>) -> Self {
        Self { stream: Stream::Protected(Box::new(stream)), first: b"" }
    }

    /// After STARTTLS the server waits for EHLO (RFC 3207 §4.2), and lettre for a greeting.
    pub(super) fn upgraded(stream: TlsStream<TcpStream>) -> Self {
        Self { first: b"220 \r\n", ..Self::protected(stream) }
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
        match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_write(context, octets),
            Stream::Protected(stream) => Pin::new(stream).poll_write(context, octets),
        }
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
