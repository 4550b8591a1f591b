//! The client of the SMTP server. Speaks command by command, for what a failure means depends on the command.

mod channel;
mod connect;
mod dot;
mod login;
mod pool;
mod starttls;
mod trust;

use std::{error::Error as _, io, iter, pin::Pin, sync::Arc, time::Duration};

use lettre::{
    Address,
    transport::smtp::{
        Error as SmtpError,
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Quit, Rcpt, Rset},
        extension::{Extension, MailBodyParameter, MailParameter},
        response::Response,
    },
};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tracing::trace;

use crate::{
    consequence::{Fault, Phase},
    settings::Smtp,
};

use connect::Server;
pub(crate) use connect::distrust;
use dot::Dot;
use pool::Pool;
pub use trust::TrustError;
pub(crate) use trust::trusting;

/// Why a mail was not delivered.
#[derive(Debug, thiserror::Error)]
#[error("mail was not taken at {phase:?}: {fault:?}")]
pub(crate) struct Undelivered {
    pub(crate) phase: Phase,
    pub(crate) fault: Fault,
    /// What the system or TLS says of it; never a word of the server's, which may name a recipient.
    pub(crate) cause: Option<String>,
}

/// What went wrong in one step, and what the system or TLS says of it.
#[derive(Debug)]
struct Mishap {
    fault: Fault,
    cause: Option<String>,
}

/// A mail whose text the server waits for. Dropped, the connection is closed before the text's end, and no server takes
/// the mail (RFC 5321 §4.1.1.4).
pub(crate) struct Dialogue<'a> {
    courier: &'a Courier,
    connection: Connection,
    place: Place<'a>,
}

/// A mail of which the server has all but the end. Dropped, it is as with [`Dialogue`].
pub(crate) struct Text<'a> {
    courier: &'a Courier,
    dot: Arc<Dot>,
    message: Message<'a>,
    place: Place<'a>,
}

/// A connection to the server, and what holds back the end of a mail on it.
struct Connection {
    client: Box<AsyncSmtpConnection>,
    dot: Arc<Dot>,
}

/// The right to a connection. One that is done is kept for others before this is dropped, so there are never more of them.
type Place<'a> = SemaphorePermit<'a>;

/// Writes a mail and waits for the answer.
type Message<'a> = Pin<Box<dyn Future<Output = (Connection, Result<Response, SmtpError>)> + Send + 'a>>;

/// Connections to the server, kept open between mails.
pub(crate) struct Courier {
    server: Server,
    idle: Pool,
    places: Semaphore,
    patience: Duration,
}

impl Courier {
    /// Fails when no certificate of the server could be checked.
    pub(crate) fn new(settings: &Smtp) -> Result<Self, TrustError> {
        let (idle, places) =
            (Pool::new(settings.connections, settings.idle), Semaphore::new(settings.connections));
        Ok(Self { server: Server::new(settings)?, idle, places, patience: settings.timeout })
    }

    /// Brings a mail to the point where the server waits for its text. So far nothing can have been taken. Without
    /// `from` the sender is null (RFC 5321 §4.5.5).
    pub(crate) async fn open(
        &self,
        from: Option<&Address>,
        to: &Address,
    ) -> Result<Dialogue<'_>, Undelivered> {
        let place = self.place().await;
        if let Some(mut connection) = self.idle.take() {
            // A connection may have died while idle: that says nothing of the server.
            match self.introduce(&mut connection, from, to).await {
                Err(Undelivered {
                    phase: Phase::Sender | Phase::NullSender,
                    fault: Fault::Silence | Fault::Reply(421),
                    ..
                }) => {}
                result => return self.opened(connection, place, result).await,
            }
        }
        let mut connection = self.server.connect().await?;
        let result = self.introduce(&mut connection, from, to).await;
        self.opened(connection, place, result).await
    }

    /// Whether the server answers a greeting; it is not asked to log anybody in.
    pub(crate) async fn probe(&self) -> Result<(), Undelivered> {
        let mut connection = self.server.greeted().await?;
        // The answer says nothing that the greeting did not.
        self.within(Phase::Connection, connection.client.command(Quit)).await.ok();
        Ok(())
    }

    /// The server, as an operator knows it.
    pub(crate) fn server(&self) -> String {
        self.server.place()
    }

    /// Takes leave of the server on every connection that is idle.
    pub(crate) async fn close(&self) {
        self.idle.close().await;
    }

    async fn place(&self) -> Place<'_> {
        self.places.acquire().await.expect("it is never closed")
    }

    async fn introduce(
        &self,
        connection: &mut Connection,
        from: Option<&Address>,
        to: &Address,
    ) -> Result<(), Undelivered> {
        let client = &mut connection.client;
        let mut parameters = Vec::new();
        if !from.into_iter().chain([to]).all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
            if !client.server_info().supports_feature(Extension::SmtpUtfEight) {
                // RFC 6531 §3.2: such a mail is not for this server.
                return Err(Undelivered { phase: Phase::Recipient, fault: Fault::NotOffered, cause: None });
            }
            // The mail's head holds the addresses as they are. Who offers the one offers the other (RFC 6531 §3.1).
            parameters
                .extend([MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)]);
        }
        let sender = if from.is_some() { Phase::Sender } else { Phase::NullSender };
        self.within(sender, client.command(Mail::new(from.cloned(), parameters))).await?;
        self.within(Phase::Recipient, client.command(Rcpt::new(to.clone(), Vec::new()))).await?;
        self.within(Phase::Data, client.command(Data)).await.map(drop)
    }

    async fn opened<'a>(
        &'a self,
        connection: Connection,
        place: Place<'a>,
        result: Result<(), Undelivered>,
    ) -> Result<Dialogue<'a>, Undelivered> {
        match result {
            Ok(()) => Ok(Dialogue { courier: self, connection, place }),
            Err(why) => {
                self.done(connection, Some(&why)).await;
                Err(why)
            }
        }
    }

    /// Keeps the connection if it is of further use.
    async fn done(&self, mut connection: Connection, failure: Option<&Undelivered>) {
        let usable = match failure {
            None => true,
            Some(Undelivered { fault: Fault::Silence | Fault::Reply(421), .. }) => false,
            Some(_) => self.within(Phase::Sender, connection.client.command(Rset)).await.is_ok(),
        };
        if usable {
            self.idle.keep(connection);
        }
    }

    async fn within<T>(
        &self,
        phase: Phase,
        step: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, Undelivered> {
        within(self.patience, phase, step).await
    }
}

