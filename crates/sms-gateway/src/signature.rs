//! Signed JSON requests in the form of Standard Webhooks (standardwebhooks.com): `webhook-id`, `webhook-timestamp` and
//! `webhook-signature`, version `v1`.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use kit::config::Secret;
use sha2::Sha256;

/// The name of the request; the same in every repetition of it.
pub const ID: &str = "webhook-id";
/// When it was signed, in seconds since 1970.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// Signatures with a space between, each `v1,` and base64.
pub const SIGNATURE: &str = "webhook-signature";
/// How far a request's time may be from ours, in seconds: the 5 minutes of the specification's own libraries.
pub const TOLERANCE: u64 = 300;

/// A key to sign and to verify with.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// The secret is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is \"whsec_\" and base64 of 24 to 64 octets")]
pub struct InvalidKey;

/// No signature that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("request is not signed with the key, or not now")]
pub struct NotAuthentic;

impl SigningKey {
    /// Reads `whsec_` and base64 of 24 to 64 octets, as the specification writes symmetric secrets.
    pub fn new(secret: &Secret) -> Result<Self, InvalidKey> {
        let encoded = secret.expose().strip_prefix("whsec_").ok_or(InvalidKey)?;
        let key = BASE64_STANDARD.decode(encoded).map_err(|_| InvalidKey)?;
        let is_long = (24..=64).contains(&key.len());
        let mac = is_long.then(|| Hmac::new_from_slice(&key).ok()).flatten();
        mac.map(Self).ok_or(InvalidKey)
    }

    fn mac(&self, id: &str, timestamp: u64, body: &[u8]) -> Hmac<Sha256> {
        let head = format!("{id}.{timestamp}.");
        self.0.clone().chain_update(head).chain_update(body)
    }
}

/// The value of [`SIGNATURE`] for a request with this [`ID`], [`TIMESTAMP`] (seconds since 1970) and body.
pub fn sign(key: &SigningKey, id: &str, timestamp: u64, body: &[u8]) -> String {
    let signature = key.mac(id, timestamp, body).finalize().into_bytes();
    format!("v1,{}", BASE64_STANDARD.encode(signature))
}

/// Whether one of a request's signatures is of this key, and its time not further than [`TOLERANCE`] from `now` (seconds
/// since 1970).
pub fn verify(key: &SigningKey, headers: &HeaderMap, body: &[u8], now: u64) -> Result<(), NotAuthentic> {
    let text = |name| headers.get(name)?.to_str().ok();
    let written = text(TIMESTAMP).ok_or(NotAuthentic)?;
    let timestamp: u64 = written.parse().map_err(|_| NotAuthentic)?;
    let (id, signatures) = text(ID).zip(text(SIGNATURE)).ok_or(NotAuthentic)?;
    let mac = key.mac(id, timestamp, body);
    let is_signed = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,")).any(|signature| {
        let octets = BASE64_STANDARD.decode(signature).unwrap_or_default();
        mac.clone().verify_slice(&octets).is_ok()
    });
    (is_signed && now.abs_diff(timestamp) <= TOLERANCE).then_some(()).ok_or(NotAuthentic)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's own example.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const AT: u64 = 1_614_265_330;

    fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
        let named = [(ID, id), (TIMESTAMP, timestamp), (SIGNATURE, signature)];
        named.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn key() -> SigningKey {
        SigningKey::new(&Secret::new(SECRET)).unwrap()
    }

    #[test]
    fn example_of_the_specification_is_signed_as_it_says() {
        let signature = sign(&key(), "msg_p5jXN8AQM9LWM0D4loKWxJek", AT, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_signed_is_authentic_for_five_minutes_and_only_as_it_is() {
        let (signature, at) = (sign(&key(), "a", AT, b"body"), AT.to_string());
        let is_authentic = |headers: &HeaderMap, body: &[u8], now| verify(&key(), headers, body, now).is_ok();
        let right = headers("a", &at, &format!("v1a,xyz v1,AAAA {signature}"));
        assert!(is_authentic(&right, b"body", AT));
        assert!(
            is_authentic(&right, b"body", AT + TOLERANCE) && is_authentic(&right, b"body", AT - TOLERANCE)
        );
        assert!(!is_authentic(&right, b"body", AT + TOLERANCE + 1));
        assert!(!is_authentic(&right, b"body", AT - TOLERANCE - 1));
        assert!(!is_authentic(&right, b"bodY", AT));
        assert!(!is_authentic(&headers("b", &at, &signature), b"body", AT));
        assert!(!is_authentic(&headers("a", &(AT + 1).to_string(), &signature), b"body", AT));
        for wrong in ["", "v1,", "v1", "v2,AAAA", &signature[3..], "v1,AAAA"] {
            assert!(!is_authentic(&headers("a", &at, wrong), b"body", AT), "{wrong}");
        }
        assert!(!is_authentic(&HeaderMap::new(), b"body", AT));
    }

    #[test]
    fn secret_that_is_no_key_is_refused() {
        for secret in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!"] {
            assert!(SigningKey::new(&Secret::new(secret)).is_err(), "{secret}");
        }
        assert_eq!(format!("{:?}", key()), "SigningKey(..)");
    }
}
