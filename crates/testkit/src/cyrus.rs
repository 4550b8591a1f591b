//! A real Cyrus IMAP server for one test.
//!
//! It needs Debian's `cyrus-imapd`, `cyrus-caldav`, `cyrus-admin` and `sasl2-bin`, and root: the
//! server changes to the user `cyrus` itself.

mod accounts;
mod builder;
mod conf;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

pub use accounts::PASSWORD;
pub use builder::Builder;
pub use conf::{Notify, Profile, Separator};

use crate::Scratch;
use crate::dav::Dav;
use crate::imap::Imap;
use crate::jmap::Jmap;
use crate::process::Process;

/// The ports of a server, all on 127.0.0.1.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// IMAP.
    pub imap: u16,
    /// CalDAV, CardDAV and JMAP.
    pub http: u16,
    /// LMTP.
    pub lmtp: u16,
    /// ManageSieve.
    pub sieve: u16,
}

/// A running server. It and all its children end when this is dropped.
#[derive(Debug)]
pub struct Cyrus {
    // Dropped in this order: the processes first, then their files.
    process: Process,
    ports: Ports,
    default_domain: String,
    scratch: Scratch,
}

impl Cyrus {
    /// A server with conversations, `/` between folders and example.org as its default domain, that
    /// tells its changes to `notify`.
    #[must_use]
    pub fn builder(notify: Notify) -> Builder {
        Builder::new(notify)
    }

    /// Its ports.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The folder with everything it keeps; its configuration is `conf/imapd.conf` there.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// The path of its `imapd.conf`.
    #[must_use]
    pub fn imapd_conf(&self) -> PathBuf {
        self.scratch.join("conf/imapd.conf")
    }

    /// The start of its HTTP addresses: `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn http(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.ports.http)
    }

    /// `alice` with the default domain; a name with a domain stays as it is.
    #[must_use]
    pub fn address(&self, user: &str) -> String {
        if user.contains('@') { user.to_owned() } else { format!("{user}@{}", self.default_domain) }
    }

    /// An IMAP connection of `user`. The first one creates the user's mailbox.
    pub async fn imap(&self, user: &str) -> Imap {
        Imap::login(self.ports.imap, &self.address(user), PASSWORD).await
    }

    /// An IMAP connection of the administrator.
    pub async fn admin(&self) -> Imap {
        Imap::login(self.ports.imap, "cyrus", PASSWORD).await
    }

    /// Delivers a mail to `user` over LMTP; the user's mailbox must exist.
    pub async fn deliver(&self, user: &str, message: &crate::Message) {
        crate::lmtp::deliver(self.ports.lmtp, &self.address(user), &message.text()).await;
    }

    /// Delivers this text from `sender`, which is empty for a bounce, to `user` over LMTP.
    ///
    /// # Panics
    /// When Cyrus does not take it.
    pub async fn deliver_from(&self, sender: &str, user: &str, text: &str) {
        let hello = "LHLO client.example";
        let sent = crate::lmtp::send_from(self.ports.lmtp, hello, sender, &self.address(user), text).await;
        sent.expect("Cyrus takes the mail");
    }

    /// A JMAP client of `user`, whose mailbox must exist.
    #[must_use]
    pub fn jmap(&self, user: &str) -> Jmap {
        Jmap::new(&self.http(), &self.address(user), PASSWORD)
    }

    /// A CalDAV and CardDAV client of `user`, whose mailbox must exist.
    #[must_use]
    pub fn dav(&self, user: &str) -> Dav {
        Dav::new(&self.http(), &self.address(user), PASSWORD)
    }

    /// Uploads and activates a Sieve script of `user` over ManageSieve.
    pub async fn sieve(&self, user: &str, script: &str) {
        crate::sieve::activate(self.ports.sieve, &self.address(user), PASSWORD, script).await;
    }
}
