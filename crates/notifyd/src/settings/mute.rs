//! Where the links in mails lead.

use std::net::{Ipv4Addr, SocketAddr};

use kit::config::Validate;
use serde::Deserialize;

/// The section `notifyd.mute`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MuteSettings {
    /// Where the port listens; a proxy with TLS stands before it.
    pub listen: SocketAddr,
    /// How recipients reach it: what a link begins with.
    pub public_url: String,
    /// What one click in a mail program mutes.
    pub one_click: OneClick,
}

/// What one click mutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OneClick {
    /// Every alarm: who unsubscribes from a sender wants no mail of it.
    All,
    /// The event that the mail was about.
    Event,
}

impl Default for MuteSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8085)),
            public_url: String::new(),
            one_click: OneClick::All,
        }
    }
}

/// A header's line ends at 998 octets (RFC 5322 §2.1.1), and a token and the field's name come to it.
const LONGEST_URL: usize = 500;

impl Validate for MuteSettings {
    fn problems(&self) -> Vec<String> {
        let url = &self.public_url;
        let is_web = url.starts_with("https://") || url.starts_with("http://127.0.0.1:");
        let is_plain = url.bytes().all(|octet| octet.is_ascii_graphic() && !b"<>,?#\"".contains(&octet));
        let is_right = is_web && is_plain && url.len() <= LONGEST_URL;
        let problem =
            "public_url: is no https:// URL that a token can be put after (RFC 8058 asks for https)";
        if is_right { Vec::new() } else { vec![problem.to_owned()] }
    }
}
