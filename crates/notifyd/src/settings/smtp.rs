//! The server that takes our mail.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use kit::config::{Secret, Validate, has_controls};
use serde::Deserialize;

/// The section `notifyd.smtp`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected; see [`Smtp::protection`].
    pub tls: Option<Tls>,
    /// A file of certificates (PEM). The server's must be signed by one of these, instead of by one that the system trusts.
    pub ca: Option<PathBuf>,
    /// What we log in with, if at all.
    pub login: Option<Login>,
    /// What we call ourselves in EHLO.
    pub hello_name: String,
    /// How long the server may take for one answer.
    #[serde(with = "kit::config::duration")]
    pub timeout: Duration,
    /// How long a connection is kept for the next mail. Servers close idle ones themselves, some after seconds.
    #[serde(with = "kit::config::duration")]
    pub idle: Duration,
    /// Connections at a time, for mail of every kind. Further mail waits for one. Servers bound what one client may
    /// have.
    pub connections: usize,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Not at all.
    None,
    /// STARTTLS (RFC 3207), which must succeed.
    Starttls,
    /// TLS from the first octet (RFC 8314).
    Tls,
}

/// A login (RFC 4954).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
}

impl Smtp {
    /// How the connection is protected. Where nobody said it: not on this machine, and with STARTTLS to any other.
    pub fn protection(&self) -> Tls {
        let is_here =
            self.host == "localhost" || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        self.tls.unwrap_or(if is_here { Tls::None } else { Tls::Starttls })
    }
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 25,
            tls: None,
            ca: None,
            login: None,
            hello_name: "localhost".into(),
            timeout: Duration::from_secs(30),
            idle: Duration::from_secs(20),
            connections: 48,
        }
    }
}

impl Validate for Smtp {
    fn problems(&self) -> Vec<String> {
        let hello =
            !self.hello_name.is_empty() && self.hello_name.bytes().all(|octet| octet.is_ascii_graphic());
        let is_clear = self.protection() == Tls::None;
        let checks = [
            (self.host.is_empty(), "host: must not be empty"),
            (self.connections == 0, "connections: nothing would be sent at zero"),
            (self.timeout.is_zero(), "timeout: must be longer than nothing"),
            (has_controls(&self.host), "host: holds line breaks or control characters"),
            (!hello, "hello_name: is no name of a host"),
            (self.login.is_some() && is_clear, "login: would send the password in the clear, set tls"),
        ];
        checks.into_iter().filter(|(wrong, _)| *wrong).map(|(_, text)| text.to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear_unless_told_so() {
        let of = |host: &str, tls| Smtp { host: host.into(), tls, ..Smtp::default() }.protection();
        for here in ["127.0.0.1", "127.5.0.1", "::1", "localhost"] {
            assert_eq!(of(here, None), Tls::None, "{here}");
        }
        for elsewhere in ["mail.example.org", "192.0.2.1", "2001:db8::1", "localhost.example.org"] {
            assert_eq!(of(elsewhere, None), Tls::Starttls, "{elsewhere}");
            assert_eq!(of(elsewhere, Some(Tls::None)), Tls::None, "{elsewhere}");
        }
        assert_eq!(of("127.0.0.1", Some(Tls::Tls)), Tls::Tls);
    }

    #[test]
    fn password_never_goes_in_the_clear() {
        let login = Login { user: "u".into(), password: Secret::new("p") };
        let mut smtp = Smtp { login: Some(login), ..Smtp::default() };
        assert_eq!(smtp.problems(), ["login: would send the password in the clear, set tls"]);
        smtp.host = "mail.example.org".into();
        assert_eq!(smtp.problems(), Vec::<String>::new());
    }
}
