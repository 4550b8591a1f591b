//! The end of a connection whose last octets must arrive.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A client reads a short answer at once.
const LINGER: Duration = Duration::from_secs(2);
/// What a client may send beyond what is read: the rest of a head that is far too large.
const MOST_DISCARDED: u64 = 256 << 10;

/// Writes an answer and closes. To close with unread octets would reset the connection, and the kernel of the client
/// would throw away what it has not read of the answer (RFC 9112 §9.6).
pub(super) async fn say_last(mut socket: TcpStream, octets: &[u8]) {
    let saying = async {
        socket.write_all(octets).await?;
        socket.shutdown().await?;
        discard(&mut socket).await
    };
    match timeout(LINGER, saying).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "Connection ended before its answer"),
        Err(_) => tracing::debug!("Connection did not end with its answer"),
    }
}

async fn discard(socket: &mut TcpStream) -> io::Result<()> {
    tokio::io::copy(&mut socket.take(MOST_DISCARDED), &mut tokio::io::sink()).await.map(drop)
}
