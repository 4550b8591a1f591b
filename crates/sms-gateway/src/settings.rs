//! Which provider, and how it is reached.

use std::{net::IpAddr, time::Duration};

use http::HeaderValue;
use kit::config::{Secret, Validate, duration, within};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Gateway, exchange, signature::InvalidKey, twilio::Twilio, vonage::Vonage, webhook::Webhook};

/// The provider and its account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whose section is used.
    pub provider: Provider,
    /// The public URL to which receipts come, without a query. Without it none are asked for.
    pub receipts: Option<String>,
    /// How long the provider may try to reach the phone; 20 s to 10 h, which is what all of them take.
    #[serde(with = "duration")]
    pub validity: Duration,
    /// How long a connection may take. Nothing is sent before.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// How long a whole call may take, [`LONGEST_CALL`] at most. After that the message is in doubt.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// An account with Twilio.
    pub twilio: Option<TwilioSettings>,
    /// An account with Vonage.
    pub vonage: Option<VonageSettings>,
    /// A gateway of one's own.
    pub webhook: Option<WebhookSettings>,
}

/// Who takes messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Twilio's Messages resource.
    Twilio,
    /// Vonage's SMS API.
    Vonage,
    /// Anybody who speaks the signed form of `docs/sms-webhook.md`.
    #[default]
    Webhook,
}

impl Provider {
    /// As it is written in settings and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Vonage => "vonage",
            Self::Webhook => "webhook",
        }
    }
}

/// An account with Twilio.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwilioSettings {
    /// The account's SID, `AC…`.
    pub account: String,
    /// The account's auth token. Twilio signs receipts with it, and with no other key.
    pub token: Secret,
    /// The SID of an API key, `SK…`, to send with instead of the token.
    pub api_key: Option<String>,
    /// That key's secret.
    pub api_secret: Option<Secret>,
    /// What comes before `/2010-04-01`.
    #[serde(default = "twilio_base")]
    pub base: String,
}

/// An account with Vonage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VonageSettings {
    /// The API key.
    pub key: String,
    /// The API secret.
    pub secret: Secret,
    /// The signature secret. In the dashboard the signature method must be "SHA-256 HMAC".
    pub signature_secret: Secret,
    /// What comes before `/sms/json`.
    #[serde(default = "vonage_base")]
    pub base: String,
}

/// A gateway of one's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where messages are posted to.
    pub url: String,
    /// `whsec_` and base64 of 24 to 64 octets; requests and receipts are signed with it.
    pub secret: Secret,
}

fn twilio_base() -> String {
    "https://api.twilio.com".to_owned()
}

fn vonage_base() -> String {
    "https://rest.nexmo.com".to_owned()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            provider: Provider::default(),
            receipts: None,
            validity: Duration::from_hours(4),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            twilio: None,
            vonage: None,
            webhook: None,
        }
    }
}

/// Why there is no gateway.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// The provider has no section.
    #[error("no settings for the provider {}", .0.as_str())]
    Missing(Provider),
    /// No such place, or one that secrets must not be sent to.
    #[error("a gateway has an https:// URL without a query, or http:// on this machine")]
    Url,
    /// What cannot stand in a request.
    #[error("account, key or secret is empty or has characters that HTTP does not take")]
    Account,
    /// No key for signatures.
    #[error(transparent)]
    Key(#[from] InvalidKey),
    /// No TLS, most likely.
    #[error("no HTTP client")]
    Client(#[from] reqwest::Error),
}

/// The gateway that the settings describe. Asks nobody yet.
pub fn open(settings: &Settings) -> Result<Box<dyn Gateway>, InvalidSettings> {
    let client = exchange::client(settings)?;
    let missing = InvalidSettings::Missing(settings.provider);
    Ok(match settings.provider {
        Provider::Twilio => {
            Box::new(Twilio::new(client, settings, settings.twilio.as_ref().ok_or(missing)?)?)
        }
        Provider::Vonage => {
            Box::new(Vonage::new(client, settings, settings.vonage.as_ref().ok_or(missing)?)?)
        }
        Provider::Webhook => {
            Box::new(Webhook::new(client, settings, settings.webhook.as_ref().ok_or(missing)?)?)
        }
    })
}

/// A URL that secrets may be sent to, with `path` after it.
pub fn endpoint(base: &str, path: &str) -> Result<Url, InvalidSettings> {
    let url =
        Url::parse(&format!("{}{path}", base.trim_end_matches('/'))).map_err(|_| InvalidSettings::Url)?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (is_plain && is_safe(&url)).then_some(url).ok_or(InvalidSettings::Url)
}

/// Names of accounts stand in URLs and in the field `Authorization`.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_alphanumeric())
}

