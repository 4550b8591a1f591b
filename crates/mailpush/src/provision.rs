//! `mailpush provision`: what the bus keeps in NATS is made or changed to what this release wants.
//!
//! Services make what is missing themselves; to change what is there can be an operator's right alone.

use std::{path::PathBuf, time::Duration};

use bus::BusError;
use kit::config::ConfigErrors;

use crate::{
    config::Config,
    role::Role,
    site_bus::{Kind, SiteBus},
};

/// Options of the command line.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// A configuration with the section `bus`, and in it a user who may do this.
    #[arg(long)]
    config: PathBuf,
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
    /// NATS does not do it.
    #[error("NATS cannot be used")]
    Bus(#[from] BusError),
    /// It does not answer, or not this user.
    #[error(
        "NATS was not ready within {0:?}: is it there, and may this user do it? Its log says what it refused"
    )]
    Late(Duration),
}

/// Makes or changes the streams. Gives its word for a person.
pub async fn run(options: Options) -> Result<String, Error> {
    let config = Config::load(&options.config, Role::Operator, &[]).map_err(Error::Config)?;
    if config.bus.kind == Kind::Local {
        return Err(Error::Local);
    }
    let bus = SiteBus::open(Role::Operator, &config.bus, &config.data).await?;
    let patience = config.bus.nats.connect_timeout;
    if !bus.is_ready_within(patience).await? {
        return Err(Error::Late(patience));
    }
    bus.close().await;
    Ok(format!("NATS has what the prefix {:?} needs", config.bus.nats.prefix))
}
