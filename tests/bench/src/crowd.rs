//! The clients of the streams: one thread, one epoll, as many sockets as there are streams.

mod listening;
mod member;

use std::{
    io,
    net::SocketAddr,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, EventData, EventFlags},
    time::Timespec,
};

use crate::{Outcome, peer::Peer, stamps::Stamps};

pub use listening::Listening;
use member::{Member, Read};

/// Ready descriptors per call.
const AT_ONCE: usize = 1024;
/// What is read at once from one socket.
const PART: usize = 16 << 10;
/// Connections begun between two looks at those that are ready.
const BEGUN_AT_ONCE: usize = 16;
/// The end of waiting for what will never come.
const PATIENCE: Duration = Duration::from_secs(120);

/// The clients of one peer.
pub struct Crowd {
    epoll: OwnedFd,
    members: Vec<Member>,
    part: Vec<u8>,
    /// Nanoseconds from sending an event to reading its frame, of each frame since [`Self::forget`].
    pub latencies: Vec<u64>,
    /// Frames since then.
    pub frames: u64,
    /// Streams that have had an octet.
    answered: usize,
    /// Streams that ended; none should.
    pub ended: usize,
}

/// How the members connect.
#[derive(Debug, Clone, Copy)]
pub struct Gathering {
    /// Streams.
    pub streams: usize,
    /// They are of so many accounts, in turn.
    pub accounts: u32,
    /// What the kernel buffers for each to read, in octets; `None`: what it thinks right.
    pub receive_buffer: Option<usize>,
}

impl Crowd {
    /// Connects all at once, and says how long it took until each had its first octet.
    pub fn gather(
        peer: Peer,
        address: SocketAddr,
        plan: Gathering,
        stamps: &Stamps,
    ) -> Outcome<(Self, Duration)> {
        let accounts = (0..plan.streams).map(|stream| u32::try_from(stream).map(|it| it % plan.accounts));
        let requests = accounts.map(|account| peer.request(account?)).collect::<Outcome<Vec<_>>>()?;
        let mut crowd = Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            members: Vec::with_capacity(plan.streams),
            part: vec![0; PART],
            latencies: Vec::new(),
            frames: 0,
            answered: 0,
            ended: 0,
        };
        let began = Instant::now();
        for request in requests {
            crowd.begin(Member::connect(address, request, plan.receive_buffer)?)?;
            if crowd.members.len().is_multiple_of(BEGUN_AT_ONCE) {
                crowd.round(Duration::ZERO, stamps, &mut |_, _| {})?;
            }
        }
        while crowd.answered < plan.streams {
            crowd.round(Duration::from_millis(100), stamps, &mut |_, _| {})?;
            if crowd.ended > 0 || began.elapsed() > PATIENCE {
                return Err(format!("{} of {} streams were answered", crowd.answered, plan.streams).into());
            }
        }
        Ok((crowd, began.elapsed()))
    }

    /// Begins to count anew.
    pub fn forget(&mut self) {
        self.latencies.clear();
        self.frames = 0;
    }

    /// Reads for as long as something comes within `silence`.
    pub fn until_silent(&mut self, silence: Duration, stamps: &Stamps) -> Outcome<()> {
        let (mut last, mut frames) = (Instant::now(), self.frames);
        while last.elapsed() < silence {
            self.round(silence, stamps, &mut |_, _| {})?;
            if self.frames != frames {
                (last, frames) = (Instant::now(), self.frames);
            }
        }
        Ok(())
    }

    /// How many have been told of this event or a later one.
    pub fn reached(&self, modseq: u64) -> usize {
        self.members.iter().filter(|member| member.latest >= modseq).count()
    }

    /// Reads until all were told of this event or a later one.
    pub fn until_reached(&mut self, modseq: u64, patience: Duration, stamps: &Stamps) -> Outcome<()> {
        let began = Instant::now();
        while self.reached(modseq) < self.members.len() {
            if began.elapsed() > patience {
                return Err(format!("{} of {} converged", self.reached(modseq), self.members.len()).into());
            }
            self.round(Duration::from_millis(10), stamps, &mut |_, _| {})?;
        }
        Ok(())
    }

    fn begin(&mut self, member: Member) -> io::Result<()> {
        let index = EventData::new_u64(self.members.len() as u64);
        epoll::add(&self.epoll, &member.socket, index, EventFlags::OUT)?;
        self.members.push(member);
        Ok(())
    }

    /// Waits for sockets and serves those that are ready. `heard` is given the modseqs before and after.
    fn round(&mut self, wait: Duration, stamps: &Stamps, heard: &mut impl FnMut(u64, u64)) -> io::Result<()> {
        let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
        let mut ready = Vec::with_capacity(AT_ONCE);
        epoll::wait(&self.epoll, spare_capacity(&mut ready), Some(&wait))?;
        for event in ready {
            let index = event.data.u64();
            let Some(member) = usize::try_from(index).ok().and_then(|at| self.members.get_mut(at)) else {
                continue;
            };
            if member.ask()? {
                epoll::modify(&self.epoll, &member.socket, event.data, EventFlags::IN)?;
                continue;
            }
            let before = member.latest;
            let now = stamps.now();
            let latencies = &mut self.latencies;
            let read = member.read(&mut self.part, |modseq| latencies.extend(stamps.latency(modseq, now)))?;
            match read {
                Read::Some { is_first, frames } => {
                    self.answered += usize::from(is_first);
                    self.frames += frames;
                    if member.latest != before {
                        heard(before, member.latest);
                    }
                }
                Read::Nothing => {}
                Read::End => {
                    epoll::delete(&self.epoll, &member.socket)?;
                    self.ended += 1;
                }
            }
        }
        Ok(())
    }
}