/// Secrets may hold anything that a field of HTTP takes.
pub fn is_secret(secret: &Secret) -> bool {
    !secret.expose().is_empty() && HeaderValue::from_str(secret.expose()).is_ok()
}

fn is_safe(url: &Url) -> bool {
    let is_loopback = |host: &str| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.is_ok_and(|address| address.is_loopback())
    };
    url.scheme() == "https" || url.scheme() == "http" && url.host_str().is_some_and(is_loopback)
}

/// The longest that a call may be set to take: half of the time after which an operator may settle a message of which
/// nothing was said, for there is the database to write to as well.
pub const LONGEST_CALL: Duration = Duration::from_mins(5);

/// Vonage takes a callback of 100 characters; Twilio gets our 64 digits after it.
const LONGEST_RECEIPTS: usize = 100;
/// Twilio takes 1 s to 10 h, Vonage 20 s to 7 days.
const VALIDITIES: std::ops::RangeInclusive<Duration> = Duration::from_secs(20)..=Duration::from_hours(10);

impl Validate for Settings {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(receipts) = &self.receipts
            && (endpoint(receipts, "").is_err() || receipts.len() > LONGEST_RECEIPTS)
        {
            let takes = "is no https:// URL without a query and of at most 100 characters";
            problems.push(format!("receipts: {takes}"));
        }
        if !VALIDITIES.contains(&self.validity) {
            problems.push("validity: is not between 20s and 10h".to_owned());
        }
        if self.timeout > LONGEST_CALL {
            let why = "a call has to be over before its message counts as in doubt";
            problems.push(format!("timeout: is longer than {}: {why}", duration::format(LONGEST_CALL)));
        }
        if self.connect_timeout.is_zero() || self.connect_timeout >= self.timeout {
            problems.push("connect_timeout: is not longer than nothing and shorter than timeout".to_owned());
        }
        if let Err(error) = open(self) {
            problems.extend(within(self.provider.as_str(), vec![format!(": {error}")]));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(written: &str) -> Vec<String> {
        toml::from_str::<Settings>(written).unwrap().problems()
    }

    const WEBHOOK: &str =
        "webhook = { url = 'https://sms.example/send', secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }";

    #[test]
    fn right_settings_have_no_problems_and_show_no_secret() {
        let twilio = "provider = 'twilio'\nreceipts = 'https://mail.example/sms'\n[twilio]\naccount = 'AC12'\ntoken = 'hush'";
        let vonage =
            "provider = 'vonage'\n[vonage]\nkey = 'ab12'\nsecret = 'hush'\nsignature_secret = 'hush'";
        for written in [WEBHOOK, twilio, vonage] {
            assert_eq!(problems(written), [""; 0], "{written}");
            let shown = format!("{:?}", toml::from_str::<Settings>(written).unwrap());
            assert!(!shown.contains("hush") && !shown.contains("MfKQ9"), "{shown}");
        }
    }

    #[test]
    fn each_problem_is_told() {
        assert_eq!(problems("provider = 'vonage'"), ["vonage: no settings for the provider vonage"]);
        let times = "validity = '11h'\nconnect_timeout = '30s'\nreceipts = 'https://a.example/?b=c'";
        assert_eq!(problems(&format!("{times}\n{WEBHOOK}")).len(), 3);
        for url in
            ["http://sms.example/send", "https://sms.example/?a=b", "ftp://127.0.0.1/", "", "https://a@b/"]
        {
            let written = WEBHOOK.replace("https://sms.example/send", url);
            assert_eq!(problems(&written).len(), 1, "{url}");
        }
        for url in ["http://127.0.0.1:8080/", "http://[::1]/sms"] {
            assert_eq!(problems(&WEBHOOK.replace("https://sms.example/send", url)), [""; 0], "{url}");
        }
        let key = "provider = 'twilio'\n[twilio]\naccount = 'AC12'\ntoken = 'hush'\napi_key = 'SK12'";
        assert_eq!(problems(key).len(), 1, "a key without its secret");
    }

    #[test]
    fn unknown_keys_and_providers_are_refused() {
        for written in
            ["provider = 'other'", "colour = 'blue'", "[webhook]\nurl = ''\nsecret = ''\nextra = 1"]
        {
            assert!(toml::from_str::<Settings>(written).is_err(), "{written}");
        }
    }
}
