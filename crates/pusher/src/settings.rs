//! What an operator may set.

mod cookies;
mod credentials;
mod limits;
mod reconcile;
mod tickets;

use std::{
    error::Error,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use bus::Bucket;
use kit::config::{Validate, duration, within};
use serde::{Deserialize, Serialize};

use crate::{
    client_address::Network,
    cors::CorsPolicy,
    credential::{CookiePolicy, JwtVerifier},
};

pub use cookies::Cookies;
pub use credentials::{Credential, JwksSettings, JwtAlgorithm, JwtSettings, UpstreamSettings};
pub use limits::Limits;
pub use reconcile::ReconcileSettings;
pub use tickets::TicketSettings;

/// The settings of a pusher. Every one has a default but the credentials' own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where to listen. TLS is the reverse proxy's, so the default is this machine only.
    pub listen: SocketAddr,
    /// How credentials are checked, in order; the first that accepts one decides.
    pub credentials: Vec<Credential>,
    /// Which cookies count as credentials. None: no Cookie does.
    pub cookies: Option<Cookies>,
    /// Refused: a page of any origin could have opened streams. See [`Settings::cookies`].
    pub allow_cookie: Option<bool>,
    /// Reverse proxies, whose word on where a client is counts. The default is this machine: whoever reaches the default
    /// of [`Settings::listen`] is on it, so a proxy is the only one there to forward anything.
    pub trusted_proxies: Vec<Network>,
    /// How long a revocation is remembered: longer than any token lasts that was issued before it.
    #[serde(with = "kit::config::duration")]
    pub remember_revocations: Duration,
    /// Tickets for streams of clients that cannot send a credential.
    pub tickets: TicketSettings,
    /// Pages that may open streams from other origins.
    pub cors: Cors,
    /// When things are written.
    pub pace: Pace,
    /// When what is known is compared with the mail server's own answer.
    pub reconcile: ReconcileSettings,
    /// What a node bears.
    pub limits: Limits,
}

/// Cross-origin pages.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cors {
    /// Exact origins, like `https://mail.example.org`, or `*`. None: only pages of the same origin.
    pub origins: Vec<String>,
    /// Whether those origins may send the browser's cookies along. Never together with `*`.
    pub credentials: bool,
}

/// When things are written. The waits are spread, so that clients that left together do not come back together.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pace {
    /// A comment after this much silence; proxies cut what is silent for 60 s.
    #[serde(with = "kit::config::duration")]
    pub heartbeat: Duration,
    /// How long clients wait before they connect again, spread by a fifth to either side.
    #[serde(with = "kit::config::duration")]
    pub retry: Duration,
    /// When a pusher leaves, its clients come back spread over this: long enough for another to take them all.
    #[serde(with = "kit::config::duration")]
    pub drain_window: Duration,
    /// No stream is older, less up to a fifth: a changed password ends its streams by then.
    #[serde(with = "kit::config::duration")]
    pub lifetime: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            credentials: Vec::new(),
            cookies: None,
            allow_cookie: None,
            trusted_proxies: vec![
                Network::of(Ipv4Addr::LOCALHOST.into()),
                Network::of(Ipv6Addr::LOCALHOST.into()),
            ],
            remember_revocations: Duration::from_secs(30 * 24 * 3600),
            tickets: TicketSettings::default(),
            cors: Cors::default(),
            pace: Pace::default(),
            reconcile: ReconcileSettings::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(25),
            retry: Duration::from_secs(3),
            drain_window: Duration::from_secs(10),
            lifetime: Duration::from_secs(3600),
        }
    }
}

