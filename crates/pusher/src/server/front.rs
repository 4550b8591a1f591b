//! The first octets of a connection: the head of a request, or the preface of HTTP/2.

use std::io;

use bytes::BufMut;
use hyper::http::request::Parts;
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::head::{self, Scan, Wrong};
use crate::settings::Limits;

/// What a client of HTTP/2 with prior knowledge says first (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Most heads fit; the buffer grows for those that do not.
const USUAL_HEAD: usize = 1 << 10;

/// How a connection begins.
#[derive(Debug)]
pub(super) enum Beginning {
    /// A request; `stray`: octets that came behind it.
    Http1 { head: Box<Parts>, stray: usize },
    /// The preface, with what came behind it.
    Http2(Vec<u8>),
}

/// Why there is no head.
#[derive(Debug)]
pub(super) enum NoHead {
    /// It is to be answered with an error.
    Wrong(Wrong),
    /// There is nobody to answer.
    Gone(io::Error),
}

/// Reads until the head is there, for as long and as far as the limits allow.
pub(super) async fn read(
    socket: &mut TcpStream,
    deadline: Instant,
    limits: &Limits,
) -> Result<Beginning, NoHead> {
    let (mut octets, mut scan) = (Vec::with_capacity(USUAL_HEAD), Scan::default());
    loop {
        more(socket, &mut octets, deadline, limits.head).await?;
        if octets.starts_with(PREFACE) {
            return Ok(Beginning::Http2(octets));
        }
        if PREFACE.starts_with(&octets) {
            continue;
        }
        if let Some(length) = scan.end(&octets).map_err(NoHead::Wrong)? {
            let head = head::parse(&octets[..length], limits.headers).map_err(NoHead::Wrong)?;
            return Ok(Beginning::Http1 { head: Box::new(head), stray: octets.len() - length });
        }
    }
}

async fn more(
    socket: &mut TcpStream,
    octets: &mut Vec<u8>,
    deadline: Instant,
    most: usize,
) -> Result<(), NoHead> {
    let room = most.saturating_sub(octets.len());
    if room == 0 {
        return Err(NoHead::Wrong(Wrong::Large));
    }
    let mut rest = octets.limit(room);
    match timeout_at(deadline, socket.read_buf(&mut rest)).await {
        Ok(Ok(0)) => Err(NoHead::Gone(io::ErrorKind::UnexpectedEof.into())),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(NoHead::Gone(error)),
        Err(_) => Err(NoHead::Wrong(Wrong::Late)),
    }
}
