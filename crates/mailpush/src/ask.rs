//! How an operator's command has the running program do something: over its admin port, with a proof.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use hyper::{StatusCode, header};

use crate::{
    config::Config,
    exit::{Ending, Exit},
    key, proof,
};

/// The program is on this machine, or near.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why nothing was done, so far as is known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Run it as the user of the program, or as root.
    #[error("key {} cannot be read", .0.display())]
    Key(PathBuf, #[source] std::io::Error),
    /// It does not run, or elsewhere.
    #[error(
        "nothing answers on {0}, where the admin port of the program should be: does it run, and listen there?"
    )]
    Away(SocketAddr, #[source] reqwest::Error),
    /// Another of the programs runs there.
    #[error("the program on {0} does not take this order")]
    Elsewhere(SocketAddr),
    /// No TLS, most likely.
    #[error("no HTTP client")]
    Client(#[source] reqwest::Error),
    /// What was ordered cannot be; it says why.
    #[error("{0}")]
    Wrong(String),
    /// It says why.
    #[error("{0}")]
    Refused(String),
}

impl Ending for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Key(..) | Self::Elsewhere(_) | Self::Wrong(_) => Exit::Usage,
            Self::Away(..) => Exit::Away,
            Self::Client(_) | Self::Refused(_) => Exit::Failure,
        }
    }
}

/// The key of the installation that has this configuration.
pub fn key_of(config: &Config) -> Result<Vec<u8>, Error> {
    let path = config.key_file.clone().unwrap_or_else(|| key::in_folder(&config.data));
    key::read(&path).map_err(|error| Error::Key(path, error))
}

/// Orders `body` of the program that listens at `admin`, and gives back its answer.
pub async fn ask(key: &[u8], admin: SocketAddr, path: &str, body: Vec<u8>) -> Result<String, Error> {
    kit::tls::install();
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(Error::Client)?;
    let address = reachable(admin);
    let request = client
        .post(format!("http://{address}{path}"))
        .header(header::AUTHORIZATION, proof::make(key, path, &body))
        .body(body);
    let away = |why: reqwest::Error| Error::Away(address, why.without_url());
    let response = request.send().await.map_err(away)?;
    let status = response.status();
    let said = response.text().await.map_err(away)?.trim_end().to_owned();
    match status {
        StatusCode::OK => Ok(said),
        StatusCode::NOT_FOUND => Err(Error::Elsewhere(address)),
        // 401 is another installation's key.
        _ if status.is_client_error() => Err(Error::Wrong(said)),
        _ => Err(Error::Refused(said)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_listens_everywhere_is_reached_here() {
        for (listen, reached) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")]
        {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), reached);
        }
    }
}