/// What [`crate::Pusher::bind`] refuses, it says itself; here is what would work badly.
impl Validate for Settings {
    fn problems(&self) -> Vec<String> {
        let none = self
            .credentials
            .is_empty()
            .then(|| "credentials: without one every stream is refused".to_owned());
        let credentials = none.into_iter().chain(self.credentials.iter().flat_map(Credential::problems));
        let allow_cookie = self.allow_cookie.map(|_| {
            "allow_cookie: cookies count by [pusher.cookies], which lists the origins of pages".to_owned()
        });
        // What was revoked must not count again while a stream or a ticket may rest on it.
        let is_short = self.remember_revocations < self.pace.lifetime.max(self.tickets.session);
        let revocations = is_short
            .then(|| "remember_revocations: must be as long as pace.lifetime and tickets.session".to_owned());
        let cookies = self.cookies.as_ref().and_then(|cookies| CookiePolicy::new(cookies).err());
        let cors = CorsPolicy::new(&self.cors.origins, self.cors.credentials).err();
        credentials
            .chain(allow_cookie)
            .chain(revocations)
            .chain(beyond("remember_revocations", self.remember_revocations, Bucket::Revocations))
            .chain(cookies.map(|why| why.to_string()))
            .chain(cors.map(|why| format!("cors: {why}")))
            .chain(within("tickets", self.tickets.problems()))
            .chain(within("pace", self.pace.problems()))
            .chain(within("reconcile", self.reconcile.problems(&self.credentials)))
            .chain(within("limits", self.limits.problems()))
            .collect()
    }
}

/// What the bus would refuse to keep for so long, each time that it is asked to.
fn beyond(key: &str, time: Duration, bucket: Bucket) -> Option<String> {
    let longest = bucket.longest_time_to_live();
    (time > longest)
        .then(|| format!("{key}: must be at most {}, as long as the bus keeps it", duration::format(longest)))
}

impl Credential {
    /// All that would keep it from being used, in the words of the program's start.
    fn problems(&self) -> Vec<String> {
        let told = |problem: &dyn Error| format!("credentials: {problem}");
        match self {
            Self::Jwt(settings) => JwtVerifier::problems(settings).iter().map(|why| told(why)).collect(),
            Self::Upstream(settings) => settings.problems().map(|why| told(&why)).collect(),
        }
    }
}

impl Validate for Pace {
    fn problems(&self) -> Vec<String> {
        let checks = [
            (self.heartbeat < Duration::from_secs(1), "heartbeat: must be at least 1s"),
            (self.retry < Duration::from_millis(100), "retry: clients would come back in a busy loop"),
            (self.drain_window < Duration::from_secs(1), "drain_window: clients would come back all at once"),
            (self.lifetime < Duration::from_secs(60), "lifetime: must be at least 1m"),
        ];
        limits::problems(&checks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_well_and_what_would_work_badly_is_named() {
        assert_eq!(Settings::default().problems(), ["credentials: without one every stream is refused"]);
        assert_eq!(Settings::default().listen.to_string(), "127.0.0.1:8081");
        let read: Settings = serde_json::from_str(
            r#"{"pace": {"heartbeat": "0s"}, "limits": {"head": "1KiB", "streams": 0}}"#,
        )
        .unwrap();
        let problems = read.problems();
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems.iter().any(|problem| problem.starts_with("pace.heartbeat: ")), "{problems:?}");
        assert!(problems.iter().any(|problem| problem.starts_with("limits.head: ")), "{problems:?}");
    }

    #[test]
    fn credentials_that_could_not_be_used_are_named() {
        let read: Settings = serde_json::from_str(
            r#"{"allow_cookie": true, "cookies": {"origins": ["*"]},
                "cors": {"origins": ["*"], "credentials": true}, "credentials": [
                {"jwt": {"algorithm": "HS256", "key": "a key of thirty-two octets or more", "audience": ""}},
                {"upstream": {"session_url": "ftp://127.0.0.1/jmap/"}}]}"#,
        )
        .unwrap();
        let problems = read.problems();
        assert_eq!(problems.len(), 5, "{problems:?}");
        assert!(problems[1].starts_with("credentials: upstream: session_url"), "{problems:?}");
        for (problem, start) in problems[2..].iter().zip(["allow_cookie: ", "cookies: ", "cors: "]) {
            assert!(problem.starts_with(start), "{problems:?}");
        }
    }

