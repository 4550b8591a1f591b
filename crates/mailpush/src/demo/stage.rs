//! What the services need around them: a folder, an SMTP server, a key, and a configuration made of these.

mod session;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use fakes::{
    sms::{Account as SmsAccount, GatewaySettings, SmsGateway},
    smtp::{SinkSettings, SmtpSink},
};
use kit::{config::Secret, hexadecimal};
use pusher::{Cors, Credential, JwtAlgorithm, JwtSettings, Pace};
use relay::settings::SpoolSettings;
use serde_json::json;
use tempfile::TempDir;

use super::{DemoError, player::DOMAIN};
use crate::config::Config;

pub use session::Session;

/// Octets of the key that signs the page's tokens (RFC 7518 §3.2 asks for 32).
const KEY: usize = 32;

/// The demo says a few notifications a second; this is room for hours without the bus.
const SPOOL: u64 = 64 << 20;

/// Whom alarm mail comes from.
const SENDER: &str = "calendar@example.org";

/// The user whose mailbox is played, as the mail server names them.
pub const USER: &str = "alice";

/// That user's telephone, of a range that is kept for stories.
pub const NUMBER: &str = "+4915228817386";

/// Texts that the gateway keeps: more than the page shows.
const KEPT: usize = 40;

/// Nobody waits for an hour to be over: credit is the only bound.
const PLENTY: u32 = 1_000_000;

/// The surroundings of the services. The folder goes when this is dropped.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    sink: Arc<SmtpSink>,
    gateway: Arc<SmsGateway>,
    key: Secret,
    page_port: u16,
}

impl Stage {
    /// Sets the stage for a page on `page_port`.
    pub async fn build(page_port: u16) -> Result<Self, DemoError> {
        let folder =
            tempfile::Builder::new().prefix("mailpush-demo-").tempdir().map_err(DemoError::Folder)?;
        let sink =
            SmtpSink::start(any_port(), SinkSettings::default()).await.map_err(DemoError::MailServer)?;
        let settings = GatewaySettings { kept: KEPT, ..GatewaySettings::default() };
        let gateway = SmsGateway::start(any_port(), settings).await.map_err(DemoError::Gateway)?;
        let key = Secret::new(hexadecimal::encode(rand::random::<[u8; KEY]>()));
        Ok(Self { folder, sink: Arc::new(sink), gateway: Arc::new(gateway), key, page_port })
    }

    /// The configuration that `standalone` would be given for this.
    pub fn config(&self) -> Config {
        Config {
            default_domain: DOMAIN.to_owned(),
            data: self.data(),
            admin: crate::config::Admin { listen: Some(any_port()) },
            relay: self.relay(),
            pusher: self.pusher(),
            notifyd: self.notifyd(),
            ..Config::default()
        }
    }

    /// relay's socket with answers.
    pub fn dlist(&self) -> PathBuf {
        self.folder.path().join("notify-dlist")
    }

    /// relay's socket for datagrams.
    pub fn datagram(&self) -> PathBuf {
        self.folder.path().join("notify")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What an operator does for a user who has shown that the number is theirs. notifyd has made the table.
    pub fn verify_number(&self) -> Result<(), rusqlite::Error> {
        let database = rusqlite::Connection::open(self.data().join("effects.db"))?;
        let user = format!("{USER}@{DOMAIN}");
        database
            .execute("INSERT INTO recipient_numbers (user_id, number) VALUES (?1, ?2)", [&user, NUMBER])?;
        Ok(())
    }

    /// What takes texts.
    pub fn gateway(&self) -> Arc<SmsGateway> {
        self.gateway.clone()
    }

    /// Where mail arrives.
    pub fn sink(&self) -> Arc<SmtpSink> {
        self.sink.clone()
    }

    /// What the page needs for streams from `pusher`.
    pub fn session(&self, pusher: SocketAddr) -> Session {
        Session::new(self.key.clone(), self.origins(), pusher)
    }

    /// A browser may know this machine by either name.
    fn origins(&self) -> [String; 2] {
        ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{}", self.page_port))
    }

    fn relay(&self) -> relay::Settings {
        let spool = SpoolSettings {
            folder: self.folder.path().join("spool"),
            limit: SPOOL,
            segment: SPOOL / 16,
            ..SpoolSettings::default()
        };
        relay::Settings {
            dlist: Some(self.dlist()),
            datagram: Some(self.datagram()),
            spool,
            ..relay::Settings::default()
        }
    }

    fn pusher(&self) -> pusher::Settings {
        let jwt = JwtSettings {
            key: Some(self.key.clone()),
            ..JwtSettings::new(JwtAlgorithm::HS256, session::AUDIENCE)
        };
        // Shorter than a person waits at a page where nothing moves.
        let pace = Pace { heartbeat: Duration::from_secs(10), ..Pace::default() };
        pusher::Settings {
            listen: any_port(),
            credentials: vec![Credential::Jwt(jwt)],
            cors: Cors { origins: self.origins().to_vec(), credentials: false },
            pace,
            ..pusher::Settings::default()
        }
    }

    fn notifyd(&self) -> notifyd::Settings {
        let smtp = notifyd::Smtp { port: self.sink.local_addr().port(), ..notifyd::Smtp::default() };
        let address = SENDER.parse().expect("a plain address: a test reads it");
        let from = notifyd::Sender { address, name: "Calendar".to_owned() };
        let sieve = notifyd::SieveSettings {
            hourly_per_user: PLENTY,
            hourly_per_destination: PLENTY,
            ..notifyd::SieveSettings::default()
        };
        notifyd::Settings { smtp, from, sieve, sms: Some(self.sms()), ..notifyd::Settings::default() }
    }

    /// The section `notifyd.sms`, as an operator writes it.
    fn sms(&self) -> notifyd::SmsSettings {
        let secret = SmsAccount::default().webhook_secret;
        let gateway =
            json!({"webhook": {"url": format!("{}/sms", self.gateway.base_url()), "secret": secret}});
        let section = json!({"from": "Mailbox", "home": "DE", "countries": ["DE"], "gateway": gateway});
        serde_json::from_value(section).expect("its keys are those of the section: a test reads it")
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;

    #[tokio::test]
    async fn the_demos_configuration_is_one_that_standalone_would_take() {
        let stage = Stage::build(8091).await.unwrap();
        assert_eq!(stage.config().problems(Role::Standalone), Vec::<String>::new());
        assert_eq!(stage.config().notifyd.from.address.to_string(), SENDER);
    }
}
