//! The client of the SMTP server. Speaks command by command, for what a failure means depends on the command.

use std::{
    error::Error as _,
    io, iter,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use lettre::{
    Address,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Quit, Rcpt, Rset},
        extension::{ClientId, Extension, MailParameter},
    },
};
use tokio::net::TcpStream;
use tracing::trace;

use crate::{
    consequence::{Fault, Phase},
    settings::{Smtp, Tls},
};

/// Servers close idle connections; within this time one is worth trying before a fresh one.
const LONGEST_IDLE: Duration = Duration::from_secs(20);

/// Why a mail was not delivered.
#[derive(Debug, thiserror::Error)]
#[error("mail was not taken at {phase:?}: {fault:?}")]
pub(crate) struct Undelivered {
    pub(crate) phase: Phase,
    pub(crate) fault: Fault,
    /// What the system or TLS says of a silence; never a word of the server's, which may name a recipient.
    pub(crate) cause: Option<String>,
}

/// A mail whose text the server waits for. Dropped, the connection is closed before the text's end, and no server takes
/// the mail (RFC 5321 §4.1.1.4).
pub(crate) struct Dialogue<'a> {
    courier: &'a Courier,
    connection: Box<AsyncSmtpConnection>,
}

/// Connections to the server, kept open between mails.
pub(crate) struct Courier {
    settings: Smtp,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<(Box<AsyncSmtpConnection>, Instant)>>,
    most_idle: usize,
}

impl Courier {
    /// Keeps at most `most_idle` connections open. Fails when the host is no name that TLS could check.
    pub(crate) fn new(settings: Smtp, most_idle: usize) -> Result<Self, SmtpError> {
        let tls = match settings.tls {
            Tls::None => None,
            Tls::Starttls | Tls::Tls => Some(TlsParameters::new(settings.host.clone())?),
        };
        Ok(Self { settings, tls, idle: Mutex::default(), most_idle })
    }

