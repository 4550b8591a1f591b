//! The way to a connection on which mail can be sent: TCP, TLS, EHLO, AUTH.

use std::{io, time::Duration};

use lettre::transport::smtp::{client::AsyncSmtpConnection, extension::ClientId};
use rustls::{CertificateError, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Connection, Mishap, Undelivered,
    channel::Channel,
    login::Login,
    starttls,
    trust::{self, TrustError},
    within,
};
use crate::{
    consequence::{Distrust, Fault, Phase},
    settings::{Smtp, Tls},
};

/// The server and how it is spoken to.
pub(super) struct Server {
    host: String,
    port: u16,
    hello_name: String,
    patience: Duration,
    protection: Protection,
}

/// A password goes only where there is TLS.
enum Protection {
    None,
    Tls { begins: Begins, connector: TlsConnector, name: ServerName<'static>, login: Option<Login> },
}

/// When TLS does.
#[derive(Clone, Copy)]
enum Begins {
    AtOnce,
    OnRequest,
}

impl Server {
    /// Fails when no certificate of the server could be checked.
    pub(super) fn new(settings: &Smtp) -> Result<Self, TrustError> {
        let Smtp { host, port, hello_name, timeout, login, .. } = settings;
        let tls = |begins| {
            let name = ServerName::try_from(host.clone()).map_err(|_| TrustError::Name)?;
            let (connector, login) = (trust::connector(settings.ca.as_deref())?, login.as_ref());
            Ok(Protection::Tls { begins, connector, name, login: login.map(Login::new) })
        };
        let protection = match settings.protection() {
            Tls::None => Protection::None,
            Tls::Starttls => tls(Begins::OnRequest)?,
            Tls::Tls => tls(Begins::AtOnce)?,
        };
        let (host, hello_name) = (host.clone(), hello_name.clone());
        Ok(Self { host, port: *port, hello_name, patience: *timeout, protection })
    }

    /// Host and port, as an operator knows them.
    pub(super) fn place(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// A connection that waits for MAIL.
    pub(super) async fn connect(&self) -> Result<Connection, Undelivered> {
        let Protection::Tls { login: Some(login), .. } = &self.protection else {
            return self.greeted().await;
        };
        login.check()?;
        let mut connection = self.greeted().await?;
        login.log_in(&mut connection.client, self.patience).await?;
        Ok(connection)
    }

    /// A connection before AUTH.
    pub(super) async fn greeted(&self) -> Result<Connection, Undelivered> {
        let stream = TcpStream::connect((self.host.as_str(), self.port));
        let stream = within(self.patience, Phase::Connection, stream).await?;
        // A mail's end is a packet of its own, which must not wait until the server has acknowledged the mail's text.
        // Where that cannot be set, it waits.
        stream.set_nodelay(true).ok();
        let Protection::Tls { begins, connector, name, .. } = &self.protection else {
            return self.greet(Channel::clear(stream)).await;
        };
        let channel = match begins {
            Begins::AtOnce => Channel::protected(self.protect(connector, name, stream).await?),
            Begins::OnRequest => {
                let stream = self.request_tls(stream).await?;
                Channel::upgraded(self.protect(connector, name, stream).await?)
            }
        };
        self.greet(channel).await
    }

    async fn request_tls(&self, mut stream: TcpStream) -> Result<TcpStream, Undelivered> {
        within(self.patience, Phase::Connection, starttls::greeting(&mut stream)).await?;
        within(self.patience, Phase::Protection, starttls::request(&mut stream, &self.hello_name)).await?;
        Ok(stream)
    }

    async fn protect(
        &self,
        connector: &TlsConnector,
        name: &ServerName<'static>,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Undelivered> {
        let handshake = connector.connect(name.clone(), stream);
        // Boxed: the state of a handshake is large.
        within(self.patience, Phase::Protection, Box::pin(handshake)).await
    }

    async fn greet(&self, channel: Channel) -> Result<Connection, Undelivered> {
        let hello = ClientId::Domain(self.hello_name.clone());
        let dot = channel.dot();
        let greeted = AsyncSmtpConnection::connect_with_transport(Box::new(channel), &hello);
        let client = Box::new(within(self.patience, Phase::Connection, greeted).await?);
        Ok(Connection { client, dot })
    }
}

impl From<io::Error> for Mishap {
    fn from(why: io::Error) -> Self {
        let fault = match why.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(rustls::Error::InvalidCertificate(why)) => Fault::Certificate(distrust(why)),
            _ => Fault::Silence,
        };
        Self { fault, cause: Some(why.to_string()) }
    }
}

/// Which of these a verdict on a certificate is.
pub(crate) fn distrust(why: &CertificateError) -> Distrust {
    match why {
        // Signed by somebody of a name that we know, and not by him.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Distrust::UnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Distrust::Expired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Distrust::OtherName
        }
        _ => Distrust::Invalid,
    }
}
