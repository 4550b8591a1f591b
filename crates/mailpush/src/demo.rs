//! `mailpush demo`: what mailpush does, in a browser, with nothing installed.
//!
//! The services are the real ones, started as `standalone` starts them. Made up are the mail server, whose
//! notifications are played to relay's socket, the SMTP server, which puts mail into the demo's inbox, and the SMS
//! gateway, which puts texts onto its telephone.

mod assets;
mod cast;
mod compose;
mod draft;
mod envelope;
mod mail;
mod outbox;
mod part;
mod phone;
mod player;
mod recording;
mod script;
mod server;
mod stage;
mod texts;
mod world;

use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kit::{drain::Drain, signal, telemetry};
use mailbox_event::Account;
use notifyd::overrides;
use tokio::{net::TcpListener, sync::mpsc};
use wording::{Notice, Reader};

use crate::{
    exit::{Ending, Exit},
    role::Role,
    site::{Site, SiteError},
};
use phone::Phone;
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
    /// The SMS gateway of the demo cannot listen.
    #[error("the demo's SMS gateway cannot start")]
    Gateway(#[source] io::Error),
    /// The user of the demo gets no number.
    #[error("the demo's user cannot be given a number")]
    Number(#[source] rusqlite::Error),
    /// The user of the demo gets no credit.
    #[error("the demo's user cannot be given credit")]
    Credit(#[source] store::CreditError),
    /// Our words for the end of credit cannot be made.
    #[error("the demo's words cannot be made")]
    Words(#[from] wording::RenderError),
    /// They cannot be read.
    #[error(transparent)]
    Wording(#[from] notifyd::OverrideError),
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

impl Ending for DemoError {
    fn exit(&self) -> Exit {
        match self {
            Self::Port { source, .. } => Exit::of_io(source),
            Self::Site(why) => why.exit(),
            _ => Exit::Failure,
        }
    }
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
    let session = stage.session(site.pusher_addr().expect("a site in one process has a pusher"));
    let phone = phone(stage, site, &session.account).await?;
    let mut player = Player::new(sockets, world.clone());
    player.opening().await.map_err(DemoError::Opening)?;
    let outbox = outbox::Outbox::default();
    let told = outbox::Told {
        outbox: outbox.clone(),
        orders: orders.clone(),
        phone: phone.clone(),
        end_of_credit: end_of_credit()?,
    };
    drain.spawn(outbox::collect(stage.sink(), told, drain.clone()));
    drain.spawn(phone.clone().watch(drain.clone()));
    drain.spawn(player.run(ordered, drain.clone()));
    let page = server::Page { session, world, outbox, phone, orders };
    drain.spawn(server::serve(listener, Arc::new(page), drain.clone()));
    Ok(())
}

/// The telephone of `owner`, with a number that is theirs and credit.
async fn phone(stage: &Stage, site: &Site, owner: &str) -> Result<Arc<Phone>, DemoError> {
    let owner = Account::parse(owner).expect("the demo's user has an address: a test reads it");
    let store = site.store().expect("a site in one process has a notifyd").clone();
    let phone = Phone::new(stage.gateway(), store, owner);
    phone.top_up().await.map_err(DemoError::Credit)?;
    stage.verify_number().map_err(DemoError::Number)?;
    Ok(Arc::new(phone))
}

/// The subject of the mail that says that there is no more credit.
fn end_of_credit() -> Result<String, DemoError> {
    let wording = overrides::load(None)?;
    let reader = Reader::of(notifyd::ReaderSettings::default().language);
    let mail = wording.notice(&Notice::CreditEnded, &reader)?;
    Ok(mail.subject)
}
