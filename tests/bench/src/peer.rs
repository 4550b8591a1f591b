//! Who is measured.

use std::time::{Duration, SystemTime};

use bus_nats::Mode;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use testkit::nats::Version;

use crate::Outcome;

/// A server of event streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// mailpush: the bus on disk and the pusher, with signed tokens.
    Ours,
    /// mailpush as separate processes: a NATS of these days, pusher, and what stores the events.
    OursNats,
    /// The same; NATS sends pusher everything.
    OursNatsBroadcast,
    /// The same as the first on Debian's NATS.
    OursNatsDebian,
    /// nginx with nchan, one worker.
    Nchan,
    /// nginx with nchan, two workers.
    Nchan2,
    /// nginx with nchan, one worker, that has its messages stored and brought by Redis, as several nginx would.
    NchanRedis,
    /// A loop of one thread that does one write(2) per event and stream: the floor.
    Bare,
    /// The same floor behind a NATS of these days: the client's subscription to everything, one write(2) per event.
    BareNats,
}

/// The key of the tokens; both ends are ours.
pub const KEY: &str = "a shared key of thirty-two octets";
/// The audience of the tokens.
pub const AUDIENCE: &str = "mailpush";
const TOKEN_LASTS: Duration = Duration::from_secs(24 * 3600);

/// What a peer on NATS is.
#[derive(Debug, Clone, Copy)]
pub struct OnNats {
    /// The server.
    pub version: Version,
    /// What it sends pusher.
    pub mode: Mode,
}

impl Peer {
    /// Every peer under load.
    pub const ALL: [Self; 9] = [
        Self::Ours,
        Self::OursNats,
        Self::OursNatsBroadcast,
        Self::OursNatsDebian,
        Self::Nchan,
        Self::Nchan2,
        Self::NchanRedis,
        Self::Bare,
        Self::BareNats,
    ];
    /// Those that are one server, without a broker beside it.
    pub const IN_ONE_PROCESS: [Self; 4] = [Self::Ours, Self::Nchan, Self::Nchan2, Self::Bare];
    /// One for each NATS.
    pub const OF_EACH_NATS: [Self; 2] = [Self::OursNats, Self::OursNatsDebian];
    /// Those that keep something for a reader that does not read; the bare loop throws it away.
    pub const WITH_QUEUES: [Self; 3] = [Self::Ours, Self::Nchan, Self::Nchan2];

    /// Its name, as an argument and in the results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::OursNats => "ours-nats",
            Self::OursNatsBroadcast => "ours-nats-broadcast",
            Self::OursNatsDebian => "ours-nats-debian",
            Self::Nchan => "nchan",
            Self::Nchan2 => "nchan2",
            Self::NchanRedis => "nchan-redis",
            Self::Bare => "bare",
            Self::BareNats => "bare-nats",
        }
    }

    /// Whether what stores its events is ours: that merges what comes together.
    pub fn is_stored_by_us(self) -> bool {
        self == Self::Ours || self.on_nats().is_some()
    }

    /// Which NATS it stands on, if it does.
    pub fn on_nats(self) -> Option<OnNats> {
        let on = |version, mode| Some(OnNats { version, mode });
        match self {
            Self::OursNats => on(Version::Current, Mode::Interest),
            Self::OursNatsBroadcast => on(Version::Current, Mode::Broadcast),
            Self::OursNatsDebian => on(Version::Debian, Mode::Interest),
            Self::BareNats => on(Version::Current, Mode::Broadcast),
            Self::Ours | Self::Nchan | Self::Nchan2 | Self::NchanRedis | Self::Bare => None,
        }
    }

    /// The head of the request for a stream of `account`.
    pub fn request(self, account: u32) -> Outcome<Vec<u8>> {
        let rest = "Host: localhost\r\nAccept: text/event-stream\r\nCache-Control: no-cache\r\n\
                    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n";
        Ok(match self {
            Self::Ours | Self::OursNats | Self::OursNatsBroadcast | Self::OursNatsDebian => {
                let token = token(account)?;
                format!("GET /events/ HTTP/1.1\r\n{rest}Authorization: Bearer {token}\r\n\r\n")
            }
            Self::Nchan | Self::Nchan2 | Self::NchanRedis => {
                format!("GET /sub/{account} HTTP/1.1\r\n{rest}\r\n")
            }
            Self::Bare | Self::BareNats => format!("GET /{account} HTTP/1.1\r\n{rest}\r\n"),
        }
        .into_bytes())
    }
}

/// The user of an account.
pub fn user(account: u32) -> String {
    format!("u{account}")
}

/// The account of a mail account as events name it.
pub fn account_of(name: &str) -> Option<u32> {
    name.strip_prefix('u')?.split_once('@')?.0.parse().ok()
}

fn token(account: u32) -> Outcome<String> {
    let expires_at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)? + TOKEN_LASTS;
    let claims = serde_json::json!({"sub": user(account), "aud": AUDIENCE, "exp": expires_at.as_secs()});
    let key = jsonwebtoken::EncodingKey::from_secret(KEY.as_bytes());
    Ok(jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key)?)
}
