//! Where a client is, when proxies stand between.

use std::{net::IpAddr, str::FromStr};

use hyper::{HeaderMap, header::HeaderName};
use serde::{Deserialize, Serialize};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A network: an address and how many of its bits count, `10.0.0.0/8` or `::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address and no network like 10.0.0.0/8")]
pub struct InvalidNetwork(String);

/// What is counted as one client: an IPv4 address, or a /64 of IPv6, which is what one customer has at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

/// The client of a connection from `peer`: the rightmost entry of X-Forwarded-For that no proxy of ours has, for what
/// stands left of it may be the client's own invention. An entry that cannot be read ends the search at what is known.
///
/// `None`: all that is known is a proxy of ours, which is no client.
pub fn client(peer: IpAddr, fields: &HeaderMap, proxies: &[Network]) -> Option<ClientAddress> {
    let is_ours = |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
    let mut known = peer.to_canonical();
    let fields = fields.get_all(FORWARDED_FOR).into_iter().rev();
    let mut entries = fields.flat_map(|field| field.to_str().unwrap_or("not text").rsplit(','));
    while is_ours(known)
        && let Some(further) = entries.next().and_then(address)
    {
        known = further;
    }
    (!is_ours(known)).then(|| ClientAddress::of(known))
}

/// An address, as proxies write it: some with a port.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let with_port = || entry.parse().map(|address: std::net::SocketAddr| address.ip());
    let in_brackets = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address: Option<IpAddr> = entry.parse().or_else(|_| with_port()).ok().or_else(in_brackets);
    address.map(|address| address.to_canonical())
}

impl ClientAddress {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self(address),
            IpAddr::V6(_) => Self(Network { address, bits: 64 }.first()),
        }
    }
}

impl Network {
    /// One address.
    pub fn of(address: IpAddr) -> Self {
        Self { address, bits: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// Whether the address is in it.
    pub fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && Self { address, ..self }.first() == self.first()
    }

    /// The address with only the bits that count.
    fn first(self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V4((u32::from(address) & mask).into())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V6((u128::from(address) & mask).into())
            }
        }
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidNetwork(text.to_owned());
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(all), str::parse).map_err(|_| invalid())?;
        if bits <= all { Ok(Self { address, bits }) } else { Err(invalid()) }
    }
}

impl TryFrom<String> for Network {
    type Error = InvalidNetwork;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        format!("{}/{}", network.address, network.bits)
    }
}

#[cfg(test)]
mod tests;
