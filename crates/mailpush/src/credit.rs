//! `mailpush credit`: what users may spend on text messages, granted, looked at, and set right where nobody knows what
//! became of a message. Works on the database of notifyd itself, whether one runs or not.

mod told;

use std::{path::PathBuf, time::Duration};

use clap::{Subcommand, ValueEnum};
use kit::{clock::unix_millis, config::ConfigErrors};
use mailbox_event::{Account, InvalidAccount, UnixMillis};
use store::{CreditError, EffectKey, Store, StoreError};

use crate::{
    config::Config,
    exit::{Ending, Exit},
    ledger,
    quantity::quantity,
};

/// A message that a gateway was asked to take so long ago, and that nobody said anything of, is in doubt: no call lasts
/// as long.
const DOUBT: Duration = notifyd::LONGEST_CALL.saturating_mul(2);
/// Segments of one grant: far more than anybody pays for, and a sum of them is a number still.
const MOST_GRANTED: i64 = 1_000_000_000;
/// What one command shows at most.
const MOST: i64 = 1000;

/// Options of the command line.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration of a notifyd, or of standalone; run it as the user of the program.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add segments to what a user may spend, or take some away.
    Grant {
        /// Like alice@example.org.
        user: String,
        /// Segments, not 0; less than nothing takes away.
        #[arg(allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-MOST_GRANTED..=MOST_GRANTED))]
        segments: i64,
        /// Names this grant, like an invoice: the same one again changes nothing. What takes it away may have the same name.
        #[arg(long)]
        reference: String,
    },
    /// Show what a user may spend, what is reserved and spent, and the latest changes.
    Show {
        /// Like alice@example.org.
        user: String,
        /// At most so many changes.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=MOST))]
        entries: u32,
    },
    /// List messages of which nobody knows whether they were sent, the oldest first: id, user, age, credit, gateway.
    Unknown {
        /// At most so many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=MOST))]
        limit: u32,
        /// With the numbers that they were to go to.
        #[arg(long)]
        numbers: bool,
    },
    /// Say what became of such a message: its credit is spent, or given back.
    Resolve {
        /// Its id.
        id: String,
        /// What the gateway's own records say.
        fate: Fate,
    },
}

/// What became of a message.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Fate {
    /// The gateway took it.
    Sent,
    /// The gateway did not take it, and never will.
    NotSent,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database is named there.
    #[error("--config is missing: the configuration of a notifyd, or of standalone")]
    NoConfig,
    /// What the operator has to correct.
    #[error("configuration")]
    Config(#[source] ConfigErrors),
    /// There is no such user anywhere.
    #[error("user is none: write it like alice@example.org")]
    User(#[source] InvalidAccount),
    /// It lacks its domain, and none is configured.
    #[error(
        "user has no domain: write it like alice@example.org, or set default_domain in the configuration"
    )]
    NoDomain,
    /// The id is none.
    #[error("an id is 64 hexadecimal digits, as `credit unknown` shows it")]
    Id,
    /// A grant without a name could not be told from the next.
    #[error("--reference is empty or longer than {LONGEST_REFERENCE} octets")]
    Reference,
    /// It would only use up a name.
    #[error("0 segments change nothing")]
    Nothing,
    /// The database cannot be used.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The database did not do it.
    #[error("database cannot be asked")]
    Store(#[source] StoreError),
    /// The change is not to be.
    #[error("credit is not changed")]
    Credit(#[source] CreditError),
    /// Misspelt, or not a user of text messages yet.
    #[error("{0} was never granted any credit")]
    NoCredit(String),
    /// The name is another grant's.
    #[error("reference was used before, for another user or number of segments")]
    OtherGrant,
}

const LONGEST_REFERENCE: usize = 200;

impl Ending for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoConfig
            | Self::Config(_)
            | Self::User(_)
            | Self::NoDomain
            | Self::Id
            | Self::Reference
            | Self::Nothing
            | Self::NoCredit(_)
            | Self::OtherGrant
            | Self::Credit(CreditError::TooLittle | CreditError::NotInDoubt) => Exit::Usage,
            Self::Ledger(why) => why.exit(),
            Self::Store(_) | Self::Credit(CreditError::Store(_)) => Exit::Away,
            // Another made the same grant at this moment: the next try says so.
            Self::Credit(CreditError::Repeated) => Exit::Failure,
        }
    }
}

