//! Names as addresses, less those that a script's author must not reach. The client connects to what is found here and
//! to nothing else, so that a name that changes its address in between gains nothing.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::public::is_public;

/// Addresses of one name that are tried.
const MOST: usize = 8;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver {
    pub(super) has_private: bool,
}

/// A name has addresses, and none that may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("host has no public address")]
pub(super) struct NoPublicAddress;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let has_private = self.has_private;
        Box::pin(async move {
            // The port is the URL's.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(allowed(found, has_private)?.into_iter()) as Addrs)
        })
    }
}

fn allowed(
    found: impl Iterator<Item = SocketAddr>,
    has_private: bool,
) -> Result<Vec<SocketAddr>, NoPublicAddress> {
    let allowed: Vec<_> = found.filter(|address| has_private || is_public(address.ip())).take(MOST).collect();
    if allowed.is_empty() { Err(NoPublicAddress) } else { Ok(allowed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_only_we_reach_are_left_out() {
        let of = |texts: &[&str], has_private| {
            let found = texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0));
            allowed(found, has_private).map(|addresses| addresses.len())
        };
        assert_eq!(of(&["1.1.1.1", "10.0.0.1", "::1"], false), Ok(1));
        assert_eq!(of(&["1.1.1.1", "10.0.0.1", "::1"], true), Ok(3));
        assert_eq!(of(&["169.254.169.254", "::ffff:127.0.0.1"], false), Err(NoPublicAddress));
    }
}
