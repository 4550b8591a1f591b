//! Signed tokens (RFC 7519).

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use mailbox_event::{Naming, UnixMillis};
use serde::Deserialize;
use serde_json::{Map, Number, Value};

use super::{
    Identity, Outcome, Presented,
    jwks::{InvalidJwks, Jwks, Lookup},
};
use crate::settings::{JwtAlgorithm, JwtSettings};

/// Checks tokens under one algorithm: what the token says of its algorithm chooses nothing.
pub struct JwtVerifier {
    keys: Keys,
    validation: Validation,
    claim: String,
}

enum Keys {
    One(Arc<DecodingKey>),
    Published(Arc<Jwks>),
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
    /// The keys cannot be fetched as the settings say.
    #[error("jwt: {0}")]
    Jwks(#[from] InvalidJwks),
}

#[derive(Deserialize)]
struct Claims {
    exp: Number,
    iat: Option<Number>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl JwtVerifier {
    /// Everything that [`Self::new`] would refuse. Reads the key.
    pub fn problems(settings: &JwtSettings) -> Vec<InvalidJwtSettings> {
        let audience = settings.audience.is_empty().then_some(InvalidJwtSettings::Audience);
        audience.into_iter().chain(key_problems(settings)).collect()
    }

    /// Reads the key, or prepares to fetch keys: see [`Self::published`].
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
        Ok(Self { keys: keys(settings)?, validation, claim: settings.claim.clone() })
    }

    /// The keys that have to be kept fresh, if they are fetched.
    pub fn published(&self) -> Option<&Arc<Jwks>> {
        match &self.keys {
            Keys::Published(jwks) => Some(jwks),
            Keys::One(_) => None,
        }
    }

    /// Checks a token at `now`.
    pub async fn check(&self, presented: &Presented, naming: &Naming, now: SystemTime) -> Outcome {
        let Some(token) = presented.bearer() else { return Outcome::Refused };
        let Ok(header) = jsonwebtoken::decode_header(token) else { return Outcome::Refused };
        // RFC 7515 §4.1.11: what must be understood and is not. Nothing that could be named there is understood.
        if header.crit.is_some() || !self.validation.algorithms.contains(&header.alg) {
            return Outcome::Refused;
        }
        let key = match &self.keys {
            Keys::One(key) => key.clone(),
            Keys::Published(jwks) => match jwks.find(header.kid.as_deref()).await {
                Lookup::Found(key) => key,
                Lookup::Absent => return Outcome::Refused,
                Lookup::Unknown => return Outcome::Unverifiable,
            },
        };
        let identity = self.identify(token, &key, naming, now);
        identity.map_or(Outcome::Refused, |identity| Outcome::Accepted(Box::new(identity)))
    }

    fn identify(&self, token: &str, key: &DecodingKey, naming: &Naming, now: SystemTime) -> Option<Identity> {
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok()?.claims;
        let expires_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds(&claims.exp)?))?;
        let lasts = expires_at.duration_since(now).ok().filter(|lasts| !lasts.is_zero())?;
        // A token that does not say when it was issued was issued before anything else.
        let issued_at = claims.iat.as_ref().map_or(Some(0), seconds)?;
        let account = naming.account(claims.others.get(&self.claim)?.as_str()?).ok()?;
        let account_id = naming.user_id(&account).into();
        let since = UnixMillis(issued_at.saturating_mul(1000));
        Some(Identity {
            account,
            account_id,
            lasts: Some(lasts),
            since,
            credential: None,
            tag: None,
            question: None,
        })
    }
}

/// A NumericDate (RFC 7519 §2), which may have a fraction: that is dropped.
fn seconds(date: &Number) -> Option<u64> {
    let of_fraction = || {
        let whole = Duration::try_from_secs_f64(date.as_f64()?).ok()?;
        Some(whole.as_secs())
    };
    date.as_u64().or_else(of_fraction)
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

fn keys(settings: &JwtSettings) -> Result<Keys, InvalidJwtSettings> {
    let Some(url) = &settings.jwks_url else { return Ok(Keys::One(Arc::new(key(settings)?))) };
    if settings.public_key.is_some() || settings.key.is_some() {
        return Err(InvalidJwks::Both.into());
    }
    Ok(Keys::Published(Arc::new(Jwks::new(url, &settings.jwks, settings.algorithm)?)))
}

fn key_problems(settings: &JwtSettings) -> Vec<InvalidJwtSettings> {
    let Some(url) = &settings.jwks_url else { return key(settings).err().into_iter().collect() };
    let is_both = settings.public_key.is_some() || settings.key.is_some();
    let both = is_both.then_some(InvalidJwks::Both);
    let problems = both.into_iter().chain(Jwks::problems(url, &settings.jwks, settings.algorithm));
    problems.map(InvalidJwtSettings::from).collect()
}

fn key(settings: &JwtSettings) -> Result<DecodingKey, InvalidJwtSettings> {
    if settings.algorithm == JwtAlgorithm::HS256 {
        let key = settings.key.as_ref().ok_or(InvalidJwtSettings::MissingKey("key"))?.expose();
        let is_long = key.len() >= SHORTEST_SHARED_KEY;
        return is_long.then(|| DecodingKey::from_secret(key.as_bytes())).ok_or(InvalidJwtSettings::ShortKey);
    }
    let path = settings.public_key.as_ref();
    let path = path.ok_or(InvalidJwtSettings::MissingKey("public_key or jwks_url"))?;
    let pem = std::fs::read(path).map_err(|error| InvalidJwtSettings::File(path.clone(), error))?;
    Ok(match settings.algorithm {
        JwtAlgorithm::RS256 => DecodingKey::from_rsa_pem(&pem)?,
        JwtAlgorithm::ES256 => DecodingKey::from_ec_pem(&pem)?,
        JwtAlgorithm::HS256 | JwtAlgorithm::EdDSA => DecodingKey::from_ed_pem(&pem)?,
    })
}

#[cfg(test)]
mod tests;
