//! Who may ask, and how this gateway proves that it is itself.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// One account, with the credentials of all three forms. None of them is worth anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Twilio's account SID.
    pub twilio_sid: String,
    /// Twilio's auth token, which callbacks are signed with too.
    pub twilio_token: String,
    /// Vonage's API key.
    pub vonage_key: String,
    /// Vonage's API secret.
    pub vonage_secret: String,
    /// Vonage's signature secret.
    pub vonage_signature_secret: String,
    /// The secret of signed webhooks, `whsec_` and base64.
    pub webhook_secret: String,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            twilio_sid: "AC00000000000000000000000000000001".to_owned(),
            twilio_token: "token-of-the-fake".to_owned(),
            vonage_key: "fakekey1".to_owned(),
            vonage_secret: "secret-of-the-fake".to_owned(),
            vonage_signature_secret: "signature-secret-of-the-fake".to_owned(),
            webhook_secret: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".to_owned(),
        }
    }
}

const ANY_LENGTH: &str = "HMAC takes keys of any length";

impl Account {
    /// Whether the field `Authorization` holds these, as HTTP's Basic scheme writes them.
    pub(super) fn is_basic(field: Option<&str>, user: &str, secret: &str) -> bool {
        let right = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{secret}")));
        field == Some(right.as_str())
    }

    /// `X-Twilio-Signature` of a callback: base64 of HMAC-SHA1 over the URL and the sorted form.
    pub(super) fn twilio_signature(&self, url: &str, form: &[(String, String)]) -> String {
        let mut sorted = form.to_vec();
        sorted.sort();
        let signed = sorted.iter().fold(url.to_owned(), |signed, (name, value)| signed + name + value);
        let mac = Hmac::<Sha1>::new_from_slice(self.twilio_token.as_bytes()).expect(ANY_LENGTH);
        BASE64_STANDARD.encode(mac.chain_update(signed).finalize().into_bytes())
    }

    /// `sig` of a receipt: upper-case hexadecimal HMAC-SHA256, as Vonage writes it.
    pub(super) fn vonage_signature(&self, fields: &[(String, String)]) -> String {
        let mut sorted = fields.to_vec();
        sorted.sort();
        let plain = |value: &str| value.replace(['&', '='], "_");
        let signed: String = sorted.iter().map(|(name, value)| format!("&{name}={}", plain(value))).collect();
        let mac = Hmac::<Sha256>::new_from_slice(self.vonage_signature_secret.as_bytes()).expect(ANY_LENGTH);
        let octets = mac.chain_update(signed).finalize().into_bytes();
        octets.iter().map(|octet| format!("{octet:02X}")).collect()
    }

    /// `webhook-signature` of a request.
    pub(super) fn webhook_signature(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let encoded = self.webhook_secret.trim_start_matches("whsec_");
        // A secret that is no base64 signs nothing that anybody could verify.
        let key = BASE64_STANDARD.decode(encoded).unwrap_or_default();
        let mac = Hmac::<Sha256>::new_from_slice(&key).expect(ANY_LENGTH);
        let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(body);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}
