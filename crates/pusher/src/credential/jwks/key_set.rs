//! The keys in a JWK Set (RFC 7517 §5).

use std::sync::Arc;

use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use crate::settings::JwtAlgorithm;

/// A server that rotates has two or three.
const MOST_KEYS: usize = 64;

/// RFC 7518 §3.3: 2048 bits at least; so many letters of base64url.
const SHORTEST_RSA_MODULUS: usize = 256 * 8 / 6;

/// Keys of one algorithm.
#[derive(Default)]
pub struct KeySet(Vec<(Option<String>, Arc<DecodingKey>)>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a document. Keys that are for something else, or are of a kind that nobody here knows, are passed over
    /// (RFC 7517 §5).
    pub fn read(octets: &[u8], algorithm: JwtAlgorithm) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(octets)?;
        let keys = document.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let fitting = keys.filter(|key| fits(key, algorithm)).filter_map(|key| {
            let decoding = DecodingKey::from_jwk(&key).ok()?;
            Some((key.common.key_id, Arc::new(decoding)))
        });
        Ok(Self(fitting.take(MOST_KEYS).collect()))
    }

    /// The key of this name; without a name the only key, if there is one only.
    pub fn find(&self, kid: Option<&str>) -> Option<Arc<DecodingKey>> {
        match (kid, &self.0[..]) {
            (Some(kid), keys) => {
                keys.iter().find(|(name, _)| name.as_deref() == Some(kid)).map(|(_, key)| key.clone())
            }
            (None, [(_, key)]) => Some(key.clone()),
            (None, _) => None,
        }
    }
}

/// The algorithm is the settings'; what a key says of itself can only rule it out.
fn fits(key: &Jwk, algorithm: JwtAlgorithm) -> bool {
    let common = &key.common;
    let is_for_signatures = common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|its| its.contains(&KeyOperations::Verify));
    let (named, is_of_kind) = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(rsa), JwtAlgorithm::RS256) => {
            (KeyAlgorithm::RS256, rsa.n.len() >= SHORTEST_RSA_MODULUS)
        }
        (AlgorithmParameters::EllipticCurve(point), JwtAlgorithm::ES256) => {
            (KeyAlgorithm::ES256, point.curve == EllipticCurve::P256)
        }
        (AlgorithmParameters::OctetKeyPair(pair), JwtAlgorithm::EdDSA) => {
            (KeyAlgorithm::EdDSA, pair.curve == EllipticCurve::Ed25519)
        }
        _ => return false,
    };
    is_for_signatures && is_of_kind && common.key_algorithm.is_none_or(|its| its == named)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 8037 §A.2.
    fn key(kid: &str, further: Value) -> Value {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let mut key = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid});
        key.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        key
    }

    fn read(keys: &[Value]) -> KeySet {
        KeySet::read(json!({"keys": keys}).to_string().as_bytes(), JwtAlgorithm::EdDSA).unwrap()
    }

    #[test]
    fn keys_for_other_ends_and_of_unknown_kinds_are_passed_over() {
        let set = read(&[
            json!({"kty": "LATTICE", "kid": "unknown"}),
            json!("no key"),
            json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0"}),
            key("encryption", json!({"use": "enc"})),
            key("signing", json!({"key_ops": ["sign"]})),
            key("other", json!({"alg": "RS256"})),
            key("curve", json!({"crv": "X25519"})),
            key("good", json!({"use": "sig", "alg": "EdDSA"})),
        ]);
        assert!(set.find(Some("good")).is_some());
        for kid in ["unknown", "shared", "encryption", "signing", "other", "curve", ""] {
            assert!(set.find(Some(kid)).is_none(), "{kid}");
        }
        // It is the only one left.
        assert!(set.find(None).is_some());
    }

    #[test]
    fn without_a_name_only_one_key_will_do() {
        assert!(read(&[key("a", json!({})), key("b", json!({}))]).find(None).is_none());
        assert!(read(&[]).find(None).is_none());
    }

    #[test]
    fn short_rsa_keys_are_passed_over_and_no_document_is_an_error() {
        let rsa = json!({"keys": [{"kty": "RSA", "kid": "a", "e": "AQAB", "n": "A".repeat(340)}]});
        let set = KeySet::read(rsa.to_string().as_bytes(), JwtAlgorithm::RS256).unwrap();
        assert!(set.find(Some("a")).is_none());
        assert!(KeySet::read(b"<html>", JwtAlgorithm::EdDSA).is_err());
        assert!(KeySet::read(b"{}", JwtAlgorithm::EdDSA).is_err());
    }
}
