//! What the mail server's own names for notifying stand for.

use serde::{Deserialize, Deserializer, de::Error};
use url::Url;

/// How a method without a scheme is followed: `notify :method "pager"`, or `notify` without any, which comes under the
/// word of imapd.conf's `sievenotifier`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// By mail to the user's own address.
    Mail,
    /// By text message to the first of the user's own numbers.
    Text,
    /// By a POST to this URL.
    Post(Url),
    /// Not at all.
    Ignored,
}

/// Does not repeat what was written: a URL may hold a secret.
const EXPECTED: &str = "is none of \"mailto\", \"sms\", \"ignore\" and an https:// URL";

impl<'de> Deserialize<'de> for Means {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "mailto" => Ok(Self::Mail),
            "sms" => Ok(Self::Text),
            "ignore" => Ok(Self::Ignored),
            url => {
                let url =
                    Url::parse(url).ok().filter(|url| url.scheme() == "https" && url.username().is_empty());
                url.map(Self::Post).ok_or_else(|| D::Error::custom(EXPECTED))
            }
        }
    }
}