    /// Brings a mail to the point where the server waits for its text. So far nothing can have been taken.
    pub(crate) async fn open(&self, from: &Address, to: &Address) -> Result<Dialogue<'_>, Undelivered> {
        if let Some(mut connection) = self.take_idle() {
            // A connection may have died while idle: that says nothing of the server.
            match self.introduce(&mut connection, from, to).await {
                Err(Undelivered {
                    phase: Phase::Sender, fault: Fault::Silence | Fault::Reply(421), ..
                }) => {}
                result => return self.opened(connection, result).await,
            }
        }
        let mut connection = self.connect().await?;
        let result = self.introduce(&mut connection, from, to).await;
        self.opened(connection, result).await
    }

    async fn introduce(
        &self,
        connection: &mut AsyncSmtpConnection,
        from: &Address,
        to: &Address,
    ) -> Result<(), Undelivered> {
        let mut parameters = Vec::new();
        if !AsRef::<str>::as_ref(to).is_ascii() {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                // The server would say so (RFC 6531 §3.5).
                return Err(Undelivered { phase: Phase::Recipient, fault: Fault::Reply(553), cause: None });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        self.within(Phase::Sender, connection.command(Mail::new(Some(from.clone()), parameters))).await?;
        self.within(Phase::Recipient, connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
        self.within(Phase::Data, connection.command(Data)).await.map(drop)
    }

    async fn opened(
        &self,
        connection: Box<AsyncSmtpConnection>,
        result: Result<(), Undelivered>,
    ) -> Result<Dialogue<'_>, Undelivered> {
        match result {
            Ok(()) => Ok(Dialogue { courier: self, connection }),
            Err(why) => {
                self.done(connection, Some(&why)).await;
                Err(why)
            }
        }
    }

    async fn connect(&self) -> Result<Box<AsyncSmtpConnection>, Undelivered> {
        let mut connection = self.greet().await?;
        if let Some(login) = &self.settings.login {
            let credentials = Credentials::new(login.user.clone(), login.password.expose().to_owned());
            self.within(Phase::Connection, connection.auth(DEFAULT_MECHANISMS, &credentials)).await?;
        }
        Ok(connection)
    }

    /// Connects, with TLS where that is set.
    async fn greet(&self) -> Result<Box<AsyncSmtpConnection>, Undelivered> {
        let Smtp { host, port, tls, hello_name, timeout, .. } = &self.settings;
        let hello = ClientId::Domain(hello_name.clone());
        let tls_first = self.tls.clone().filter(|_| *tls == Tls::Tls);
        let server = (host.as_str(), *port);
        let mut connection = Box::new(if tls_first.is_some() {
            let connect =
                AsyncSmtpConnection::connect_tokio1(server, Some(*timeout), &hello, tls_first, None);
            self.within(Phase::Connection, connect).await?
        } else {
            let stream = tokio::time::timeout(*timeout, TcpStream::connect(server)).await;
            let stream = stream.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(away)?;
            // A mail's end is a packet of its own, and is not to wait for the server's word that it has the text.
            stream.set_nodelay(true).ok();
            let greet = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello);
            self.within(Phase::Connection, greet).await?
        });
        if let (Tls::Starttls, Some(parameters)) = (tls, &self.tls) {
            self.within(Phase::Connection, connection.starttls(parameters.clone(), &hello)).await?;
        }
        Ok(connection)
    }

    /// Keeps the connection if it is of further use.
    async fn done(&self, mut connection: Box<AsyncSmtpConnection>, failure: Option<&Undelivered>) {
        let usable = match failure {
            None => true,
            Some(Undelivered { fault: Fault::Silence | Fault::Reply(421), .. }) => false,
            Some(_) => self.within(Phase::Sender, connection.command(Rset)).await.is_ok(),
        };
        if usable {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < self.most_idle {
                idle.push((connection, Instant::now()));
            }
        }
    }

    fn take_idle(&self) -> Option<Box<AsyncSmtpConnection>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < LONGEST_IDLE);
        idle.pop().map(|(connection, _)| connection)
    }

    /// Runs one step with the time that the server has for it.
    async fn within<T>(
        &self,
        phase: Phase,
        step: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, Undelivered> {
        match tokio::time::timeout(self.settings.timeout, step).await {
            Err(_) => {
                Err(Undelivered { phase, fault: Fault::Silence, cause: Some("no answer in time".into()) })
            }
            Ok(Err(error)) => Err(Undelivered::of(phase, &error)),
            Ok(Ok(answer)) => Ok(answer),
        }
    }

    /// Whether the server answers a greeting; it is not asked to log anybody in.
    pub(crate) async fn probe(&self) -> Result<(), Undelivered> {
        let mut connection = self.greet().await?;
        // The answer says nothing that the greeting did not.
        self.within(Phase::Connection, connection.command(Quit)).await.ok();
        Ok(())
    }

    /// The server, as an operator knows it.
    pub(crate) fn server(&self) -> String {
        let Smtp { host, port, .. } = &self.settings;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl Undelivered {
    fn of(phase: Phase, error: &SmtpError) -> Self {
        match error.status() {
            Some(code) => Self { phase, fault: Fault::Reply(code.into()), cause: None },
            None => Self { phase, fault: Fault::Silence, cause: Some(cause(error)) },
        }
    }
}

/// The server cannot be connected to.
fn away(why: io::Error) -> Undelivered {
    Undelivered { phase: Phase::Connection, fault: Fault::Silence, cause: Some(why.to_string()) }
}

/// What the system says, or TLS; what cannot be read is a server's word and stays out.
fn cause(error: &SmtpError) -> String {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return io.to_string();
        }
        source = inner.source();
    }
    if error.is_tls() { "no TLS".into() } else { "answered with nonsense".into() }
}

impl Dialogue<'_> {
    /// Hands the text over. `Ok`: the server has taken the mail.
    pub(crate) async fn send(self, mail: &[u8]) -> Result<(), Undelivered> {
        let Self { courier, mut connection } = self;
        let has_left = AtomicBool::new(false);
        let message = connection.message_iter(parts(mail, &has_left));
        let result = courier.within(Phase::Content, message).await;
        let has_left = has_left.into_inner();
        let result = result.map(drop).map_err(|why| match why.fault {
            // The server fell silent in the middle of the text: nothing can have been taken.
            Fault::Silence if !has_left => Undelivered { phase: Phase::Data, ..why },
            Fault::Silence | Fault::Reply(_) => why,
        });
        courier.done(connection, result.as_ref().err()).await;
        result
    }
}

/// The mail for lettre, which asks for the next part when it has written the last, and writes the end when there is
/// none: from then on the mail `has_left`.
fn parts<'a>(mail: &'a [u8], has_left: &'a AtomicBool) -> impl Iterator<Item = &'a [u8]> {
    iter::once(mail).chain(iter::from_fn(|| {
        trace!("All but the end of the text has left");
        has_left.store(true, Ordering::Relaxed);
        None
    }))
}
