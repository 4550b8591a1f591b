//! The connection: how it is made, and what is told about it.

use std::{
    future::{Ready, ready},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{
    Client, ClientError, ConnectErrorKind, ConnectOptions, Event, ReconnectToServer, Server, ServerError,
    ServerInfo,
};
use bus_node::Jitter;
use tokio::{sync::watch, time::Instant};

use crate::{
    Credentials, NatsSettings, Tls,
    counters::Counters,
    error::Refusal,
    trouble::{Complaint, Troubles, Unreachable},
};

/// The wait before the first attempt to come back; each is twice the last.
pub(crate) const FIRST_WAIT: Duration = Duration::from_millis(50);

/// A server that says nothing for two of these is away.
const PING_EVERY: Duration = Duration::from_secs(10);

/// What happened to the connection, by number, so that what happens while nobody looks is not lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Happened {
    /// Connections that were made.
    pub(crate) connected: u64,
    /// Connections that were lost, with whatever was on its way.
    pub(crate) lost: u64,
    /// Live messages that were dropped.
    pub(crate) slow: u64,
    /// Attempts that failed for who we are.
    pub(crate) refused: u64,
}

/// A connection and all that is told about it. Clones are the same.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) client: Client,
    pub(crate) happened: watch::Receiver<Happened>,
    pub(crate) troubles: Arc<Troubles>,
    pub(crate) counters: Arc<Counters>,
}

/// Whom to tell.
struct Told {
    happened: watch::Sender<Happened>,
    troubles: Arc<Troubles>,
    counters: Arc<Counters>,
}

/// Begins to connect, in the background and for as long as it takes.
pub(crate) async fn connect(settings: &NatsSettings, jitter: &Jitter) -> Result<Link, Refusal> {
    let (sender, happened) = watch::channel(Happened::default());
    let (troubles, counters) = (Arc::new(Troubles::new(&settings.inbox)), Arc::<Counters>::default());
    let told = Told { happened: sender, troubles: troubles.clone(), counters: counters.clone() };
    let options =
        with_tls(&settings.tls, with_credentials(&settings.credentials, ConnectOptions::new()).await?);
    let options = options
        .name(format!("{} {}", settings.prefix, settings.name).trim_end())
        // What a node tells others, its own listeners have heard.
        .no_echo()
        .custom_inbox_prefix(&settings.inbox)
        .ping_interval(PING_EVERY)
        .request_timeout(Some(settings.request_timeout))
        .subscription_capacity(queue(settings))
        .retry_on_initial_connect()
        .reconnect_delay_callback(waits(settings.longest_reconnect_wait, jitter.clone()))
        .reconnect_to_server_callback(attempts_told_to(troubles.clone()))
        .event_callback(move |event| {
            told.note(&event);
            ready(())
        });
    let client = options.connect(&settings.servers).await.map_err(|error| match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => Refusal::Credentials,
        // Nothing else fails before the first attempt.
        _ => Refusal::Settings(error.to_string()),
    })?;
    Ok(Link { client, happened, troubles, counters })
}

/// Before each attempt the client shows the servers, and with them why the last one failed: in more words than it has for
/// the event. It is left to choose by itself.
fn attempts_told_to(
    troubles: Arc<Troubles>,
) -> impl Fn(Vec<Server>, ServerInfo) -> Ready<Option<ReconnectToServer>> + Send + Sync + 'static {
    move |servers, _| {
        let mut failures = servers.iter().filter_map(|server| server.last_error.as_deref());
        troubles.note_tls(failures.any(is_of_tls));
        ready(None)
    }
}

/// What the TLS library says when the two sides do not agree; the client takes that for any failure to read or write.
const OF_TLS: [&str; 8] = [
    "invalid peer certificate",
    "received corrupt message",
    "received fatal alert",
    "peer is incompatible",
    "peer misbehaved",
    "handshake eof",
    "no server certificate",
    "TLS error",
];

fn is_of_tls(failure: &str) -> bool {
    OF_TLS.iter().any(|words| failure.contains(words))
}

