//! notifyd as a process, alone or with relay, and the loop that it is compared with.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bus::Bus;
use bus_local::{LocalBus, LocalBusSettings};
use bus_nats::Mode;
use kit::{drain::Drain, readiness::Readiness};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    address::Envelope,
    transport::smtp::{PoolConfig, client::AsyncSmtpConnection, extension::ClientId},
};
use mailbox_event::Naming;
use notifyd::Notifyd;
use prometheus_client::{encoding::text, registry::Registry};
use relay::{Activated, Deps, Relay, clock, settings::SpoolSettings};
use store::Store;
use tokio::net::TcpStream;

use super::{connect, ours::tokens, stint::Stint};
use crate::Outcome;

pub const PREFIX: &str = "mailpush";
/// How often it is looked whether all is sent: each look writes all metrics down.
pub const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Opens the bus at a NATS address or in a file.
pub async fn bus(place: &str) -> Outcome<Arc<dyn Bus>> {
    Ok(if place.contains("://") {
        Arc::new(connect(place, PREFIX, Mode::Interest).await?)
    } else {
        Arc::new(LocalBus::open(place.as_ref(), LocalBusSettings::default())?)
    })
}

/// Makes the group of alarm mail known there: jobs are kept for groups that were there once. It is gone when this returns.
pub async fn make_known(place: &str, database: &str) -> Outcome<()> {
    let (nobody, mut registry) = (Submission::usual("127.0.0.1:1".to_owned()), Registry::default());
    if place.contains("://") {
        let bus = connect(place, PREFIX, Mode::Interest).await?;
        drop(start(Arc::new(bus.clone()), database, &nobody, &mut registry).await?);
        bus.close().await;
    } else {
        let bus = LocalBus::open(place.as_ref(), LocalBusSettings::default())?;
        drop(start(Arc::new(bus.clone()), database, &nobody, &mut registry).await?);
        bus.close().await;
    }
    Ok(())
}

/// How mails go to the server.
pub struct Submission {
    /// Its address.
    pub smtp: String,
    /// Mails in hand.
    pub at_a_time: usize,
    /// Connections that they share.
    pub connections: usize,
}

impl Submission {
    /// That of notifyd where nobody says otherwise.
    fn usual(smtp: String) -> Self {
        let settings = notifyd::Settings::default();
        Self { smtp, at_a_time: settings.concurrency, connections: settings.smtp.connections }
    }
}

/// Starts a notifyd on `bus`.
pub async fn start(
    bus: Arc<dyn Bus>,
    database: &str,
    way: &Submission,
    registry: &mut Registry,
) -> Outcome<Notifyd> {
    let smtp: SocketAddr = way.smtp.parse()?;
    let mut settings = notifyd::Settings { concurrency: way.at_a_time, ..notifyd::Settings::default() };
    (settings.smtp.host, settings.smtp.port) = (smtp.ip().to_string(), smtp.port());
    settings.smtp.connections = way.connections;
    let store = Store::open(&store::Settings::at(database.to_owned()), "/nowhere".as_ref()).await?;
    Ok(Notifyd::start(settings, b"site", bus, store, registry).await?)
}

/// Is notifyd; says how many mails it sent in a second when it has sent so many. With none it says at once that it
/// runs.
pub async fn run(place: String, database: String, way: Submission, mails: usize) -> Outcome<()> {
    let (bus, mut registry, drain) = (bus(&place).await?, Registry::default(), Drain::new());
    // A bus that nobody holds closes.
    let notifyd = start(bus.clone(), &database, &way, &mut registry).await?;
    // Reading words and templates is no mail.
    let stint = Stint::begin()?;
    let running = tokio::spawn(notifyd.run(drain));
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    while counted(&registry, "notifyd_mails_sent_total ")? < mails {
        ticks.tick().await;
    }
    stint.end(mails)?;
    running.await?;
    drop(bus);
    Ok(())
}

