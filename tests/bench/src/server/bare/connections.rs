//! The streams of the bare loop.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    os::fd::OwnedFd,
};

use rustix::event::epoll::{self, EventData, EventFlags};

use crate::{Outcome, event::Event};

/// Of the same length as the head and the frames of ours.
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
                    cache-control: no-store, no-transform\r\nx-accel-buffering: no\r\nvary: origin\r\n\
                    transfer-encoding: chunked\r\ndate: Sun, 22 Nov 2026 00:00:00 GMT\r\n\r\n";

/// What is known of an account, and its streams.
#[derive(Default)]
struct Account {
    modseq: u64,
    streams: Vec<usize>,
}

#[derive(Default)]
pub struct Connections {
    sockets: Vec<TcpStream>,
    accounts: BTreeMap<u32, Account>,
}

impl Connections {
    /// Takes all that wait.
    pub fn accept(&mut self, listener: &TcpListener, epoll: &OwnedFd) -> Outcome<()> {
        loop {
            match listener.accept() {
                Ok((socket, _)) => {
                    socket.set_nonblocking(true)?;
                    socket.set_nodelay(true)?;
                    let index = EventData::new_u64(u64::try_from(self.sockets.len())?);
                    epoll::add(epoll, &socket, index, EventFlags::IN)?;
                    self.sockets.push(socket);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads a head, which comes in one piece here, and answers it with the state.
    pub fn read(&mut self, index: usize) -> Outcome<()> {
        let (mut socket, mut octets) = (&self.sockets[index], [0; 2048]);
        let length = match socket.read(&mut octets) {
            Ok(0) => return end(socket),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let head = std::str::from_utf8(&octets[..length])?;
        let account = head.strip_prefix("GET /").and_then(|rest| rest.split_once(' ')).ok_or("no request")?.0;
        let account = self.accounts.entry(account.parse()?).or_default();
        account.streams.push(index);
        socket.write_all(format!("{HEAD}{}", frame(account.modseq)).as_bytes())?;
        Ok(())
    }

    /// One frame, one write(2) for each stream whose socket has room.
    pub fn tell(&mut self, event: Event) {
        let account = self.accounts.entry(event.account).or_default();
        account.modseq = event.modseq;
        let octets = frame(event.modseq);
        for index in &account.streams {
            // A socket that is full or gone: this loop knows no better.
            (&self.sockets[*index]).write_all(octets.as_bytes()).ok();
        }
    }
}

fn end(socket: &TcpStream) -> Outcome<()> {
    match socket.shutdown(std::net::Shutdown::Both) {
        Err(error) if error.kind() != ErrorKind::NotConnected => Err(io::Error::from(error.kind()).into()),
        _ => Ok(()),
    }
}

fn frame(modseq: u64) -> String {
    format!(
        "6F\r\nevent: push\nid: AREO7FiA4s-qBgEBgJTr3AM\n\
         data: {{\"mailModSeq\":{modseq},\"calendarModSeq\":0,\"contactsModSeq\":0}}\n\n\r\n"
    )
}