    #[test]
    fn no_mistake_in_a_credential_hides_another() {
        let read: Settings = serde_json::from_str(
            r#"{"credentials": [
                {"jwt": {"algorithm": "HS256", "key": "k", "audience": "", "jwks_url": "http://issuer.example/",
                    "jwks": {"refresh": "1s"}}},
                {"jwt": {"algorithm": "HS256", "key": "short", "audience": ""}},
                {"upstream": {"session_url": "ftp://127.0.0.1/jmap/", "key": "short", "timeout": "0s", "at_once": 0}}]}"#,
        )
        .unwrap();
        let problems = read.problems();
        let about = |start: &str| problems.iter().filter(|problem| problem.starts_with(start)).count();
        assert_eq!(about("credentials: jwt: audience"), 2, "{problems:?}");
        assert_eq!(about("credentials: jwt: jwks"), 4, "{problems:?}");
        assert_eq!(about("credentials: jwt: key is shorter"), 1, "{problems:?}");
        assert_eq!(about("credentials: upstream: "), 4, "{problems:?}");
        assert_eq!(about("reconcile.at_once: "), 1, "{problems:?}");
        assert_eq!(problems.len(), 12, "{problems:?}");
    }

    #[test]
    fn nothing_is_to_be_kept_longer_than_the_bus_keeps_it() {
        let problems = |revocations: &str, session: &str, remember: &str, refusal: &str| {
            let text = format!(
                r#"{{"remember_revocations": "{revocations}", "tickets": {{"session": "{session}"}}, "credentials": [{{
                    "upstream": {{"session_url": "http://127.0.0.1/jmap/", "remember": "{remember}",
                    "remember_refusal": "{refusal}"}}}}]}}"#
            );
            serde_json::from_str::<Settings>(&text).unwrap().problems()
        };
        assert_eq!(problems("400d", "31d", "24h", "1d"), Vec::<String>::new());
        assert_eq!(
            problems("401d", "745h", "25h", "86401s"),
            [
                "credentials: upstream: remember must be at most 1d, as long as the bus keeps it",
                "credentials: upstream: remember_refusal must be at most 1d, as long as the bus keeps it",
                "remember_revocations: must be at most 400d, as long as the bus keeps it",
                "tickets.session: must be at most 31d, as long as the bus keeps it",
            ]
        );
    }

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        let read: Settings = serde_json::from_str(
            r#"{"cookies": {"origins": ["https://u:sesame@x"]}, "cors": {"origins": ["https://u:sesame@x"]},
                "credentials": [{"upstream": {"session_url": "http://u:sesame@127.0.0.1/jmap/"}}]}"#,
        )
        .unwrap();
        let problems = read.problems();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(!problems.concat().contains("sesame"), "{problems:?}");
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(serde_json::from_str::<Settings>(r#"{"lisen": "127.0.0.1:1"}"#).is_err());
        assert!(serde_json::from_str::<Settings>(r#"{"trusted_proxies": ["localhost"]}"#).is_err());
        assert!(serde_json::from_str::<Settings>(r#"{"pace": {"heartbeet": "1s"}}"#).is_err());
    }

    #[test]
    fn settings_are_read_with_units_and_defaults() {
        let read: Settings = serde_json::from_str(
            r#"{"pace": {"heartbeat": "5s"}, "credentials": [{"upstream": {"session_url": "http://127.0.0.1/jmap/"}}]}"#,
        )
        .unwrap();
        assert_eq!(read.pace.heartbeat, Duration::from_secs(5));
        assert_eq!(read.pace.retry, Duration::from_secs(3));
        assert!(matches!(&read.credentials[..], [Credential::Upstream(_)]));
    }
}