/// What a counter of notifyd says.
pub fn counted(registry: &Registry, name: &str) -> Outcome<usize> {
    let mut lines = String::new();
    text::encode(&mut lines, registry)?;
    let count = lines.lines().find_map(|line| line.strip_prefix(name));
    Ok(count.ok_or("notifyd does not count that")?.trim().parse()?)
}

/// Is relay and notifyd; relay's socket is `dlist` in `folder`.
pub async fn run_site(place: String, database: String, smtp: String, folder: PathBuf) -> Outcome<()> {
    let (bus, mut registry, drain) = (bus(&place).await?, Registry::default(), Drain::new());
    let notifyd = start(bus.clone(), &database, &Submission::usual(smtp), &mut registry).await?;
    let relay = relay(bus, &folder, &mut registry)?;
    let running = tokio::spawn(relay.run(drain.clone()));
    println!();
    notifyd.run(drain).await;
    Ok(running.await??)
}

fn relay(bus: Arc<dyn Bus>, folder: &Path, registry: &mut Registry) -> Outcome<Relay> {
    let settings = relay::Settings {
        dlist: Some(folder.join("dlist")),
        spool: SpoolSettings { folder: folder.join("spool"), ..SpoolSettings::default() },
        ..relay::Settings::default()
    };
    let deps = Deps {
        bus,
        tokens: tokens(),
        naming: Naming::new("example.org"),
        registry,
        gate: Readiness::new().gate("relay"),
        activated: Activated::none(),
        clock: clock::system,
    };
    Ok(Relay::bind(settings, deps)?)
}

/// How the loop speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Loop {
    /// By lettre's own pool.
    Pool,
    /// By a connection of lettre's for each sender, told not to wait for the server's acknowledgement of the text before
    /// its end leaves (TCP_NODELAY). The pool cannot be told.
    Nodelay,
}

/// Sends one mail.
enum Way {
    Pool(AsyncSmtpTransport<Tokio1Executor>),
    Nodelay(Box<AsyncSmtpConnection>),
}

/// Is the loop: sends the same octets over and over, and says how often in a second.
pub async fn run_lettre(
    how: Loop,
    smtp: String,
    connections: usize,
    mails: usize,
    mail: PathBuf,
) -> Outcome<()> {
    let smtp: SocketAddr = smtp.parse()?;
    let octets: Arc<[u8]> = fs::read(mail)?.into();
    let pool = PoolConfig::new().max_size(u32::try_from(connections)?);
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(smtp.ip().to_string());
    let transport = transport.port(smtp.port()).hello_name(hello()).pool_config(pool).build();
    let envelope = Envelope::new(Some("calendar@localhost".parse()?), vec!["alice@example.org".parse()?])?;
    let (left, stint) = (Arc::new(AtomicUsize::new(mails)), Stint::begin()?);
    let mut senders = Vec::with_capacity(connections);
    for _ in 0..connections {
        let (envelope, octets, left) = (envelope.clone(), octets.clone(), left.clone());
        let mut way = match how {
            Loop::Pool => Way::Pool(transport.clone()),
            Loop::Nodelay => Way::Nodelay(Box::new(connection(smtp).await?)),
        };
        senders.push(tokio::spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
            {
                match &mut way {
                    Way::Pool(transport) => drop(transport.send_raw(&envelope, &octets).await?),
                    Way::Nodelay(connection) => drop(connection.send(&envelope, &octets).await?),
                }
            }
            Outcome::Ok(())
        }));
    }
    for sender in senders {
        sender.await??;
    }
    stint.end(mails)
}

fn hello() -> ClientId {
    ClientId::Domain("localhost".to_owned())
}

async fn connection(smtp: SocketAddr) -> Outcome<AsyncSmtpConnection> {
    let stream = TcpStream::connect(smtp).await?;
    stream.set_nodelay(true)?;
    Ok(AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello()).await?)
}
