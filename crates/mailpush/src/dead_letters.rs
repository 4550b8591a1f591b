//! `mailpush dead-letters`: jobs that no retry could help, looked at, given back or dropped.
//!
//! The command has the running notifyd do it over its admin port, whichever bus that is on: it has the group, so that
//! what is given back is done, and NATS needs to know no user who may read jobs beside it.

mod desk;
mod wire;

use std::{net::SocketAddr, path::PathBuf, time::SystemTime};

use clap::Subcommand;
use kit::config::ConfigErrors;

use self::wire::{Letter, Request};
pub use self::{desk::act, wire::PATH};
use crate::{
    ask::{self, ask, key_of},
    config::Config,
    exit::{Ending, Exit},
    role::Role,
    site_bus::Kind,
};

/// Options of the command line.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration of the running program that sends mail.
    #[arg(long)]
    config: PathBuf,
    /// Its admin port, where the configuration does not say.
    #[arg(long)]
    admin: Option<SocketAddr>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List them, the oldest first: group, number, age, attempts, what for, and why. Shows no content.
    List {
        /// Only this group's.
        group: Option<String>,
        /// At most so many of each group.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=wire::MOST))]
        limit: u32,
    },
    /// Show one.
    Show {
        /// Its group.
        group: String,
        /// Its number.
        number: u64,
        /// With the original event: addresses, subjects and texts.
        #[arg(long)]
        content: bool,
    },
    /// Give some back to their group, each with its full number of attempts.
    Redeliver(Chosen),
    /// Drop some for good.
    Drop(Chosen),
}

#[derive(Debug, clap::Args)]
struct Chosen {
    /// Their group.
    group: String,
    /// Their numbers.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    numbers: Vec<u64>,
    /// All that the group has now, at most 1000.
    #[arg(long)]
    all: bool,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the operator has to correct.
    #[error("configuration")]
    Config(#[source] ConfigErrors),
    /// It sends no mail.
    #[error("the program on {0} sends no mail: give the configuration of a notifyd, or of standalone")]
    NoNotifyd(SocketAddr),
    /// The running program did not do it.
    #[error(transparent)]
    Ask(ask::Error),
    /// It does not speak as this release.
    #[error("the running program is of another release")]
    Answer(#[source] serde_json::Error),
    /// Some were done.
    #[error("{done} done, and then number {number} was not")]
    Partly {
        /// How many were done.
        done: usize,
        /// Which was not.
        number: u64,
        /// Why.
        source: ask::Error,
    },
}

impl Ending for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::NoNotifyd(_) | Self::Answer(_) => Exit::Usage,
            Self::Ask(why) | Self::Partly { source: why, .. } => why.exit(),
        }
    }
}

impl From<ask::Error> for Error {
    fn from(error: ask::Error) -> Self {
        match error {
            ask::Error::Elsewhere(address) => Self::NoNotifyd(address),
            error => Self::Ask(error),
        }
    }
}

/// Does it. Gives back what a person is to read.
pub async fn run(options: Options) -> Result<String, Error> {
    let config = Config::load(&options.config, Role::Operator, &[]).map_err(Error::Config)?;
    let at = options.admin.unwrap_or_else(|| {
        // Where every service is on one machine, each has its own port.
        config.admin_port(if config.bus.kind == Kind::Local { Role::Standalone } else { Role::Notifyd })
    });
    let desk = Desk { key: key_of(&config)?, at };
    match options.what {
        What::List { group, limit } => {
            let letters = desk.letters(&Request::List { group, limit }).await?;
            Ok(list(&letters, limit, SystemTime::now()))
        }
        What::Show { group, number, content } => {
            let letters = desk.letters(&Request::Show { group, number, content }).await?;
            Ok(letters.iter().map(|letter| letter.whole(SystemTime::now())).collect())
        }
        What::Redeliver(chosen) => {
            let done = desk.each(chosen, |group, number| Request::Redeliver { group, number }).await?;
            Ok(format!("{done} given back"))
        }
        What::Drop(chosen) => {
            let done = desk.each(chosen, |group, number| Request::Drop { group, number }).await?;
            Ok(format!("{done} dropped"))
        }
    }
}

/// Where the running program takes orders.
struct Desk {
    key: Vec<u8>,
    at: SocketAddr,
}

impl Desk {
    async fn order(&self, request: &Request) -> Result<String, ask::Error> {
        ask(&self.key, self.at, PATH, request.to_octets()).await
    }

    async fn letters(&self, request: &Request) -> Result<Vec<Letter>, Error> {
        let said = self.order(request).await?;
        serde_json::from_str(&said).map_err(Error::Answer)
    }

    /// Orders it of each that was chosen, one after the other.
    async fn each(&self, chosen: Chosen, order: impl Fn(String, u64) -> Request) -> Result<usize, Error> {
        let Chosen { group, mut numbers, all } = chosen;
        if all {
            let list = Request::List { group: Some(group.clone()), limit: wire::MOST_AT_ONCE };
            numbers = self.letters(&list).await?.into_iter().map(|letter| letter.number).collect();
        }
        for (done, &number) in numbers.iter().enumerate() {
            let ordered = self.order(&order(group.clone(), number)).await;
            ordered.map_err(|source| Error::Partly { done, number, source })?;
        }
        Ok(numbers.len())
    }
}

/// One for each line, and below them the groups that may have more: the running program tells `limit` of each.
fn list(letters: &[Letter], limit: u32, now: SystemTime) -> String {
    if letters.is_empty() {
        return "no dead letters".to_owned();
    }
    let lines = letters.iter().map(|letter| letter.line(now));
    let groups = letters.chunk_by(|one, next| one.group == next.group);
    let full = groups.filter(|letters| u32::try_from(letters.len()).is_ok_and(|count| count >= limit));
    let cut = full
        .filter_map(|letters| letters.first())
        .map(|letter| format!("{}: {limit} are listed, and there may be more (--limit)", letter.group));
    lines.chain(cut).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_was_cut_says_so() {
        let letter = |group: &str, number| Letter {
            group: group.to_owned(),
            number,
            died_at: 0,
            attempts: 12,
            kind: String::new(),
            urgency: String::new(),
            event: String::new(),
            octets: 1,
            reason: "refused".to_owned(),
            content: None,
        };
        let letters = [letter("alarm-mail", 1), letter("alarm-mail", 2), letter("sms", 1)];
        let told = |limit| list(&letters, limit, SystemTime::now());
        assert_eq!(told(3).lines().count(), 3);
        assert!(
            told(2).ends_with("\nalarm-mail: 2 are listed, and there may be more (--limit)"),
            "{}",
            told(2)
        );
    }
}
