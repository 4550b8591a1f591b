//! The client of the SMTP server. Speaks command by command, for what a failure means depends on the command.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use lettre::{
    Address,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt, Rset},
        extension::{ClientId, Extension, MailParameter},
    },
};

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

    /// Hands one mail over. `Ok`: the server has taken it.
    pub(crate) async fn deliver(&self, from: &Address, to: &Address, mail: &[u8]) -> Result<(), Undelivered> {
        if let Some(mut connection) = self.take_idle() {
            // A connection may have died while idle: that says nothing of the server, unless a mail was on its way.
            match self.send(&mut connection, from, to, mail).await {
                Err(Undelivered { phase: Phase::Sender, fault: Fault::Silence | Fault::Reply(421) }) => {}
                result => return self.done(connection, result).await,
            }
        }
        let mut connection = self.connect().await?;
        let result = self.send(&mut connection, from, to, mail).await;
        self.done(connection, result).await
    }

    async fn send(
        &self,
        connection: &mut AsyncSmtpConnection,
        from: &Address,
        to: &Address,
        mail: &[u8],
    ) -> Result<(), Undelivered> {
        let mut parameters = Vec::new();
        if !AsRef::<str>::as_ref(to).is_ascii() {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                // The server would say so (RFC 6531 §3.5).
                return Err(Undelivered { phase: Phase::Recipient, fault: Fault::Reply(553) });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        self.within(Phase::Sender, connection.command(Mail::new(Some(from.clone()), parameters))).await?;
        self.within(Phase::Recipient, connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
        self.within(Phase::Data, connection.command(Data)).await?;
        self.within(Phase::Content, connection.message(mail)).await.map(drop)
    }

    async fn connect(&self) -> Result<Box<AsyncSmtpConnection>, Undelivered> {
        let Smtp { host, port, tls, login, hello_name, timeout } = &self.settings;
        let hello = ClientId::Domain(hello_name.clone());
        let tls_first = self.tls.clone().filter(|_| *tls == Tls::Tls);
        let server = (host.as_str(), *port);
        let connect = AsyncSmtpConnection::connect_tokio1(server, Some(*timeout), &hello, tls_first, None);
        let mut connection = Box::new(self.within(Phase::Connection, connect).await?);
        if let (Tls::Starttls, Some(parameters)) = (tls, &self.tls) {
            self.within(Phase::Connection, connection.starttls(parameters.clone(), &hello)).await?;
        }
        if let Some(login) = login {
            let credentials = Credentials::new(login.user.clone(), login.password.expose().to_owned());
            self.within(Phase::Connection, connection.auth(DEFAULT_MECHANISMS, &credentials)).await?;
        }
        Ok(connection)
    }

    /// Keeps the connection if it is of further use.
    async fn done(
        &self,
        mut connection: Box<AsyncSmtpConnection>,
        result: Result<(), Undelivered>,
    ) -> Result<(), Undelivered> {
        let usable = match &result {
            Ok(()) => true,
            Err(Undelivered { fault: Fault::Silence | Fault::Reply(421), .. }) => false,
            Err(_) => self.within(Phase::Sender, connection.command(Rset)).await.is_ok(),
        };
        if usable {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < self.most_idle {
                idle.push((connection, Instant::now()));
            }
        }
        result
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
        let failed = |fault| Undelivered { phase, fault };
        match tokio::time::timeout(self.settings.timeout, step).await {
            Err(_) => Err(failed(Fault::Silence)),
            Ok(Err(error)) => {
                Err(failed(error.status().map_or(Fault::Silence, |code| Fault::Reply(code.into()))))
            }
            Ok(Ok(answer)) => Ok(answer),
        }
    }
}
