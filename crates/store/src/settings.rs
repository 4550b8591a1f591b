//! Which database, and how long it may take.

use std::{fmt, net::IpAddr, path::Path, str::FromStr, time::Duration};

use kit::config::{Secret, Validate};
use serde::{Deserialize, Deserializer, de::Error};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// The section `database`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `postgres://user@host/database`, `sqlite:/path` or a path. It may hold a password, so nothing shows it.
    pub url: Option<Secret>,
    /// PostgreSQL's password, where it does not stand in the URL.
    pub password: Option<Secret>,
    /// Connections to PostgreSQL. SQLite has one, for it has one writer.
    pub connections: u32,
    /// How long a call may wait for a connection.
    #[serde(with = "kit::config::duration")]
    pub acquire_timeout: Duration,
    /// How long a statement may take; SQLite's share of it is the wait for another process that writes.
    #[serde(with = "kit::config::duration")]
    pub statement_timeout: Duration,
    /// The table or view of recipients: docs/recipients.md.
    pub recipients: TableName,
    /// The table or view of their addresses.
    pub addresses: TableName,
    /// The table or view of their telephone numbers.
    pub numbers: TableName,
    /// Whether what was written has to survive a power cut, as what was paid for does. It is for whoever opens the
    /// database to say; of PostgreSQL its own configuration says it (`synchronous_commit`).
    #[serde(skip)]
    pub survives_power_cut: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: None,
            password: None,
            connections: 8,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
            recipients: TableName("recipients".into()),
            addresses: TableName("recipient_addresses".into()),
            numbers: TableName("recipient_numbers".into()),
            survives_power_cut: false,
        }
    }
}

impl Settings {
    /// The defaults for the database at `url`.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: Some(Secret::new(url)), ..Self::default() }
    }

    pub(crate) fn place(&self, default: &Path) -> Result<Place, InvalidUrl> {
        match &self.url {
            Some(url) => Place::parse(url.expose(), self.password.as_ref()),
            None => Ok(Place::Sqlite(default.to_string_lossy().into_owned())),
        }
    }
}

/// Where the database is.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// A server.
    Postgres(Box<PgConnectOptions>),
    /// A file.
    Sqlite(String),
}

/// The URL names no database of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidUrl {
    #[error("url: is neither postgres://.. nor sqlite:.. nor a path")]
    Scheme,
    #[error("url: cannot be read as one of PostgreSQL")]
    Postgres,
    #[error("password: is for PostgreSQL only")]
    Password,
}

impl Place {
    fn parse(url: &str, password: Option<&Secret>) -> Result<Self, InvalidUrl> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url).map_err(|_| InvalidUrl::Postgres)?;
            return Ok(Self::Postgres(Box::new(checked(options, url, password))));
        }
        let path = match url.strip_prefix("sqlite:") {
            Some(path) => path.strip_prefix("//").unwrap_or(path),
            None if url.contains("://") => return Err(InvalidUrl::Scheme),
            None => url,
        };
        if password.is_some() { Err(InvalidUrl::Password) } else { Ok(Self::Sqlite(path.to_owned())) }
    }
}

/// A server elsewhere has to prove who it is, unless the URL says otherwise: the driver's default would go on without
/// TLS when somebody in between says that there is none.
fn checked(options: PgConnectOptions, url: &str, password: Option<&Secret>) -> PgConnectOptions {
    let says_mode = url.contains("sslmode=") || url.contains("ssl-mode=");
    let host = options.get_host();
    let is_here = options.get_socket().is_some()
        || host == "localhost"
        || host.starts_with('/')
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let options = if says_mode || is_here { options } else { options.ssl_mode(PgSslMode::VerifyFull) };
    match password {
        Some(password) => options.password(password.expose()),
        None => options,
    }
}

impl Validate for Settings {
    fn problems(&self) -> Vec<String> {
        let checks = [
            (self.connections == 0, "connections: nothing could be done with none"),
            (self.acquire_timeout.is_zero(), "acquire_timeout: must be longer than nothing"),
            (self.statement_timeout.is_zero(), "statement_timeout: must be longer than nothing"),
        ];
        let own = checks.into_iter().filter(|(wrong, _)| *wrong).map(|(_, text)| text.to_owned());
        own.chain(self.place(Path::new("db")).err().map(|why| why.to_string())).collect()
    }
}

/// The name of a table or view, with or without that of its schema. It stands in statements as it is: letters of
/// ASCII, digits and `_` only.
#[derive(Clone, PartialEq, Eq)]
pub struct TableName(String);

/// PostgreSQL cuts longer names off.
const LONGEST_NAME: usize = 63;

impl TableName {
    /// Reads `name` or `schema.name`.
    pub fn parse(text: &str) -> Option<Self> {
        let is_name = |name: &str| {
            name.len() <= LONGEST_NAME
                && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        };
        let parts = text.split('.').count();
        (parts <= 2 && text.split('.').all(is_name)).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TableName({})", self.0)
    }
}

impl<'de> Deserialize<'de> for TableName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("is no name of a table, like users or mail.users"))
    }
}

#[cfg(test)]
mod tests;
