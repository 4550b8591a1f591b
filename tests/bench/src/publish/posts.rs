//! Publishing by POST on connections that are kept, as a busy site does it.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
};

use crate::event::Event;

/// Enough that a connection has seldom more than one request under way at 10,000 a second.
const CONNECTIONS: usize = 32;
/// Requests under way on one connection at most.
const AHEAD: usize = 64;
/// Begins each answer. The body of an answer has none of it.
const ANSWER: &[u8] = b"HTTP/1.1 20";

/// Connections, asked in turn.
pub struct Posts {
    connections: Vec<Connection>,
    next: usize,
}

struct Connection {
    socket: TcpStream,
    ahead: usize,
    carry: Vec<u8>,
}

impl Posts {
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let connections =
            (0..CONNECTIONS).map(|_| Connection::connect(address)).collect::<io::Result<_>>()?;
        Ok(Self { connections, next: 0 })
    }

    pub fn send(&mut self, events: &[Event]) -> io::Result<()> {
        for event in events {
            self.next = (self.next + 1) % CONNECTIONS;
            self.connections[self.next].post(*event)?;
        }
        Ok(())
    }

    pub fn settle(&mut self) -> io::Result<()> {
        self.connections.iter_mut().try_for_each(|connection| connection.answered(0))
    }
}

impl Connection {
    fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, ahead: 0, carry: Vec::new() })
    }

    fn post(&mut self, event: Event) -> io::Result<()> {
        self.read()?;
        self.answered(AHEAD)?;
        // Far less than a socket buffers, so it is written whole.
        self.socket.write_all(request(event).as_bytes())?;
        self.ahead += 1;
        Ok(())
    }

    /// Waits until no more than `most` requests are under way.
    fn answered(&mut self, most: usize) -> io::Result<()> {
        while self.ahead > most {
            self.socket.set_nonblocking(false)?;
            let outcome = self.read_once();
            self.socket.set_nonblocking(true)?;
            outcome?;
        }
        Ok(())
    }

    fn read(&mut self) -> io::Result<()> {
        match self.read_once() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            other => other,
        }
    }

    fn read_once(&mut self) -> io::Result<()> {
        let mut part = [0; 4096];
        let length = self.socket.read(&mut part)?;
        if length == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.carry.extend_from_slice(&part[..length]);
        while let Some(at) = self.carry.windows(ANSWER.len()).position(|window| window == ANSWER) {
            self.ahead = self.ahead.saturating_sub(1);
            self.carry.drain(..at + ANSWER.len());
        }
        self.carry.drain(..self.carry.len().saturating_sub(ANSWER.len() - 1));
        Ok(())
    }
}

fn request(event: Event) -> String {
    let Event { account, modseq } = event;
    // nchan's event ids are shorter than ours and it writes no chunks: the pad makes frames of the same length.
    let pad = "ten octets";
    let data =
        format!("{{\"mailModSeq\":{modseq},\"calendarModSeq\":0,\"contactsModSeq\":0,\"x\":\"{pad}\"}}");
    format!(
        "POST /pub/{account} HTTP/1.1\r\nHost: localhost\r\nX-EventSource-Event: push\r\nAccept: text/json\r\n\
         Content-Length: {}\r\n\r\n{data}",
        data.len()
    )
}
