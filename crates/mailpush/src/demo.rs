//! `mailpush demo`: what mailpush does, in a browser, with nothing installed.
//!
//! The services are the real ones, started as `standalone` starts them. Made up are the mail server, whose
//! notifications are played to relay's socket, and the SMTP server, which puts alarm mail into the demo's inbox.

mod assets;
mod cast;
mod compose;
mod draft;
mod envelope;
mod mail;
mod outbox;
mod part;
mod player;
mod recording;
mod script;
mod server;
mod stage;
mod world;

use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kit::{drain::Drain, signal, telemetry};
use tokio::{net::TcpListener, sync::mpsc};

use crate::{
    role::Role,
    site::{Site, SiteError},
};
use player::{PlayError, Player, Sockets};
use stage::Stage;
use world::World;

/// Options of the command line.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Port of the page; 0 takes one that is free.
    #[arg(long, default_value_t = 8091)]
    port: u16,
}

/// Actions that may wait to be played: somebody may press buttons faster than a burst is played.
const MOST_WAITING: usize = 16;

/// What is logged: not that a Cyrus could flood the socket for datagrams, for there is none.
const LOG: &str = "warn,relay::relay::start=error";

/// How long ending may take. Nothing here outlives the process, so nobody waits for more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the demo ended, or did not begin.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Another program listens there.
    #[error("port {port} cannot be used for the page; choose another with --port")]
    Port {
        /// What was asked for.
        port: u16,
        /// What the kernel says.
        source: io::Error,
    },
    /// There is no place for temporary files.
    #[error("the temporary folder cannot be made")]
    Folder(#[source] io::Error),
    /// Logging cannot start.
    #[error(transparent)]
    Telemetry(#[from] telemetry::TelemetryError),
    /// Signals cannot be caught.
    #[error("signals cannot be caught")]
    Signal(#[source] io::Error),
    /// The SMTP server of the demo cannot listen.
    #[error("the demo's mail server cannot start")]
    MailServer(#[source] io::Error),
    /// A service cannot start.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// relay does not take the opening.
    #[error("the opening cannot be played")]
    Opening(#[source] PlayError),
    /// Nobody can be told where the page is.
    #[error("standard output cannot be written")]
    Output(#[source] io::Error),
}

/// The world as the player changes it and the page reads it.
#[derive(Debug, Clone, Default)]
pub struct SharedWorld(Arc<Mutex<World>>);

impl SharedWorld {
    /// Looks at the world, or changes it.
    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Plays until a signal ends it.
pub async fn run(options: Options) -> Result<(), DemoError> {
    telemetry::init(telemetry::Format::default(), LOG)?;
    let terminated = signal::terminated().map_err(DemoError::Signal)?;
    let listener = listen(options.port).await?;
    let page = listener.local_addr().map_err(|source| DemoError::Port { port: options.port, source })?;
    let drain = Drain::new();
    let stage = Stage::build(page.port()).await?;
    let site = Site::start(Role::Standalone, stage.config(), drain.clone()).await?;
    perform(&stage, &site, listener, &drain).await?;
    writeln!(io::stdout(), "mailpush demo: open http://{page}/").map_err(DemoError::Output)?;
    terminated.await;
    // Streams that are still open are cut at the end: the page says by itself that the demo is over.
    drain.finish(PATIENCE).await;
    site.close().await;
    Ok(())
}

async fn listen(port: u16) -> Result<TcpListener, DemoError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|source| DemoError::Port { port, source })
}

/// Starts everything that the demo has beside the services.
async fn perform(stage: &Stage, site: &Site, listener: TcpListener, drain: &Drain) -> Result<(), DemoError> {
    let world = SharedWorld::default();
    let (orders, ordered) = mpsc::channel(MOST_WAITING);
    let sockets = Sockets { dlist: stage.dlist(), datagram: stage.datagram() };
    let mut player = Player::new(sockets, world.clone());
    player.opening().await.map_err(DemoError::Opening)?;
    let outbox = outbox::Outbox::default();
    drain.spawn(outbox::collect(stage.sink(), outbox.clone(), orders.clone(), drain.clone()));
    drain.spawn(player.run(ordered, drain.clone()));
    let page = server::Page::new(
        stage.session(site.pusher_addr().expect("a site in one process has a pusher")),
        world,
        outbox,
        orders,
    );
    drain.spawn(server::serve(listener, Arc::new(page), drain.clone()));
    Ok(())
}
