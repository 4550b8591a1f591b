//! The peers as processes, and how they are started.

mod bare;
mod helper;
mod inlet;
pub mod mailer;
mod nats;
mod nchan;
mod ours;
mod stint;
pub mod texter;

use std::{
    io::{self, Read},
    net::SocketAddr,
    path::Path,
    thread,
};

use rustix::process::{Resource, getrlimit, setrlimit};
use tempfile::TempDir;

use crate::{Outcome, peer::Peer, procfs::Family, publish::Publisher};

pub use helper::Helper;
pub use nats::{Part, connect, run_part, start as start_nats};
pub use ours::tokens;

/// The socket in the folder of a peer on which events come.
const INLET: &str = "inlet";

/// Is the peer, in a process of its own, until the standard input ends.
pub fn run(peer: Peer, folder: &Path) -> Outcome<()> {
    raise_file_limit()?;
    match peer {
        Peer::Ours => ours::run(folder),
        Peer::OursNats | Peer::OursNatsBroadcast | Peer::OursNatsDebian => nats::run(peer, folder),
        Peer::Nchan => nchan::run(folder, 1),
        Peer::Nchan2 => nchan::run(folder, 2),
        Peer::NchanRedis => nchan::run_behind_redis(folder),
        Peer::Bare => bare::run(folder),
        Peer::BareNats => nats::run_bare(folder),
    }
}

/// A peer that runs.
pub struct Running {
    /// Which.
    pub peer: Peer,
    /// Where its streams are.
    pub address: SocketAddr,
    root: u32,
    // Dropped in this order: the process first, then its folder.
    helper: Helper,
    folder: TempDir,
}

impl Running {
    /// Starts it and waits until it listens.
    pub fn start(peer: Peer) -> Outcome<Self> {
        raise_file_limit()?;
        let folder = tempfile::tempdir()?;
        let helper = Helper::start(&["server", peer.name()], Some(folder.path()))?;
        let (address, root) = helper.said().split_once(' ').ok_or("the peer did not start")?;
        Ok(Self { peer, address: address.parse()?, root: root.parse()?, helper, folder })
    }

    /// The processes of what the streams are connected to.
    pub fn family(&self) -> Family {
        Family::of(self.root)
    }

    /// These, and those that it stands on.
    pub fn whole_family(&self) -> Family {
        Family::of(self.helper.id())
    }

    /// A way for events into it.
    pub fn publisher(&self) -> Outcome<Publisher> {
        match self.peer {
            Peer::Ours
            | Peer::OursNats
            | Peer::OursNatsBroadcast
            | Peer::OursNatsDebian
            | Peer::Bare
            | Peer::BareNats => Publisher::inlet(&self.folder.path().join(INLET)),
            Peer::Nchan | Peer::Nchan2 | Peer::NchanRedis => Publisher::posts(self.address),
        }
    }
}

/// Tells the scenario where the peer listens and which process is to be measured.
fn announce(address: SocketAddr, root: u32) {
    println!("{address} {root}");
}

/// Waits until nobody holds the other end of the standard input.
fn until_input_ends() {
    // Whatever goes wrong there, the scenario is gone.
    io::stdin().read_to_end(&mut Vec::new()).ok();
}

/// Ends the process with the scenario: nothing is left behind when that is killed.
fn end_with_input() {
    thread::spawn(|| {
        until_input_ends();
        std::process::exit(0);
    });
}

/// Each stream takes a descriptor on both sides.
fn raise_file_limit() -> io::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    Ok(setrlimit(Resource::Nofile, limit)?)
}