impl<'a> Dialogue<'a> {
    /// Hands all of the text over but its end. When this fails, nothing can have been taken.
    pub(crate) async fn text(self, mail: &'a [u8]) -> Result<Text<'a>, Undelivered> {
        let Self { courier, connection, place } = self;
        let (dot, has_gone) = (connection.dot.clone(), Arc::new(Notify::new()));
        dot.hold();
        let mut message = write(connection, mail, has_gone.clone());
        let gone = async {
            tokio::select! {
                biased;
                // Without the end it ends in no other way.
                (_, Err(why)) = &mut message => Err(why),
                () = has_gone.notified() => Ok(()),
            }
        };
        courier.within(Phase::Data, gone).await?;
        Ok(Text { courier, dot, message, place })
    }
}

impl Text<'_> {
    /// Hands its end over. `Ok`: the server has taken the mail.
    pub(crate) async fn end(self) -> Result<(), Undelivered> {
        let Self { courier, dot, message, place } = self;
        dot.let_go();
        let mut connection = None;
        let answered = async {
            let (kept, answer) = message.await;
            connection = Some(kept);
            answer
        };
        let result = courier.within(Phase::Content, answered).await.map(drop);
        let result = result.map_err(|why| match why.fault {
            // The connection was lost before: nothing can have been taken.
            Fault::Silence if !dot.has_left() => Undelivered { phase: Phase::Data, ..why },
            _ => why,
        });
        if let Some(connection) = connection {
            courier.done(connection, result.as_ref().err()).await;
        }
        drop(place);
        result
    }
}

fn write(mut connection: Connection, mail: &[u8], has_gone: Arc<Notify>) -> Message<'_> {
    Box::pin(async move {
        let answer = connection.client.message_iter(parts(mail, &has_gone)).await;
        (connection, answer)
    })
}

/// The mail for lettre, which asks for the next part when it has written the last, and writes the end when there is
/// none.
fn parts<'a>(mail: &'a [u8], has_gone: &'a Notify) -> impl Iterator<Item = &'a [u8]> {
    iter::once(mail).chain(iter::from_fn(|| {
        trace!("All but the end of the text has left");
        has_gone.notify_one();
        None
    }))
}

/// Runs one step with the time that the server has for it.
async fn within<T, E: Into<Mishap>>(
    patience: Duration,
    phase: Phase,
    step: impl Future<Output = Result<T, E>>,
) -> Result<T, Undelivered> {
    let result = match tokio::time::timeout(patience, step).await {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(Mishap { fault: Fault::Silence, cause: Some("no answer in time".to_owned()) }),
    };
    result.map_err(|Mishap { fault, cause }| Undelivered { phase, fault, cause })
}

impl From<Fault> for Mishap {
    fn from(fault: Fault) -> Self {
        Self { fault, cause: None }
    }
}

impl From<SmtpError> for Mishap {
    fn from(why: SmtpError) -> Self {
        match why.status() {
            Some(code) => Fault::Reply(code.into()).into(),
            // What the client itself refuses to do with what the server offers.
            None if why.is_client() => Fault::NotOffered.into(),
            None => Self { fault: Fault::Silence, cause: Some(cause(&why)) },
        }
    }
}

/// What the system says; what cannot be read is a server's word and stays out.
fn cause(error: &SmtpError) -> String {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return io.to_string();
        }
        source = inner.source();
    }
    "answered with nonsense".to_owned()
}
