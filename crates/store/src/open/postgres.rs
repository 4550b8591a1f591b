//! Connections to a PostgreSQL server.

use std::time::Duration;

use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{OpenError, Settings, statement::within};

/// A connection that rested longer is asked whether it still lives before it is used; a server that went and came
/// back in less costs one failure.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// A migration rewrites a table at worst; another node may be at it before.
const LONGEST_MIGRATION: Duration = Duration::from_secs(30 * 60);

/// Every statement looks for a few rows by a key. Of a table that it has not counted yet the server takes it that it is
/// small, reads all of it for each row, and keeps to that while the table grows. Joins are left to it: an operator's view may
/// have no index.
const BY_INDEX: [(&str, &str); 2] = [("enable_seqscan", "off"), ("jit", "off")];

/// Connects when it is used. The server itself ends a statement at the time when nobody waits for it any more.
pub(super) fn pool(settings: &Settings, options: PgConnectOptions) -> PgPool {
    let limit = format!("{}ms", settings.statement_timeout.as_millis());
    let options = options
        .application_name("mailpush")
        .options([("statement_timeout", limit)])
        .options(BY_INDEX)
        // A slow statement is told by whoever waits for it.
        .disable_statement_logging();
    PgPoolOptions::new()
        .max_connections(settings.connections)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, rest| {
            Box::pin(async move {
                if rest.idle_for > TRUSTED_FOR {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}

/// The server and its database.
pub(super) fn place(options: &PgConnectOptions) -> String {
    let host = options.get_socket().map_or(options.get_host().into(), |socket| socket.to_string_lossy());
    format!("{host}:{}/{}", options.get_port(), options.get_database().unwrap_or_default())
}

/// Runs what is missing, on a connection of its own that may take its time. Of several nodes one does it, under an
/// advisory lock that ends with the connection; the others wait.
pub(super) async fn migrate(pool: &PgPool, patience: Duration) -> Result<(), OpenError> {
    let options = (*pool.connect_options()).clone().options([("statement_timeout", "0")]);
    let connecting = PgConnection::connect_with(&options);
    let mut connection = within(patience, connecting).await.map_err(OpenError::database)?;
    // Boxed: the migrator holds every statement of its own in one future.
    let migrating = Box::pin(super::migrate(&mut connection));
    let migrated = tokio::time::timeout(LONGEST_MIGRATION, migrating).await;
    migrated.map_err(|_| OpenError::Late)??;
    // It is of no more use, and ends with the drop if not like this.
    connection.close().await.ok();
    Ok(())
}
