//! `mailpush provision`: what the bus keeps in NATS is made or changed to what this release and its configuration want.
//!
//! Services make what is missing themselves; to change what is there is an operator's right.

use std::path::PathBuf;

use bus_nats::{Consent, KeyOrder, NotDone, Outcome, Provisioned, Refusal};
use kit::config::ConfigErrors;

use crate::{
    ask,
    config::Config,
    exit::{Ending, Exit},
    key,
    role::Role,
    site_bus::{Kind, on_nats},
};

/// Options of the command line.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// A configuration with the section `bus`, and in it a user who may do this.
    #[arg(long)]
    config: PathBuf,
    /// Let bounds fall and the number of copies be another. Nothing that is stored is dropped all the same.
    #[arg(long)]
    change_bounds: bool,
    /// Have NATS belong to the key of this configuration from here on. What was stored under another is not found again.
    #[arg(long)]
    replace_key: bool,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the operator has to correct.
    #[error("configuration")]
    Config(#[source] ConfigErrors),
    /// The bus in the process keeps its own house.
    #[error("bus.kind is \"local\", which needs no provisioning")]
    Local,
    /// It is configured and not there, or not for this user to read.
    #[error(transparent)]
    Key(#[from] ask::Error),
    /// Which key is meant is not known.
    #[error("--replace-key needs key_file in the configuration")]
    NoKey,
    /// Somebody has to say so.
    #[error("{} (--change-bounds)", .0)]
    NotAllowed(NotDone),
    /// NATS does not do it.
    #[error("NATS is not changed")]
    NotDone(#[source] NotDone),
}

impl Ending for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Key(why) => why.exit(),
            Self::Config(_)
            | Self::Local
            | Self::NoKey
            | Self::NotAllowed(_)
            | Self::NotDone(NotDone::Refused(Refusal::OtherKey | Refusal::Settings(_))) => Exit::Usage,
            Self::NotDone(NotDone::Away(_)) => Exit::Away,
            Self::NotDone(NotDone::Refused(
                Refusal::Credentials
                | Refusal::Permission { .. }
                | Refusal::NotOperator { .. }
                | Refusal::Missing { .. }
                | Refusal::Outdated { .. },
            )) => Exit::NotPermitted,
            Self::NotDone(_) => Exit::Failure,
        }
    }
}

/// Makes or changes the streams. Gives its word for a person.
pub async fn run(options: Options) -> Result<String, Error> {
    let config = Config::load(&options.config, Role::Operator, &[]).map_err(Error::Config)?;
    if config.bus.kind == Kind::Local {
        return Err(Error::Local);
    }
    let is_there = config.key_file.is_some() || key::in_folder(&config.data).exists();
    if options.replace_key && !is_there {
        return Err(Error::NoKey);
    }
    let key = is_there.then(|| ask::key_of(&config)).transpose()?;
    let settings = on_nats(Role::Operator, &config.bus.nats, key.as_deref());
    let consent = Consent {
        bounds: options.change_bounds,
        key: if options.replace_key { KeyOrder::Replace } else { KeyOrder::Keep },
    };
    let provisioning = bus_nats::provision(settings, bus_node::Surroundings::default(), consent);
    let (done, is_key_noted) = provisioning.await.map_err(|error| match error {
        error @ NotDone::NotAllowed(_) => Error::NotAllowed(error),
        error => Error::NotDone(error),
    })?;
    Ok(told(&done, is_key_noted, key.is_some()))
}

fn told(done: &[Provisioned], is_key_noted: bool, has_key: bool) -> String {
    let lines = done.iter().flat_map(|Provisioned { stream, outcome }| match outcome {
        Outcome::Made(octets) => vec![format!("{stream}: made, max_bytes {octets}")],
        Outcome::Changed(changes) => changes.iter().map(|change| format!("{stream}: {change}")).collect(),
        Outcome::Same => Vec::new(),
    });
    let key = is_key_noted.then(|| "key_file: NATS belongs to this key from here on".to_owned());
    let lines: Vec<_> = lines.chain(key).collect();
    let said =
        if lines.is_empty() { "nothing to change".to_owned() } else { format!("done\n{}", lines.join("\n")) };
    if has_key {
        said
    } else {
        format!("{said}\nkey_file: is not set, and whose NATS it is was not looked at")
    }
}

#[cfg(test)]
mod tests {
    use bus_nats::Change;

    use super::*;

    #[test]
    fn what_was_done_is_told_in_lines() {
        let one = |outcome| Provisioned { stream: "p_STATE".to_owned(), outcome };
        assert_eq!(told(&[one(Outcome::Same)], false, true), "nothing to change");
        assert_eq!(
            told(&[one(Outcome::Same)], false, false),
            "nothing to change\nkey_file: is not set, and whose NATS it is was not looked at"
        );
        let change = Change { what: "max_bytes", from: "1GiB".into(), to: "2GiB".into(), is_delicate: false };
        let done = [one(Outcome::Made("1GiB".to_owned())), one(Outcome::Changed(vec![change]))];
        assert_eq!(
            told(&done, true, true),
            "done\np_STATE: made, max_bytes 1GiB\np_STATE: max_bytes 1GiB -> 2GiB\n\
             key_file: NATS belongs to this key from here on"
        );
    }
}
