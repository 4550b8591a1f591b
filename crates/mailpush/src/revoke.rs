//! `mailpush revoke`: a user's credentials count no longer, and the streams that they opened end.
//!
//! The command asks the running program over its admin port. That port trusts whoever reaches it with what can be seen;
//! an order has to prove that it comes from someone who can read the installation's key.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use hmac::{Hmac, KeyInit, Mac};
use hyper::{StatusCode, header};
use kit::{
    admin::{Act, Order, Reply},
    config::ConfigErrors,
};
use pusher::{RevokeError, Revoker};
use sha2::Sha256;

use crate::{config::Config, key, role::Role};

/// The program is on this machine, and its bus in the same process.
const PATIENCE: Duration = Duration::from_secs(30);

const PATH: &str = "/revoke";

/// Options of the command line.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The configuration of the running program that serves streams: of pusher, or of standalone.
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
    /// Run it as the user of the program, or as root.
    #[error("key {} cannot be read", .0.display())]
    Key(PathBuf, #[source] std::io::Error),
    /// It does not run, or elsewhere.
    #[error(
        "nothing answers on {0}, where this configuration has admin.listen: a pusher or standalone is to run there"
    )]
    Away(SocketAddr, #[source] reqwest::Error),
    /// It serves no streams.
    #[error("the program on {0} serves no streams: give the configuration of a pusher, or of standalone")]
    NoPusher(SocketAddr),
    /// No TLS, most likely.
    #[error("no HTTP client")]
    Client(#[source] reqwest::Error),
    /// It says why.
    #[error("{0}")]
    Refused(String),
}

impl Error {
    /// Whether another configuration is needed.
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Config(_) | Self::Key(..) | Self::NoPusher(_))
    }
}

/// Has the running program revoke. Gives its word for a person.
pub async fn run(options: Options) -> Result<String, Error> {
    let config = Config::load(&options.config, Role::Operator, &[]).map_err(Error::Config)?;
    let path = config.key_file.clone().unwrap_or_else(|| key::in_folder(&config.data));
    let key = key::read(&path).map_err(|error| Error::Key(path, error))?;
    kit::tls::install();
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(Error::Client)?;
    let address = reachable(config.admin_port(Role::Operator));
    let request = client
        .post(format!("http://{address}{PATH}"))
        .header(header::AUTHORIZATION, proof(&key, options.user.as_bytes()))
        .body(options.user);
    let away = |why: reqwest::Error| Error::Away(address, why.without_url());
    let response = request.send().await.map_err(away)?;
    let status = response.status();
    let said = response.text().await.map_err(away)?.trim_end().to_owned();
    match status {
        StatusCode::OK => Ok(said),
        StatusCode::NOT_FOUND => Err(Error::NoPusher(address)),
        _ => Err(Error::Refused(said)),
    }
}

/// Takes the orders of [`run`].
pub fn act(key: &[u8], revoker: Revoker) -> Act {
    let key: Arc<[u8]> = key.into();
    Arc::new(move |order| {
        let (key, revoker) = (key.clone(), revoker.clone());
        Box::pin(async move { (order.path == PATH).then_some(revoke(&key, &revoker, &order).await) })
    })
}

async fn revoke(key: &[u8], revoker: &Revoker, order: &Order) -> Reply {
    let is_proven =
        order.authorization.as_ref().is_some_and(|said| is_proof(key, &order.body, said.as_bytes()));
    if !is_proven {
        return (
            StatusCode::UNAUTHORIZED,
            "the key of this configuration is not that of the running program".to_owned(),
        );
    }
    let user = String::from_utf8_lossy(&order.body);
    match revoker.revoke(&user, SystemTime::now()).await {
        Ok(()) => {
            tracing::info!("Credentials of a user revoked");
            (StatusCode::OK, format!("{user}: what was shown until now counts no longer"))
        }
        Err(error @ RevokeError::User(_)) => (StatusCode::BAD_REQUEST, error.to_string()),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "Credentials cannot be revoked");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{error}; try again"))
        }
    }
}

/// Where a program that listens there is reached from its own machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let address = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    SocketAddr::new(address, listen.port())
}

/// Said again, an order revokes again and does no more; so there is no time in it.
fn mac(key: &[u8], user: &[u8]) -> Hmac<Sha256> {
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(b"POST /revoke\n");
    mac.update(user);
    mac
}

fn proof(key: &[u8], user: &[u8]) -> String {
    let octets = mac(key, user).finalize().into_bytes();
    octets.iter().fold("Bearer ".to_owned(), |text, octet| format!("{text}{octet:02x}"))
}

fn is_proof(key: &[u8], user: &[u8], said: &[u8]) -> bool {
    let octets = said.strip_prefix(b"Bearer ").and_then(|digits| str::from_utf8(digits).ok()).map(|digits| {
        let digit = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
        digits.as_bytes().chunks(2).map_while(digit).collect::<Vec<u8>>()
    });
    octets.is_some_and(|octets| mac(key, user).verify_slice(&octets).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_proves_an_order_and_only_for_its_user() {
        let said = proof(b"key", b"alice");
        assert!(is_proof(b"key", b"alice", said.as_bytes()));
        for (key, user, said) in [
            (&b"other"[..], &b"alice"[..], said.as_str()),
            (b"key", b"bob", &said),
            (b"key", b"alice", &said[..said.len() - 2]),
            (b"key", b"alice", said.trim_start_matches("Bearer ")),
            (b"key", b"alice", ""),
        ] {
            assert!(!is_proof(key, user, said.as_bytes()), "{said}");
        }
    }

    #[tokio::test]
    async fn a_program_without_streams_says_whose_configuration_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let (config, key) = (folder.path().join("relay.toml"), folder.path().join("account.key"));
        std::fs::write(&key, [1_u8; 32]).unwrap();
        let registry = Arc::new(prometheus_client::registry::Registry::default());
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let relay = kit::admin::serve(anywhere, kit::readiness::Readiness::new(), registry).unwrap();
        let text = format!("key_file = {key:?}\nadmin.listen = \"{}\"\n", relay.local_addr());
        std::fs::write(&config, text).unwrap();
        let asked = || Options { config: config.clone(), user: "alice".to_owned() };
        let error = run(asked()).await.unwrap_err();
        assert!(matches!(error, Error::NoPusher(_)) && error.is_configuration(), "{error}");
        assert!(
            error.to_string().ends_with("give the configuration of a pusher, or of standalone"),
            "{error}"
        );
        let address = relay.local_addr();
        drop(relay);
        let error = run(asked()).await.unwrap_err();
        assert!(matches!(error, Error::Away(at, _) if at == address), "{error}");
    }

    #[test]
    fn a_program_that_listens_everywhere_is_reached_here() {
        for (listen, reached) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")]
        {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), reached);
        }
    }
}