fn queue(settings: &NatsSettings) -> usize {
    match settings.mode {
        crate::Mode::Interest => settings.bounds.key_queue,
        crate::Mode::Broadcast => settings.bounds.broadcast_queue,
    }
}

/// Full jitter: a server that comes back is not met by all its clients at once. Only the first attempt of all waits for
/// nothing.
fn waits(longest: Duration, jitter: Jitter) -> impl Fn(usize) -> Duration + Send + Sync + 'static {
    let has_begun = AtomicBool::new(false);
    move |attempt| {
        if !has_begun.swap(true, Ordering::Relaxed) {
            return Duration::ZERO;
        }
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        jitter(FIRST_WAIT.saturating_mul(2_u32.saturating_pow(doublings)).min(longest))
    }
}

impl Told {
    fn note(&self, event: &Event) {
        let Self { happened, troubles, counters } = self;
        match event {
            Event::Connected => {
                counters.connections.one();
                troubles.connected();
                happened.send_modify(|happened| happened.connected += 1);
            }
            Event::SlowConsumer(_) => {
                counters.slow_consumer.one();
                happened.send_modify(|happened| happened.slow += 1);
            }
            Event::Disconnected => {
                happened.send_modify(|happened| happened.lost += 1);
                tracing::warn!("Connection to NATS is lost");
            }
            Event::LameDuckMode => tracing::info!("NATS server is about to leave"),
            Event::ServerError(error) => self.complaint(error),
            Event::ClientError(ClientError::Other(words)) => self.failure(words),
            Event::ClientError(error) => tracing::debug!(%error, "NATS cannot be reached"),
            Event::Draining | Event::Closed => {}
        }
    }

    /// A subject may name an account, and is told without.
    fn complaint(&self, error: &ServerError) {
        let complaint = match error {
            ServerError::Other(words) => Complaint::read(words),
            _ => None,
        };
        let Some(complaint) = complaint else {
            if self.troubles.complained(error.to_string()) {
                tracing::warn!(%error, "NATS server complains");
            }
            return;
        };
        let permission = complaint.permission();
        if self.troubles.denied(complaint, Instant::now()) {
            tracing::error!(missing = %permission, "NATS does not give this user a permission that it needs");
        }
    }

    /// An attempt to connect failed.
    fn failure(&self, words: &str) {
        let Some(why) = Unreachable::of(words) else {
            return tracing::debug!(words, "NATS cannot be reached");
        };
        let (why, is_news) = self.troubles.failed(why);
        if why == Unreachable::Credentials {
            // The keeper says so.
            self.happened.send_modify(|happened| happened.refused += 1);
        } else if is_news {
            tracing::warn!(%why, "NATS cannot be reached");
        }
    }
}

async fn with_credentials(
    credentials: &Credentials,
    options: ConnectOptions,
) -> Result<ConnectOptions, Refusal> {
    let Credentials { file, nkey, user, password, token } = credentials;
    if let Some(file) = file {
        let read = options.credentials_file(file).await;
        return read.map_err(|error| Refusal::Settings(format!("file of credentials: {error}")));
    }
    Ok(match (nkey, user.as_ref().zip(password.as_ref()), token) {
        (Some(seed), _, _) => options.nkey(seed.expose().to_owned()),
        (_, Some((user, password)), _) => {
            options.user_and_password(user.clone(), password.expose().to_owned())
        }
        (_, _, Some(token)) => options.token(token.expose().to_owned()),
        _ => options,
    })
}

fn with_tls(tls: &Tls, mut options: ConnectOptions) -> ConnectOptions {
    kit::tls::install();
    options = options.require_tls(tls.required);
    if let Some(ca) = &tls.ca {
        options = options.add_root_certificates(ca.clone());
    }
    if let Some((cert, key)) = tls.cert.as_ref().zip(tls.key.as_ref()) {
        options = options.add_client_certificate(cert.clone(), key.clone());
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_only_the_first_is_none() {
        let waits = waits(Duration::from_secs(1), Arc::new(|ceiling| ceiling));
        let millis: Vec<_> = [1, 1, 2, 3, 6, 99].map(|attempt| waits(attempt).as_millis()).into();
        assert_eq!(millis, [0, 50, 100, 200, 1000, 1000]);
    }
}
