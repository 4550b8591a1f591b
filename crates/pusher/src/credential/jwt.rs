//! Signed tokens (RFC 7519).

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use mailbox_event::{Naming, UnixMillis};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Identity, Outcome, Presented};
use crate::settings::{JwtAlgorithm, JwtSettings};

/// Checks tokens under one key and one algorithm: what the token says of its algorithm chooses nothing.
pub struct JwtVerifier {
    key: DecodingKey,
    validation: Validation,
    claim: String,
}

/// Why the settings give no verifier.
#[derive(Debug, thiserror::Error)]
pub enum InvalidJwtSettings {
    /// HS256 has a shared key, the others a public one.
    #[error("jwt: the algorithm needs {0}")]
    MissingKey(&'static str),
    /// RFC 7518 §3.2: an HS256 key has at least 256 bits.
    #[error("jwt: key is shorter than 32 octets")]
    ShortKey,
    /// An empty audience would be any.
    #[error("jwt: audience is empty")]
    Audience,
    /// The file cannot be read.
    #[error("jwt: public key {0} cannot be read")]
    File(PathBuf, #[source] std::io::Error),
    /// It is no key for the algorithm.
    #[error("jwt: key does not fit the algorithm")]
    Key(#[from] jsonwebtoken::errors::Error),
}

#[derive(Deserialize)]
struct Claims {
    exp: u64,
    iat: Option<u64>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl JwtVerifier {
    /// Reads the key.
    pub fn new(settings: &JwtSettings) -> Result<Self, InvalidJwtSettings> {
        if settings.audience.is_empty() {
            return Err(InvalidJwtSettings::Audience);
        }
        let mut validation = Validation::new(algorithm(settings.algorithm));
        validation.set_required_spec_claims(&["exp", "aud"]);
        validation.set_audience(&[&settings.audience]);
        validation.validate_nbf = true;
        // Compared here, with the caller's clock and to the second: the stream ends with the token.
        validation.validate_exp = false;
        Ok(Self { key: key(settings)?, validation, claim: settings.claim.clone() })
    }

    /// Checks a token at `now`.
    pub fn check(&self, presented: &Presented, naming: &Naming, now: SystemTime) -> Outcome {
        let identity = presented.bearer().and_then(|token| self.identify(token, naming, now));
        identity.map_or(Outcome::Refused, |identity| Outcome::Accepted(Box::new(identity)))
    }

    fn identify(&self, token: &str, naming: &Naming, now: SystemTime) -> Option<Identity> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation).ok()?.claims;
        let expires_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(claims.exp))?;
        let lasts = expires_at.duration_since(now).ok().filter(|lasts| !lasts.is_zero())?;
        let account = naming.account(claims.others.get(&self.claim)?.as_str()?).ok()?;
        let account_id = naming.user_id(&account).into();
        let since = UnixMillis(claims.iat.unwrap_or_default().saturating_mul(1000));
        Some(Identity { account, account_id, lasts: Some(lasts), since, tag: None, question: None })
    }
}

fn algorithm(algorithm: JwtAlgorithm) -> Algorithm {
    match algorithm {
        JwtAlgorithm::HS256 => Algorithm::HS256,
        JwtAlgorithm::RS256 => Algorithm::RS256,
        JwtAlgorithm::ES256 => Algorithm::ES256,
        JwtAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

const SHORTEST_SHARED_KEY: usize = 32;

fn key(settings: &JwtSettings) -> Result<DecodingKey, InvalidJwtSettings> {
    if settings.algorithm == JwtAlgorithm::HS256 {
        let key = settings.key.as_ref().ok_or(InvalidJwtSettings::MissingKey("key"))?.expose();
        let is_long = key.len() >= SHORTEST_SHARED_KEY;
        return is_long.then(|| DecodingKey::from_secret(key.as_bytes())).ok_or(InvalidJwtSettings::ShortKey);
    }
    let path = settings.public_key.as_ref().ok_or(InvalidJwtSettings::MissingKey("public_key"))?;
    let pem = std::fs::read(path).map_err(|error| InvalidJwtSettings::File(path.clone(), error))?;
    Ok(match settings.algorithm {
        JwtAlgorithm::RS256 => DecodingKey::from_rsa_pem(&pem)?,
        JwtAlgorithm::ES256 => DecodingKey::from_ec_pem(&pem)?,
        JwtAlgorithm::HS256 | JwtAlgorithm::EdDSA => DecodingKey::from_ed_pem(&pem)?,
    })
}

#[cfg(test)]
mod tests;
