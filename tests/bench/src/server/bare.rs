//! The floor: one thread, one epoll, and one write(2) per event and stream. It merges nothing, knows no credential
//! and throws away what a socket does not take.

mod connections;
mod on_nats;

use std::{
    io::{self, Read, Write},
    net::TcpListener,
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
};

use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, EventData, EventFlags},
};

use super::{INLET, announce, end_with_input};
use crate::{Outcome, event::Event};
use connections::Connections;
pub use on_nats::on_nats;

/// What epoll says of those that are no stream.
const LISTENER: u64 = u64::MAX;
const SENDER: u64 = u64::MAX - 1;
/// Ready descriptors per call.
const AT_ONCE: usize = 1024;

pub fn run(folder: &Path) -> Outcome<()> {
    end_with_input();
    let listener = listen()?;
    let inlet = UnixListener::bind(folder.join(INLET))?;
    announce(listener.local_addr()?, std::process::id());
    let (sender, _) = inlet.accept()?;
    sender.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    epoll::add(&epoll, &sender, EventData::new_u64(SENDER), EventFlags::IN)?;
    let (mut connections, mut octets) = (Connections::default(), Vec::new());
    let mut ready = Vec::with_capacity(AT_ONCE);
    loop {
        epoll::wait(&epoll, spare_capacity(&mut ready), None)?;
        for event in ready.drain(..) {
            match event.data.u64() {
                LISTENER => connections.accept(&listener, &epoll)?,
                SENDER => take(&sender, &mut octets, &mut connections)?,
                index => connections.read(usize::try_from(index)?)?,
            }
        }
    }
}

/// A backlog as long as the others have.
fn listen() -> io::Result<TcpListener> {
    use rustix::net::{AddressFamily, SocketAddrV4, SocketFlags, SocketType, bind, listen, socket_with};
    const BACKLOG: i32 = 4096;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &SocketAddrV4::new([127, 0, 0, 1].into(), 0))?;
    listen(&socket, BACKLOG)?;
    let listener = TcpListener::from(socket);
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn take(mut sender: &UnixStream, octets: &mut Vec<u8>, connections: &mut Connections) -> Outcome<()> {
    let mut part = [0; 3072];
    let length = sender.read(&mut part)?;
    if length == 0 {
        return Err("the sender is gone".into());
    }
    octets.extend_from_slice(&part[..length]);
    for event in Event::drain(octets) {
        if event == Event::BARRIER {
            sender.write_all(b".")?;
        } else {
            connections.tell(event);
        }
    }
    Ok(())
}
