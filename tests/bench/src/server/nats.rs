//! mailpush as separate processes: NATS, pusher, and a writer that stores events as relay does.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bus_nats::{Bounds, Mode, NatsBus, NatsSettings};
use bus_node::Surroundings;
use testkit::nats::Nats;
use tokio::signal::unix::{SignalKind, signal};

use super::{Helper, announce, bare, end_with_input, inlet, mailer, ours, texter, until_input_ends};
use crate::{Outcome, peer::Peer};

/// The installation that pusher and the writer share.
const PREFIX: &str = "mailpush";

/// One of the processes.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Part {
    /// The NATS of a peer; says its address.
    Nats { peer: Peer },
    /// pusher; says its address.
    Pusher { peer: Peer, url: String },
    /// A bare loop in the place of pusher; says its address.
    Bare { url: String },
    /// What stores events; they come on a socket in `folder`.
    Writer { url: String, folder: PathBuf },
    /// notifyd on a bus and a database; says its rate when it has sent so many mails.
    Notifyd {
        bus: String,
        database: String,
        smtp: String,
        at_a_time: usize,
        connections: usize,
        mails: usize,
    },
    /// relay and notifyd; relay's socket is in `folder`.
    Site { bus: String, database: String, smtp: String, folder: PathBuf },
    /// notifyd with text messages on a bus and a database; says its rate when so many are sent, or without credit.
    Texter { bus: String, database: String, gateway: String, at_a_time: usize, texts: usize },
    /// A bare loop of requests to the gateway; says its rate.
    Requests { gateway: String, at_a_time: usize, texts: usize },
    /// A bare lettre loop that sends the octets of a file so often; says its rate.
    Lettre { how: mailer::Loop, smtp: String, connections: usize, mails: usize, mail: PathBuf },
}

/// Is the peer: what is measured of it is pusher.
pub fn run(peer: Peer, folder: &Path) -> Outcome<()> {
    let nats = start(peer)?;
    let pusher = Helper::start(&["part", "pusher", peer.name(), nats.said()], None)?;
    let _writer = Helper::start(&["part", "writer", nats.said()], Some(folder))?;
    announce(pusher.said().parse()?, pusher.id());
    until_input_ends();
    Ok(())
}

/// Is the floor: a bare loop in the place of pusher.
pub fn run_bare(folder: &Path) -> Outcome<()> {
    let nats = start(Peer::BareNats)?;
    // It makes the streams.
    let _writer = Helper::start(&["part", "writer", nats.said()], Some(folder))?;
    let bare = Helper::start(&["part", "bare", nats.said()], None)?;
    announce(bare.said().parse()?, bare.id());
    until_input_ends();
    Ok(())
}

/// Starts the NATS of `peer`. What it says is its address.
pub fn start(peer: Peer) -> Outcome<Helper> {
    let nats = Helper::start(&["part", "nats", peer.name()], None)?;
    if nats.said().is_empty() { Err("NATS did not start: run tests/run --prepare".into()) } else { Ok(nats) }
}

/// Joins the bus on the NATS at `url`. Each `prefix` is an installation of its own.
pub async fn connect(url: &str, prefix: &str, mode: Mode) -> Outcome<NatsBus> {
    let (servers, prefix) = (vec![url.to_owned()], prefix.to_owned());
    let settings = NatsSettings { servers, prefix, mode, bounds: bounds(), ..NatsSettings::default() };
    Ok(NatsBus::connect(settings, Surroundings::default()).await?)
}

/// NATS sets aside what a stream may take, and the disk is to hold several installations.
fn bounds() -> Bounds {
    let (large, small) = (256 << 20, 32 << 20);
    Bounds { state: large, jobs: large, parked: small, dead: small, bucket: small, ..Bounds::default() }
}

/// Is one of the processes, until the standard input ends.
pub fn run_part(part: Part) -> Outcome<()> {
    match part {
        Part::Nats { peer } => run_nats(peer),
        Part::Pusher { peer, url } => {
            end_with_input();
            ours::on_runtime(run_pusher(peer, url))
        }
        Part::Bare { url } => {
            end_with_input();
            bare::on_nats(&url, PREFIX)
        }
        Part::Writer { url, folder } => {
            end_with_input();
            ours::on_runtime(run_writer(url, folder))
        }
        Part::Notifyd { bus, database, smtp, at_a_time, connections, mails } => {
            end_with_input();
            ours::on_runtime(mailer::run(
                bus,
                database,
                mailer::Submission { smtp, at_a_time, connections },
                mails,
            ))
        }
        Part::Site { bus, database, smtp, folder } => {
            end_with_input();
            ours::on_runtime(mailer::run_site(bus, database, smtp, folder))
        }
        Part::Texter { bus, database, gateway, at_a_time, texts } => {
            end_with_input();
            ours::on_runtime(texter::run(bus, database, gateway, at_a_time, texts))
        }
        Part::Requests { gateway, at_a_time, texts } => {
            ours::on_runtime(texter::run_requests(gateway, at_a_time, texts))
        }
        Part::Lettre { how, smtp, connections, mails, mail } => {
            ours::on_runtime(mailer::run_lettre(how, smtp, connections, mails, mail))
        }
    }
}

/// On this thread, so that the server is a child of it: see [`crate::procfs::Family`].
fn run_nats(peer: Peer) -> Outcome<()> {
    let version = peer.on_nats().ok_or("the peer has no NATS")?.version;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // The server is in a group of its own: whoever ends all the others must not end this one before it.
        let (_interrupted, _terminated) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let nats = Nats::start(version).await;
        println!("{}", nats.url());
        tokio::task::spawn_blocking(until_input_ends).await?;
        Ok(())
    })
}

async fn run_pusher(peer: Peer, url: String) -> Outcome<()> {
    let mode = peer.on_nats().ok_or("the peer has no NATS")?.mode;
    let pusher = ours::pusher(Arc::new(connect(&url, PREFIX, mode).await?)).await?;
    println!("{}", pusher.local_addr()?);
    pusher.run().await;
    Ok(())
}

async fn run_writer(url: String, folder: PathBuf) -> Outcome<()> {
    let bus = connect(&url, PREFIX, Mode::Interest).await?;
    let inlet = inlet::Listener::bind(&folder)?;
    println!();
    inlet.serve(Arc::new(bus)).await
}
