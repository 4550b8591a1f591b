//! The hosts that the operator allows.

use std::net::IpAddr;

use url::{Host, Url};

use super::public::is_public;

/// What a script may have posted to.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    rules: Vec<Rule>,
    ports: Vec<u16>,
    has_private: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// This host.
    Host(Host),
    /// Every host whose name ends in a dot and this.
    Below(String),
}

/// An entry of the list makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a host is a name, an address, or \"*.\" before a name that has a dot")]
pub struct InvalidHost;

/// Why a URL is not posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAllowed {
    #[error("host is not allowed")]
    Host,
    #[error("port is not allowed")]
    Port,
    #[error("host has no public address")]
    Private,
}

impl Hosts {
    pub(crate) fn new(hosts: &[String], ports: &[u16], has_private: bool) -> Result<Self, InvalidHost> {
        let rules = hosts.iter().map(|host| Rule::parse(host)).collect::<Result<_, _>>()?;
        Ok(Self { rules, ports: ports.to_vec(), has_private })
    }

    /// Whether `url` may be posted to; names are looked at again once they are resolved.
    pub(crate) fn check(&self, url: &Url) -> Result<(), NotAllowed> {
        let host = url.host().ok_or(NotAllowed::Host)?;
        if url.scheme() != "https" || !self.rules.iter().any(|rule| rule.covers(&host)) {
            return Err(NotAllowed::Host);
        }
        let port = url.port_or_known_default();
        if !port.is_some_and(|port| self.ports.contains(&port)) {
            return Err(NotAllowed::Port);
        }
        let address = match host {
            Host::Ipv4(address) => Some(IpAddr::from(address)),
            Host::Ipv6(address) => Some(IpAddr::from(address)),
            Host::Domain(_) => None,
        };
        let is_hidden = address.is_some_and(|address| !self.has_private && !is_public(address));
        if is_hidden { Err(NotAllowed::Private) } else { Ok(()) }
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, InvalidHost> {
        // In a list, where no port follows, an address needs no brackets.
        if let Ok(address) = text.parse() {
            return Ok(Self::Host(Host::Ipv6(address)));
        }
        let (name, is_suffix) = text.strip_prefix("*.").map_or((text, false), |name| (name, true));
        match (Host::parse(name).map_err(|_| InvalidHost)?, is_suffix) {
            (Host::Domain(name), _) if name.contains('*') => Err(InvalidHost),
            (Host::Domain(name), true) if plain(&name).contains('.') => Ok(Self::Below(plain(&name).into())),
            (Host::Domain(name), false) => Ok(Self::Host(Host::Domain(plain(&name).into()))),
            (address @ (Host::Ipv4(_) | Host::Ipv6(_)), false) => Ok(Self::Host(address)),
            _ => Err(InvalidHost),
        }
    }

    fn covers(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Self::Host(Host::Domain(allowed)), Host::Domain(name)) => allowed == plain(name),
            (Self::Host(Host::Ipv4(allowed)), Host::Ipv4(address)) => allowed == address,
            (Self::Host(Host::Ipv6(allowed)), Host::Ipv6(address)) => allowed == address,
            (Self::Below(suffix), Host::Domain(name)) => {
                plain(name).strip_suffix(suffix).is_some_and(|label| label.len() > 1 && label.ends_with('.'))
            }
            _ => false,
        }
    }
}

/// A name may end in a dot and means the same.
fn plain(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hosts(has_private: bool) -> Hosts {
        let list = ["hooks.example.org", "*.example.net", "bücher.example", "10.0.0.1", "::1", "1.1.1.1"];
        Hosts::new(&list.map(str::to_owned), &[443, 8443], has_private).unwrap()
    }

    fn check(url: &str) -> Result<(), NotAllowed> {
        hosts(false).check(&url.parse().unwrap())
    }

    #[test]
    fn what_is_on_the_list_is_allowed_in_every_form() {
        for url in [
            "https://hooks.example.org/a?b=c",
            "https://HOOKS.example.org:443",
            "https://hooks.example.org.:8443/",
            "https://a.example.net/",
            "https://a.b.EXAMPLE.net/",
            "https://xn--bcher-kva.example/",
            "https://B%C3%9Ccher.example/",
            "https://1.1.1.1/",
            "https://0x1010101/",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn what_is_not_is_not() {
        for (url, why) in [
            ("https://example.org/", NotAllowed::Host),
            ("https://a.hooks.example.org/", NotAllowed::Host),
            ("https://hooks.example.org.evil.example/", NotAllowed::Host),
            ("https://evilexample.net/", NotAllowed::Host),
            ("https://example.net/", NotAllowed::Host),
            ("https://.example.net/", NotAllowed::Host),
            ("http://hooks.example.org:443/", NotAllowed::Host),
            ("https://hooks.example.org:22/", NotAllowed::Port),
            ("https://10.0.0.2/", NotAllowed::Host),
            ("https://10.0.0.1/", NotAllowed::Private),
            ("https://0xa000001/", NotAllowed::Private),
            ("https://[::1]/", NotAllowed::Private),
            ("https://[::ffff:1.1.1.1]/", NotAllowed::Host),
        ] {
            assert_eq!(check(url), Err(why), "{url}");
        }
        for url in ["https://10.0.0.1/", "https://[::1]:8443/"] {
            assert_eq!(hosts(true).check(&url.parse().unwrap()), Ok(()), "{url}");
        }
    }

    #[test]
    fn entries_without_sense_are_refused() {
        for host in
            ["", "*", "*.", "*.com", "*.10.0.0.1", "a b", "https://a.example", "a.*.example", "a.example:443"]
        {
            assert!(Hosts::new(&[host.to_owned()], &[443], false).is_err(), "{host}");
        }
    }

    proptest! {
        #[test]
        fn no_host_outside_of_the_list_is_allowed(host in "[a-z0-9.-]{1,12}(example|org|net)?") {
            let Ok(url) = format!("https://{host}/").parse::<Url>() else { return Ok(()) };
            if check(url.as_str()).is_ok() {
                let name = plain(url.host_str().unwrap()).to_owned();
                prop_assert!(name == "hooks.example.org" || name == "1.1.1.1" || name.ends_with(".example.net"));
            }
        }
    }
}
