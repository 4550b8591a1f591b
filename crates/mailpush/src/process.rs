//! A process of a site: one service, or all of them beside a Cyrus.

use std::{path::PathBuf, pin::pin};

use kit::{
    config::ConfigErrors,
    drain::{Drain, Drained},
    signal, telemetry,
};

use crate::{
    config::{self, Config},
    exit::{Ending, Exit},
    role::Role,
    site::{Site, SiteError},
};

/// Options of the command line.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration.
    #[arg(long)]
    config: PathBuf,
    /// Say everything that is wrong with the configuration and the files that it names, and end.
    #[arg(long)]
    check_config: bool,
}

/// Options of `standalone`.
#[derive(Debug, clap::Args)]
pub struct StandaloneOptions {
    #[command(flatten)]
    options: Options,
    /// Meet on this NATS (nats://host:4222) instead of in the process; wins over the configuration.
    #[arg(long, value_name = "URL")]
    bus: Option<String>,
}

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

impl Ending for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Config(_) => Exit::Usage,
            Self::Site(why) => why.exit(),
            Self::Telemetry(_) | Self::Signal(_) | Self::PartEnded => Exit::Failure,
        }
    }
}

/// Runs a whole site until a signal ends it.
pub async fn run_standalone(StandaloneOptions { options, bus }: StandaloneOptions) -> Result<(), Error> {
    let servers = bus.map(|url| format!("[{}]", serde_json::Value::from(url)));
    let over = servers.map(|servers| [("BUS__KIND", "nats".to_owned()), ("BUS__NATS__SERVERS", servers)]);
    run_with(Role::Standalone, &options, over.as_ref().map_or(&[], |over| &over[..])).await
}

/// Runs the process that is `role` until a signal ends it.
pub async fn run(role: Role, options: Options) -> Result<(), Error> {
    run_with(role, &options, &[]).await
}

async fn run_with(role: Role, options: &Options, over: &[(&str, String)]) -> Result<(), Error> {
    let loaded = Config::load_with_warnings(&options.config, role, over);
    // Whoever gave the option knows nothing of a variable.
    let meant = |errors: ConfigErrors| {
        over.iter().fold(errors, |errors, (name, _)| {
            errors.renamed(&format!("{}__{name}", config::ENVIRONMENT), "--bus")
        })
    };
    let (mut config, warnings) = loaded.map_err(|errors| Error::Config(meant(errors)))?;
    if options.check_config {
        warnings.iter().for_each(|warning| eprintln!("mailpush: warning: {warning}"));
        return Ok(());
    }
    telemetry::init(config.log.format, &config.log.filter)?;
    warnings.iter().for_each(|warning| tracing::warn!(warning, "Configuration should be mended"));
    if let Some(limit) = kit::descriptors::raise_limit()
        && role.has_pusher()
        && let Some(connections) = config.keep_descriptors(role, limit)
    {
        tracing::warn!(
            limit,
            connections,
            "Fewer connections than configured: raise the limit of open files"
        );
    }
    let terminated = signal::terminated().map_err(Error::Signal)?;
    let (drain, patience) = (Drain::new(), config.drain);
    let mut terminated = pin!(terminated);
    let site = tokio::select! {
        // It holds the whole configuration more than once.
        site = Box::pin(Site::start(role, config, drain.clone())) => match site {
            Ok(site) => site,
            Err(error) => {
                // Relay takes notifications before all has started, and ends in order.
                drain.finish(patience).await;
                return Err(error.into());
            }
        },
        signal = &mut terminated => {
            tracing::info!(%signal, "Ends before everything was started");
            drain.finish(patience).await;
            return Ok(());
        }
    };
    let outcome = tokio::select! {
        signal = terminated => {
            tracing::info!(%signal, "Draining");
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
