//! One client.

use std::{
    io::{self, ErrorKind, Read as _, Write},
    net::{IpAddr, SocketAddr, TcpStream},
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrV4, SocketFlags, SocketType, connect, socket_with, sockopt},
};

use crate::frames::modseqs;

/// A stream as its client sees it.
pub struct Member {
    /// Its socket, which never blocks.
    pub socket: TcpStream,
    /// The highest modseq it was told.
    pub latest: u64,
    request: Option<Vec<u8>>,
    is_answered: bool,
    carry: Vec<u8>,
}

/// What a socket gave.
pub enum Read {
    /// Octets.
    Some { is_first: bool, frames: u64 },
    /// It was not ready after all.
    Nothing,
    /// The stream is over.
    End,
}

impl Member {
    /// Begins to connect.
    pub fn connect(address: SocketAddr, request: Vec<u8>, receive_buffer: Option<usize>) -> io::Result<Self> {
        let IpAddr::V4(host) = address.ip() else { return Err(ErrorKind::AddrNotAvailable.into()) };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        if let Some(octets) = receive_buffer {
            sockopt::set_socket_recv_buffer_size(&socket, octets)?;
        }
        match connect(&socket, &SocketAddrV4::new(host, address.port())) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let socket = TcpStream::from(socket);
        Ok(Self { socket, latest: 0, request: Some(request), is_answered: false, carry: Vec::new() })
    }

    /// Sends the request, if that was not done yet.
    pub fn ask(&mut self) -> io::Result<bool> {
        let Some(request) = self.request.take() else { return Ok(false) };
        self.socket.set_nodelay(true)?;
        self.socket.write_all(&request)?;
        Ok(true)
    }

    /// Reads once. `told` is given each modseq.
    pub fn read(&mut self, part: &mut [u8], mut told: impl FnMut(u64)) -> io::Result<Read> {
        let length = match self.socket.read(part) {
            Ok(0) => return Ok(Read::End),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Read::Nothing),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(Read::End),
            Err(error) => return Err(error),
        };
        let is_first = !std::mem::replace(&mut self.is_answered, true);
        let (mut frames, mut latest) = (0, self.latest);
        modseqs(&mut self.carry, &part[..length], |modseq| {
            frames += 1;
            latest = latest.max(modseq);
            told(modseq);
        });
        self.latest = latest;
        Ok(Read::Some { is_first, frames })
    }
}
