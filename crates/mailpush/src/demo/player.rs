//! Plays the mail server: writes notifications to relay's sockets as Cyrus does, and waits for the answers.

use std::{io, path::PathBuf, time::Duration};

use cyrus::{Dialect, Malformed, Notice, datagram, dlist};
use jiff::Zoned;
use kit::drain::Drain;
use mailbox_event::{Naming, Notification, UnixMillis};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixDatagram, UnixStream},
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use super::{
    SharedWorld,
    compose::{Composer, Deed},
    recording::Recording,
    script::{Action, PROLOGUE, Script},
    texts::TEXTS,
};

/// Cyrus itself waits without a limit; a demo that hangs shows nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// imapd.conf's `defaultdomain` of the mail server that is played.
pub const DOMAIN: &str = "example.org";

/// Where relay listens.
#[derive(Debug, Clone)]
pub struct Sockets {
    /// One connection per notification, answered.
    pub dlist: PathBuf,
    /// One datagram per notification.
    pub datagram: PathBuf,
}

/// Why a notification was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// relay's socket does not work.
    #[error("relay's socket cannot be used")]
    Socket(#[from] io::Error),
    /// relay took longer than [`PATIENCE`].
    #[error("relay did not answer in time")]
    Late,
    /// The answer was another than the one that lets Cyrus go on.
    #[error("relay refused the notification")]
    Refused,
    /// What was composed is not understood.
    #[error("a composed notification cannot be read")]
    Malformed(#[from] Malformed),
}

/// The mail server.
#[derive(Debug)]
pub struct Player {
    sockets: Sockets,
    world: SharedWorld,
    composer: Composer,
    script: Script,
    texts: usize,
    dialect: Dialect,
}

impl Player {
    /// A mail server where nothing has happened yet.
    pub fn new(sockets: Sockets, world: SharedWorld) -> Self {
        let composer = Composer::new(Recording::load());
        let dialect = Dialect::new(Naming::new(DOMAIN));
        Self { sockets, world, composer, script: Script::default(), texts: 0, dialect }
    }

    /// Plays the recording and the prologue without pauses, so that the page opens on a mailbox with something in it.
    pub async fn opening(&mut self) -> Result<(), PlayError> {
        let notices = Recording::load().opening(&Zoned::now());
        self.tell(&notices, false).await?;
        for deed in PROLOGUE {
            self.act(deed).await?;
        }
        self.text().await
    }

    /// Plays the script, and what is ordered in between, until the drain begins.
    pub async fn run(mut self, mut orders: mpsc::Receiver<Action>, drain: Drain) {
        let (mut at, mut next) = self.upcoming();
        loop {
            let action = tokio::select! {
                biased;
                () = drain.draining() => return,
                Some(ordered) = orders.recv() => ordered,
                () = sleep_until(at) => {
                    let action = next;
                    (at, next) = self.upcoming();
                    action
                }
            };
            self.play(&action, &drain).await;
        }
    }

    fn upcoming(&mut self) -> (Instant, Action) {
        let (wait, action) = self.world.with(|world| self.script.next(world));
        (Instant::now() + wait, action)
    }

    async fn play(&mut self, action: &Action, drain: &Drain) {
        if *action == Action::Text {
            warn_of(self.text().await);
        }
        for deed in action.deeds() {
            if drain.is_draining() {
                return;
            }
            warn_of(self.act(&deed).await);
        }
    }

    /// As at a delivery: the message comes to be, and the script that ran for it notifies.
    async fn text(&mut self) -> Result<(), PlayError> {
        let text = &TEXTS[self.texts % TEXTS.len()];
        self.texts += 1;
        self.act(&Deed::Receive(text.letter.clone())).await?;
        let (notice, spooled) = text.notice(&Zoned::now())?;
        self.tell(&[notice], false).await?;
        drop(spooled);
        Ok(())
    }

    async fn act(&mut self, deed: &Deed) -> Result<(), PlayError> {
        let now = Zoned::now();
        let notices = self.world.with(|world| self.composer.compose(deed, world, &now));
        // Contacts go by the form without answers, which relay takes at the same time.
        self.tell(&notices, *deed == Deed::Contact).await
    }

    /// The world changes before the first word of it: a client that fetches at once has to find the change.
    async fn tell(&self, notices: &[Notice], by_datagram: bool) -> Result<(), PlayError> {
        let said: Vec<Notification> =
            notices.iter().map(|notice| self.dialect.decode(notice, None)).collect::<Result<_, _>>()?;
        let at = UnixMillis(Zoned::now().timestamp().as_millisecond().unsigned_abs());
        self.world.with(|world| said.iter().for_each(|notification| world.apply(notification, at)));
        for notice in notices {
            let sent =
                async { if by_datagram { self.datagram(notice).await } else { self.dlist(notice).await } };
            timeout(PATIENCE, sent).await.map_err(|_| PlayError::Late)??;
        }
        Ok(())
    }

    async fn dlist(&self, notice: &Notice) -> Result<(), PlayError> {
        let mut connection = UnixStream::connect(&self.sockets.dlist).await?;
        connection.write_all(&dlist::write(notice)).await?;
        let mut answer = [0; dlist::OK.len()];
        connection.read_exact(&mut answer).await?;
        if answer == dlist::OK { Ok(()) } else { Err(PlayError::Refused) }
    }

    async fn datagram(&self, notice: &Notice) -> Result<(), PlayError> {
        let socket = UnixDatagram::unbound()?;
        socket.send_to(&datagram::write(notice), &self.sockets.datagram).await?;
        Ok(())
    }
}

fn warn_of(result: Result<(), PlayError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "Notification was not taken");
    }
}

#[cfg(test)]
mod tests;
