//! Who sent a callback (twilio.com/docs/usage/security, `X-Twilio-Signature`).

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use kit::config::Secret;
use sha1::Sha1;

use crate::receipt::Fields;

/// Whether the URL and the form, its pairs sorted, are signed with the auth token. Compares in constant time.
///
/// Twilio is not of one mind whether a port belongs to the URL that it signs, so both forms are tried.
pub fn is_authentic(token: &Secret, url: &str, form: &Fields, headers: &HeaderMap) -> bool {
    let signature = headers.get("x-twilio-signature").and_then(|value| BASE64_STANDARD.decode(value).ok());
    let Some(signature) = signature else { return false };
    let Ok(mac) = Hmac::<Sha1>::new_from_slice(token.expose().as_bytes()) else { return false };
    let is_signed = |url: String| {
        let mut mac = mac.clone().chain_update(url);
        for (name, value) in form {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        mac.verify_slice(&signature).is_ok()
    };
    is_signed(url.to_owned()) || forms(url).into_iter().flatten().any(is_signed)
}

/// A URL without its port, and one with the port that its scheme implies.
fn forms(url: &str) -> [Option<String>; 2] {
    let Some((scheme, rest)) = url.split_once("://") else { return [None, None] };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let port =
        authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|octet| octet.is_ascii_digit()));
    let without = port.map(|(host, _)| format!("{scheme}://{host}{path}"));
    let implied = if scheme == "https" { 443 } else { 80 };
    let with = port.is_none().then(|| format!("{scheme}://{authority}:{implied}{path}"));
    [without, with]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_is_taken_away_or_added() {
        let with = |url: &str| forms(url).into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(with("https://a.example/b?c=d:5"), ["https://a.example:443/b?c=d:5"]);
        assert_eq!(with("http://a.example?c=d"), ["http://a.example:80?c=d"]);
        assert_eq!(with("https://a.example:8443/b"), ["https://a.example/b"]);
        assert_eq!(with("nothing"), [""; 0]);
    }
}
