//! `mailpush standalone`: the three services in one process beside a Cyrus.

use std::path::PathBuf;

use kit::{
    config::{self, ConfigErrors},
    drain::{Drain, Drained},
    signal, telemetry,
};

use crate::{
    config::Config,
    site::{Site, SiteError},
};

/// Options of the command line.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration.
    #[arg(long)]
    config: PathBuf,
    /// Read the configuration, say what is wrong with it, and end.
    #[arg(long)]
    check_config: bool,
}

/// The start of the names of environment variables that override the file.
pub const ENVIRONMENT: &str = "MAILPUSH";

/// Why a site ended, or did not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the operator has to correct.
    #[error("configuration")]
    Config(#[source] ConfigErrors),
    /// Logging cannot start.
    #[error(transparent)]
    Telemetry(#[from] telemetry::TelemetryError),
    /// Signals cannot be caught.
    #[error("signals cannot be caught")]
    Signal(#[source] std::io::Error),
    /// A part of the site cannot start.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// A part of the site ended by itself; the log says which and why.
    #[error("a part ended before it was told to")]
    PartEnded,
}

/// Runs a site until a signal ends it.
pub async fn run(options: Options) -> Result<(), Error> {
    let mut config: Config =
        config::load(Some(&options.config), std::env::vars(), ENVIRONMENT).map_err(Error::Config)?;
    if options.check_config {
        return Ok(());
    }
    telemetry::init(config.log.format, &config.log.filter)?;
    if let Some(limit) = kit::descriptors::raise_limit()
        && let Some(connections) = config.keep_descriptors_for_relay(limit)
    {
        tracing::warn!(
            limit,
            connections,
            "Fewer connections than configured: raise the limit of open files"
        );
    }
    let terminated = signal::terminated().map_err(Error::Signal)?;
    let (drain, patience) = (Drain::new(), config.drain);
    let site = Site::start(config, drain.clone()).await?;
    let outcome = tokio::select! {
        signal = terminated => {
            tracing::info!(?signal, "Draining");
            Ok(())
        }
        // A part that cannot go on ends the others in order; a service manager then starts everything again.
        () = drain.draining() => Err(Error::PartEnded),
    };
    match drain.finish(patience).await {
        Drained::Clean => tracing::info!("Drained"),
        Drained::Cut(tasks) => tracing::warn!(tasks, "Drain was cut off at its deadline"),
    }
    site.close().await;
    outcome
}
