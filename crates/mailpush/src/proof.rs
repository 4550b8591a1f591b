//! That an order comes from somebody who can read the installation's key.
//!
//! The admin port trusts whoever reaches it with what can be seen. What is done there, and what holds content, is only for
//! those who can prove it.

use std::{future, sync::Arc};

use hmac::{Hmac, KeyInit, Mac};
use hyper::StatusCode;
use kit::{admin::Act, hexadecimal};
use sha2::Sha256;

/// Said again, an order does again what it did and no more; so there is no time in it.
fn mac(key: &[u8], path: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(format!("POST {path}\n").as_bytes());
    mac.update(body);
    mac
}

/// The Authorization of an order.
pub fn make(key: &[u8], path: &str, body: &[u8]) -> String {
    let octets = mac(key, path, body).finalize().into_bytes();
    format!("Bearer {}", hexadecimal::encode(octets))
}

/// Whether `said` is what [`make`] makes.
fn holds(key: &[u8], path: &str, body: &[u8], said: &[u8]) -> bool {
    let octets = said.strip_prefix(b"Bearer ").and_then(|digits| str::from_utf8(digits).ok()).map(|digits| {
        let digit = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
        digits.as_bytes().chunks(2).map_while(digit).collect::<Vec<u8>>()
    });
    octets.is_some_and(|octets| mac(key, path, body).verify_slice(&octets).is_ok())
}

/// Has `act` see only orders that have a proof.
pub fn required(key: &[u8], act: Act) -> Act {
    let key: Arc<[u8]> = key.into();
    Arc::new(move |order| {
        let said = order.authorization.as_ref();
        if said.is_some_and(|said| holds(&key, &order.path, &order.body, said.as_bytes())) {
            act(order)
        } else {
            let why = "the key of this configuration is not that of the running program";
            Box::pin(future::ready((StatusCode::UNAUTHORIZED, why.to_owned())))
        }
    })
}

/// What tells one key from another and nothing else about it: for NATS to know whose it is.
pub fn fingerprint(key: &[u8]) -> String {
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(b"fingerprint of an account key\n");
    let octets = mac.finalize().into_bytes();
    hexadecimal::encode(&octets[..FINGERPRINT])
}

/// Octets of one: keys are random, so that no two share as many.
const FINGERPRINT: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_proves_an_order_and_only_as_it_is() {
        let said = make(b"key", "/revoke", b"alice");
        assert!(holds(b"key", "/revoke", b"alice", said.as_bytes()));
        for (key, path, body, said) in [
            (&b"other"[..], "/revoke", &b"alice"[..], said.as_str()),
            (b"key", "/revoke", b"bob", &said),
            (b"key", "/dead-letters", b"alice", &said),
            (b"key", "/revoke", b"alice", &said[..said.len() - 2]),
            (b"key", "/revoke", b"alice", said.trim_start_matches("Bearer ")),
            (b"key", "/revoke", b"alice", ""),
        ] {
            assert!(!holds(key, path, body, said.as_bytes()), "{said}");
        }
    }

    #[test]
    fn a_fingerprint_never_changes_and_is_another_for_another_key() {
        assert_eq!(fingerprint(&[7; 32]), FROZEN);
        assert_ne!(fingerprint(&[8; 32]), FROZEN);
    }

    const FROZEN: &str = "2f4048a53f03f850a7823eb6a66f2864";
}
