//! Starting: settings checked, spool opened, sockets bound.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use bus::Bus;
use cyrus::Dialect;
use kit::{config::Validate, readiness::Gate};
use mailbox_event::{AccountTokens, Naming, RelayId};
use prometheus_client::registry::Registry;

use super::{Activated, Decoder, Intake, Publisher, Relay, Settings, Socket, datagram};
use crate::{
    clock::Clock,
    gap::Gaps,
    intake::Malformed,
    quarantine::Quarantine,
    socket::{self, SocketError},
    spool::{self, Limits, Recovery, Spool},
    spool_health::SpoolHealth,
    telemetry::Telemetry,
};

/// What relay needs from outside.
pub struct Deps<'a> {
    /// Where to publish.
    pub bus: Arc<dyn Bus>,
    /// How accounts are named on the bus.
    pub tokens: AccountTokens,
    /// How the mail server names its users.
    pub naming: Naming,
    /// Takes the metrics.
    pub registry: &'a mut Registry,
    /// Up while notifications are taken.
    pub gate: Gate,
    /// Sockets that were passed by a service manager. They stand in for the configured ones of their kind.
    pub activated: Activated,
    /// Tells when a notification is taken: [`crate::clock::system`].
    pub clock: Clock,
}

/// Why relay does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings contradict each other; in the operator's words.
    #[error("{}", .0.join("; "))]
    Settings(Vec<String>),
    /// There is neither a configured nor a passed socket.
    #[error("no socket is configured or passed: set dlist or datagram")]
    NoSocket,
    /// A socket cannot be had.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The spool cannot be had.
    #[error("relay.spool.folder: {}", .0.display())]
    Spool(PathBuf, #[source] spool::OpenError),
    /// The quarantine cannot be had.
    #[error("relay.quarantine.folder: {} cannot be used", .0.display())]
    Quarantine(PathBuf, #[source] io::Error),
}

pub(super) fn bind(settings: Settings, deps: Deps<'_>) -> Result<Relay, StartError> {
    let problems = settings.problems();
    if !problems.is_empty() {
        return Err(StartError::Settings(problems));
    }
    // The spool first: who does not get its lock must not touch the sockets of who has it.
    let intake = open_intake(&settings, deps.registry, deps.gate, deps.clock)?;
    let dialect = Dialect { separator: settings.separator, ..Dialect::new(deps.naming) };
    let decoder = Decoder { dialect, tokens: deps.tokens, form: settings.form.into() };
    let publisher = Publisher::new(intake.clone(), deps.bus.clone(), decoder);
    let mut relay = Relay {
        settings,
        intake,
        publisher,
        bus: deps.bus,
        streams: Vec::new(),
        datagrams: Vec::new(),
        names: Vec::new(),
    };
    relay.open_streams(deps.activated.streams)?;
    relay.open_datagrams(deps.activated.datagrams)?;
    if relay.streams.is_empty() && relay.datagrams.is_empty() {
        return Err(StartError::NoSocket);
    }
    relay.note_what_was_lost_before();
    Ok(relay)
}

fn open_intake(
    settings: &Settings,
    registry: &mut Registry,
    gate: Gate,
    clock: Clock,
) -> Result<Intake, StartError> {
    let limits = Limits { octets: settings.spool.limit, segment: settings.spool.segment };
    let (spool, recovery) = Spool::open(&settings.spool.folder, limits, RelayId(rand::random()))
        .map_err(|why| StartError::Spool(settings.spool.folder.clone(), why))?;
    let telemetry = Telemetry::register(registry);
    telemetry.replayed.inc_by(recovery.pending);
    telemetry.spool_damaged.inc_by(recovery.damaged);
    tell(recovery);
    let gaps = Gaps::default();
    // What was being taken, and what had not reached the disk, is lost with a process that dies.
    if !recovery.clean || recovery.damaged > 0 {
        gaps.note();
    }
    let folder =
        settings.quarantine.folder.clone().unwrap_or_else(|| settings.spool.folder.join("quarantine"));
    let quarantine = Quarantine::open(&folder, settings.quarantine.files, settings.quarantine.octets)
        .map_err(|why| StartError::Quarantine(folder.clone(), why))?;
    Ok(Intake {
        spool: Arc::new(spool),
        health: Arc::new(SpoolHealth::new(gate, settings.spool.warn_at)),
        malformed: Arc::new(Malformed::new(quarantine)),
        telemetry,
        gaps,
        clock,
    })
}

fn tell(Recovery { pending, damaged, torn, clean, drawn }: Recovery) {
    if damaged > 0 {
        tracing::error!(damaged, "Spool holds records that cannot be read, they are lost");
    }
    tracing::info!(pending, torn, clean, fresh = drawn, "Spool is open");
}

impl Relay {
    /// While nobody held a socket, Cyrus' notifications went nowhere.
    fn note_what_was_lost_before(&self) {
        let is_ours = |socket: &Socket<_>| socket.name.is_some();
        if !self.names.is_empty() || self.streams.iter().any(is_ours) {
            self.intake.gaps.note();
        }
    }

    fn open_streams(&mut self, passed: Vec<std::os::unix::net::UnixListener>) -> Result<(), StartError> {
        let is_passed = !passed.is_empty();
        self.streams.extend(passed.into_iter().map(|socket| Socket { socket, name: None }));
        if let Some(path) = self.settings.dlist.as_deref().filter(|_| !is_passed) {
            let (socket, name) = socket::bind_stream(path, self.settings.mode)?;
            self.streams.push(Socket { socket, name: Some(name) });
            told_address("dlist", path);
        }
        Ok(())
    }

    fn open_datagrams(&mut self, passed: Vec<std::os::unix::net::UnixDatagram>) -> Result<(), StartError> {
        let is_passed = !passed.is_empty();
        self.datagrams.extend(passed);
        if let Some(path) = self.settings.datagram.as_deref().filter(|_| !is_passed) {
            let (socket, name) = socket::bind_datagram(path, self.settings.mode)?;
            self.datagrams.push(socket);
            self.names.push(name);
            told_address("datagram", path);
        }
        if let Some(length) = datagram::short_queue().filter(|_| !self.datagrams.is_empty()) {
            tracing::warn!(
                length,
                "net.unix.max_dgram_qlen is small, Cyrus waits when relay is late for a moment"
            );
        }
        Ok(())
    }
}

fn told_address(form: &str, path: &Path) {
    tracing::info!(form, path = %path.display(), "Listening");
}
