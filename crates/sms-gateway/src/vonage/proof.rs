//! Who sent a receipt: the parameter `sig` of signed webhooks, which is what the SMS API has; signed JWTs are of
//! Vonage's other interfaces. Of its methods only SHA-256 HMAC is taken.

use hmac::{Hmac, KeyInit, Mac};
use http::{Method, header::CONTENT_TYPE};
use kit::config::Secret;
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::{
    ReceiptRequest,
    receipt::{self, Fields},
};

/// What a receipt holds, in whichever of the three forms the account has chosen: GET, POST, or POST of JSON.
pub fn fields(request: &ReceiptRequest<'_>) -> Fields {
    if request.method == Method::GET {
        return receipt::fields(receipt::query(request.url).as_bytes());
    }
    let kind = request.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        return receipt::fields(request.body);
    }
    // Nothing is in what cannot be read, and so no signature.
    let object: Map<String, Value> = serde_json::from_slice(request.body).unwrap_or_default();
    let text = |value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    object.into_iter().map(|(name, value)| (name, text(value))).collect()
}

/// Whether all the fields but `sig`, sorted, are signed with the secret. Compares in constant time.
pub fn is_authentic(secret: &Secret, fields: &Fields) -> bool {
    let Some(signature) = receipt::field(fields, "sig").and_then(octets) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return false };
    for (name, value) in fields.iter().filter(|(name, _)| name != "sig") {
        mac.update(format!("&{name}={}", value.replace(['&', '='], "_")).as_bytes());
    }
    mac.verify_slice(&signature).is_ok()
}

/// Hexadecimal digits, of either case.
fn octets(text: &str) -> Option<Vec<u8>> {
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let is_hex = text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| text.as_bytes().chunks(2).map(octet).collect()).flatten()
}
