//! `mailpush preview sieve`: what a script's notification would send.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use kit::{clock::unix_millis, config::ConfigErrors};
use mailbox_event::{
    Account, Event, EventId, InvalidAccount, Notification, RelayId, SieveNotification, UnixMillis,
};
use notifyd::{Preview, PreviewError, PreviewUser, Settings};
use store::StoreError;
use wording::{Reader, Wording};

use crate::{
    config::Config,
    exit::{Ending, Exit},
    ledger,
    role::Role,
};

/// Octets of a file that are read: relay hands on 64 KiB of a message, and an event in JSON may say each as a number.
const LONGEST: u64 = 1 << 20;

/// What only `sieve` takes.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "For sieve")]
pub struct SieveOptions {
    /// The configuration of a notifyd, or of standalone; without it the defaults.
    #[arg(long)]
    config: Option<PathBuf>,
    /// An event in JSON, as `dead-letters show --content` prints it; instead of the options below.
    #[arg(long, conflicts_with_all = ["method", "option", "text", "message"])]
    event: Option<PathBuf>,
    /// What Cyrus says as METHOD: mailto, or the whole URI of another scheme, or a name.
    #[arg(long)]
    pub(super) method: Option<String>,
    /// What Cyrus says as OPTIONS, each for itself; of mailto the first is what stands after the colon.
    #[arg(long)]
    option: Vec<String>,
    /// The script's :message.
    #[arg(long)]
    pub(super) text: Option<String>,
    /// A file with the message that the script ran for.
    #[arg(long)]
    message: Option<PathBuf>,
    /// Whose script: the database of --config is asked for their language, numbers and credit. Without it a made-up user.
    #[arg(long, requires = "config")]
    user: Option<String>,
}

impl SieveOptions {
    /// The first of them that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let Self { config, event, method, option, text, message, user } = self;
        let given = [
            ("--config", config.is_some()),
            ("--event", event.is_some()),
            ("--method", method.is_some()),
            ("--option", !option.is_empty()),
            ("--text", text.is_some()),
            ("--message", message.is_some()),
            ("--user", user.is_some()),
        ];
        given.into_iter().find_map(|(option, is_given)| is_given.then_some(option))
    }
}

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the operator has to correct.
    #[error("configuration")]
    Config(#[source] ConfigErrors),
    /// Neither an event nor a method.
    #[error("--event or --method is needed")]
    Nothing,
    /// A file cannot be read.
    #[error("{} cannot be read", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// It is no event.
    #[error("{} is no event in JSON, as `dead-letters show --content` prints it", .0.display())]
    Event(PathBuf, #[source] serde_json::Error),
    /// There is no such user anywhere.
    #[error("user is none: write it like alice@example.org")]
    User(#[source] InvalidAccount),
    /// The database cannot be used.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The database did not answer.
    #[error("database cannot be asked")]
    Store(#[source] StoreError),
    /// There is nothing to show.
    #[error(transparent)]
    Preview(#[from] PreviewError),
}

/// Whose script it is where nobody says.
const NOBODY: &str = "alice@example.org";

/// What would be sent, for a person. Without `reader` as the user reads it.
pub async fn show(
    options: &SieveOptions,
    wording: &Wording,
    reader: Option<&Reader>,
) -> Result<String, Error> {
    let config = match &options.config {
        Some(path) => Some(Config::load(path, Role::Operator, &[]).map_err(Error::Config)?),
        None => None,
    };
    let user = match (&config, &options.user) {
        (Some(config), Some(user)) => Some(ask(config, user).await?),
        _ => None,
    };
    let settings = config.map_or_else(Settings::default, |config| config.notifyd);
    let known = user.as_ref().map_or_else(|| settings.reader.reader(), |user| user.reader(&settings));
    let (reader, user) = (reader.unwrap_or(&known), user.as_ref());
    let now = UnixMillis(unix_millis());
    let event = match &options.event {
        Some(path) => event_in(&read(path)?).map_err(|why| Error::Event(path.clone(), why))?,
        None => made_up(options, now)?,
    };
    Ok(Preview { settings: &settings, wording, reader, user, now }.of(event)?)
}

/// The event of a dead letter, with or without the lines that are shown before it.
fn event_in(shown: &[u8]) -> Result<Event, serde_json::Error> {
    let lines = shown
        .iter()
        .enumerate()
        .filter(|(at, octet)| **octet == b'{' && (*at == 0 || shown[at - 1] == b'\n'));
    let begin = lines.map(|(at, _)| at).next().unwrap_or_default();
    serde_json::from_slice(&shown[begin..])
}

/// What the database knows of `user`.
async fn ask(config: &Config, user: &str) -> Result<PreviewUser, Error> {
    let user = Account::parse(user).map_err(Error::User)?;
    let store = ledger::open(config).await?;
    let known = PreviewUser::ask(&store, &user).await.map_err(Error::Store);
    store.close().await;
    known
}

fn made_up(options: &SieveOptions, now: UnixMillis) -> Result<Event, Error> {
    let notification = SieveNotification {
        account: Account::parse(options.user.as_deref().unwrap_or(NOBODY)).map_err(Error::User)?,
        method: options.method.clone().ok_or(Error::Nothing)?,
        priority: "normal".to_owned(),
        options: options.option.clone(),
        text: options.text.clone().unwrap_or_default(),
        message: options.message.as_deref().map(read).transpose()?,
    };
    let id = EventId { relay: RelayId(0), sequence: 0 };
    Ok(Event { id, taken_at: now, notification: Notification::Sieve(Box::new(notification)) })
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    use io::Read as _;
    let failed = |why| Error::Read(path.to_owned(), why);
    let mut octets = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(LONGEST).read_to_end(&mut octets).map_err(failed)?;
    Ok(octets)
}

impl Ending for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::Nothing
            | Self::Event(..)
            | Self::User(_)
            | Self::Preview(PreviewError::Other | PreviewError::Hosts(_)) => Exit::Usage,
            Self::Read(_, why) => Exit::of_io(why),
            Self::Ledger(why) => why.exit(),
            Self::Store(_) => Exit::Away,
            Self::Preview(PreviewError::Render(_)) => Exit::Failure,
        }
    }
}

#[cfg(test)]
mod tests;
