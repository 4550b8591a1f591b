//! What the mail server's own names for notifying stand for.

use std::fmt;

use serde::{Deserialize, Deserializer, de::Error};
use url::Url;

/// How a method without a scheme is followed: `notify :method "pager"`, or `notify` without any, which comes under the
/// word of imapd.conf's `sievenotifier`.
#[derive(Clone, PartialEq, Eq)]
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

impl fmt::Debug for Means {
    /// Without the URL: it may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mail => "Mail",
            Self::Text => "Text",
            Self::Post(_) => "Post(..)",
            Self::Ignored => "Ignored",
        })
    }
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
                let is_right = |url: &Url| {
                    url.scheme() == "https" && url.username().is_empty() && url.password().is_none()
                };
                Url::parse(url)
                    .ok()
                    .filter(is_right)
                    .map(Self::Post)
                    .ok_or_else(|| D::Error::custom(EXPECTED))
            }
        }
    }
}
