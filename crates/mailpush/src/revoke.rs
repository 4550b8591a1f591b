//! `mailpush revoke`: a user's credentials count no longer, and the streams that they opened end.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::SystemTime};

use hyper::StatusCode;
use kit::{
    admin::{Act, Order, Reply},
    config::ConfigErrors,
};
use pusher::{RevokeError, Revoker};

use crate::{
    ask::{self, ask, key_of},
    config::Config,
    exit::{Ending, Exit},
    role::Role,
};

/// Of the order.
pub const PATH: &str = "/revoke";

/// Options of the command line.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration of the running program that serves streams.
    #[arg(long)]
    config: PathBuf,
    /// The user id, or the address.
    user: String,
}

/// Why nothing was revoked, so far as is known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the operator has to correct.
    #[error("configuration")]
    Config(#[source] ConfigErrors),
    /// It serves no streams.
    #[error("the program on {0} serves no streams: give the configuration of a pusher, or of standalone")]
    NoPusher(SocketAddr),
    /// The running program did not do it.
    #[error(transparent)]
    Ask(ask::Error),
}

impl From<ask::Error> for Error {
    fn from(error: ask::Error) -> Self {
        match error {
            ask::Error::Elsewhere(address) => Self::NoPusher(address),
            error => Self::Ask(error),
        }
    }
}

impl Ending for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::NoPusher(_) => Exit::Usage,
            Self::Ask(why) => why.exit(),
        }
    }
}

/// Has the running program revoke. Gives its word for a person.
pub async fn run(options: Options) -> Result<String, Error> {
    let config = Config::load(&options.config, Role::Operator, &[]).map_err(Error::Config)?;
    let (key, admin) = (key_of(&config)?, config.admin_port(Role::Operator));
    Ok(ask(&key, admin, PATH, options.user.into_bytes()).await?)
}

/// Takes the orders of [`run`].
pub fn act(revoker: Revoker) -> Act {
    Arc::new(move |order| {
        let revoker = revoker.clone();
        Box::pin(async move { revoke(&revoker, &order).await })
    })
}

async fn revoke(revoker: &Revoker, order: &Order) -> Reply {
    let user = String::from_utf8_lossy(&order.body);
    match revoker.revoke(&user, SystemTime::now()).await {
        Ok(()) => {
            tracing::info!("Credentials of a user revoked");
            (
                StatusCode::OK,
                format!("{user}: what was shown until now counts no longer, if there is such a user"),
            )
        }
        Err(error @ RevokeError::User(_)) => (StatusCode::BAD_REQUEST, error.to_string()),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "Credentials cannot be revoked");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{error}; try again"))
        }
    }
}