/// Does it. Gives back what a person is to read.
pub async fn run(options: Options) -> Result<String, Error> {
    let config = options.config.ok_or(Error::NoConfig)?;
    let config = Config::load_for_ledger(&config).map_err(Error::Config)?;
    let desk = Desk { store: ledger::open(&config).await?, now: UnixMillis(unix_millis()) };
    let said = desk.act(options.what, &config.default_domain).await;
    desk.store.close().await;
    said
}

struct Desk {
    store: Store,
    now: UnixMillis,
}

impl Desk {
    async fn act(&self, what: What, domain: &str) -> Result<String, Error> {
        match what {
            What::Grant { user, segments, reference } => {
                self.grant(&account(&user, domain)?, segments, &reference).await
            }
            What::Show { user, entries } => self.show(&account(&user, domain)?, entries).await,
            What::Unknown { limit, numbers } => {
                let doubtful = self.store.doubtful(self.before(), limit).await.map_err(Error::Store)?;
                Ok(told::unknown(&doubtful, numbers, self.now))
            }
            What::Resolve { id, fate } => self.resolve(&id, fate).await,
        }
    }

    async fn grant(&self, user: &Account, segments: i64, reference: &str) -> Result<String, Error> {
        if reference.trim().is_empty() || reference.len() > LONGEST_REFERENCE {
            return Err(Error::Reference);
        }
        if segments == 0 {
            return Err(Error::Nothing);
        }
        let before = self.store.given(reference, segments).await.map_err(Error::Store)?;
        if let Some(entry) = before {
            let is_same = entry.user == user.as_str() && entry.available_change == segments;
            return if is_same {
                let done = if segments < 0 { "taken away" } else { "granted" };
                Ok(format!("{reference} was {done} before"))
            } else {
                Err(Error::OtherGrant)
            };
        }
        self.store.grant(user, segments, reference, self.now).await.map_err(Error::Credit)?;
        let credit = self.store.credit(user).await.map_err(Error::Store)?;
        Ok(format!("{} has {}", user.as_str(), quantity(credit.available, "segment")))
    }

    async fn show(&self, user: &Account, entries: u32) -> Result<String, Error> {
        if self.store.last_grant(user).await.map_err(Error::Store)?.is_none() {
            return Err(Error::NoCredit(user.as_str().to_owned()));
        }
        let credit = self.store.credit(user).await.map_err(Error::Store)?;
        let spent = self.store.spent(user).await.map_err(Error::Store)?;
        let entries = self.store.credit_entries(user, entries).await.map_err(Error::Store)?;
        Ok(told::credit(credit, spent, &entries))
    }

    async fn resolve(&self, id: &str, fate: Fate) -> Result<String, Error> {
        let key = EffectKey::parse(id).ok_or(Error::Id)?;
        let was_taken = matches!(fate, Fate::Sent);
        self.store.resolve(&key, was_taken, self.before(), self.now).await.map_err(Error::Credit)?;
        Ok(if was_taken { "its credit is spent" } else { "its credit is given back" }.to_owned())
    }

    fn before(&self) -> UnixMillis {
        let doubt = u64::try_from(DOUBT.as_millis()).unwrap_or(u64::MAX);
        UnixMillis(self.now.0.saturating_sub(doubt))
    }
}

/// Without a domain, one of the mail server's default domain.
fn account(text: &str, domain: &str) -> Result<Account, Error> {
    let is_whole = text.contains('@');
    if !is_whole && domain.is_empty() {
        return Err(Error::NoDomain);
    }
    let text = if is_whole { text.to_owned() } else { format!("{text}@{domain}") };
    Account::parse(&text).map_err(Error::User)
}

#[cfg(test)]
mod tests;
