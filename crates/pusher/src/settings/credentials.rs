//! How credentials are checked.

use std::{path::PathBuf, time::Duration};

use kit::config::Secret;
use serde::{Deserialize, Serialize};

/// One way to check a credential.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// The mail server is asked.
    Upstream(UpstreamSettings),
    /// The credential is a signed token (RFC 7519).
    Jwt(JwtSettings),
}

/// Asking the mail server's JMAP Session resource (RFC 8620 §2) with the client's own credential.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamSettings {
    /// The Session resource; `/jmap/` on a Cyrus. Credentials are sent to this origin and to no other.
    pub session_url: String,
    /// How long one check may take.
    #[serde(default = "five_seconds", with = "kit::config::duration")]
    pub timeout: Duration,
    /// How long a credential that was accepted is not checked again.
    #[serde(default = "five_minutes", with = "kit::config::duration")]
    pub remember: Duration,
    /// How long a credential that was refused is not checked again.
    #[serde(default = "ten_seconds", with = "kit::config::duration")]
    pub remember_refusal: Duration,
    /// Checks at the same time: a mail server that starts again is not run over by reconnecting clients.
    #[serde(default = "thirty_two")]
    pub at_once: usize,
    /// The key under which credentials are hashed in the bus, the same on all nodes that are to share verdicts; they ask
    /// the same `session_url`.
    /// Without it each process draws its own.
    #[serde(default)]
    pub key: Option<Secret>,
}

/// Signed tokens. `exp` and `aud` are compulsory.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JwtSettings {
    /// The one algorithm that is accepted.
    pub algorithm: JwtAlgorithm,
    /// The shared key, for HS256.
    #[serde(default)]
    pub key: Option<Secret>,
    /// The public key in PEM, for the others.
    #[serde(default)]
    pub public_key: Option<PathBuf>,
    /// Where the issuer publishes its public keys (RFC 7517), instead of `public_key`: https, or http to this machine.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// How they are fetched.
    #[serde(default)]
    pub jwks: JwksSettings,
    /// Who tokens must be for.
    pub audience: String,
    /// The claim that holds the user id or address.
    #[serde(default = "sub")]
    pub claim: String,
}

/// Fetching the keys of an issuer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JwksSettings {
    /// How often; a key that is taken away works no longer than this.
    #[serde(with = "kit::config::duration")]
    pub refresh: Duration,
    /// A key that is not known is asked for at once, and no more often than this: strangers can name any key. It is also
    /// the pause while the issuer does not answer.
    #[serde(with = "kit::config::duration")]
    pub pause: Duration,
    /// How long the keys that were fetched last are used while the issuer does not answer.
    #[serde(with = "kit::config::duration")]
    pub keep: Duration,
    /// How long one answer may take.
    #[serde(with = "kit::config::duration")]
    pub timeout: Duration,
}

impl Default for JwksSettings {
    fn default() -> Self {
        Self {
            refresh: five_minutes(),
            pause: ten_seconds(),
            keep: Duration::from_secs(24 * 3600),
            timeout: five_seconds(),
        }
    }
}

impl JwtSettings {
    /// Tokens for `audience` whose subject is the user, without any key yet.
    pub fn new(algorithm: JwtAlgorithm, audience: impl Into<String>) -> Self {
        Self {
            algorithm,
            key: None,
            public_key: None,
            jwks_url: None,
            jwks: JwksSettings::default(),
            audience: audience.into(),
            claim: sub(),
        }
    }
}

/// Signature algorithms (RFC 7518 §3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256.
    HS256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

impl UpstreamSettings {
    /// The defaults with this Session resource.
    pub fn new(session_url: impl Into<String>) -> Self {
        Self {
            session_url: session_url.into(),
            timeout: five_seconds(),
            remember: five_minutes(),
            remember_refusal: ten_seconds(),
            at_once: thirty_two(),
            key: None,
        }
    }
}

fn five_seconds() -> Duration {
    Duration::from_secs(5)
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

fn five_minutes() -> Duration {
    Duration::from_secs(300)
}

fn thirty_two() -> usize {
    32
}

fn sub() -> String {
    "sub".to_owned()
}
