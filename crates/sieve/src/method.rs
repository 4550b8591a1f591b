//! The method of a notification, as Cyrus hands it on.
//!
//! `mailto:` comes as the method `mailto` with the rest of the URI as the first option; any other URI comes whole as the
//! method; the form before RFC 5435 comes as the script's own word with its options.

mod mailto;
mod texting;

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

pub use mailto::Mailto;
pub use texting::Texting;

/// Destinations of one notification. More is no notification but a mailing; Pigeonhole's bound is the same.
pub const MOST_DESTINATIONS: usize = 8;
/// Octets of a URI that are looked at.
const LONGEST_URI: usize = 16 * 1024;

/// How to notify, and whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// By mail.
    Mail(Mailto),
    /// By text message.
    Text(Texting),
    /// By a POST to a web server.
    Post(Hook),
    /// By the server's own name for "as usual": `notify;` without any method.
    Plain,
}

/// Where to POST.
#[derive(Clone, PartialEq, Eq)]
pub struct Hook {
    /// An `https:` URL with a host, without user and password.
    pub url: Url,
}

/// Why a method cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// A scheme that we do not know.
    #[error("method's scheme is not supported")]
    Scheme,
    /// No URI, or not one of its scheme.
    #[error("method's URI is malformed")]
    Malformed,
    /// Nobody to notify is named.
    #[error("method names no destination")]
    NoDestination,
}

impl Method {
    /// Reads what came as METHOD and OPTIONS; also the options that are left as the script's own.
    pub fn parse<'a>(method: &str, options: &'a [String]) -> Result<(Self, &'a [String]), Unsupported> {
        if method.len() > LONGEST_URI {
            return Err(Unsupported::Malformed);
        }
        let (scheme, rest) =
            method.split_once(':').map_or((method, None), |(scheme, rest)| (scheme, Some(rest)));
        match (scheme.to_ascii_lowercase().as_str(), rest) {
            ("mailto", None) => by_option(options, |uri| Ok(Self::Mail(Mailto::parse(uri)?))),
            // Before 3.4, Cyrus left the URI whole here as well.
            ("mailto", Some(uri)) => Ok((Self::Mail(Mailto::parse(uri)?), options)),
            ("sms", None) => by_option(options, |number| Ok(Self::Text(Texting::one(number)?))),
            ("sms", Some(uri)) => Ok((Self::Text(Texting::of_sms(uri)?), options)),
            ("tel", Some(uri)) => Ok((Self::Text(Texting::of_tel(uri)?), options)),
            ("https", Some(_)) => Ok((Self::Post(Hook::parse(method)?), options)),
            (_, None) => Ok((Self::Plain, options)),
            (_, Some(_)) => Err(Unsupported::Scheme),
        }
    }
}

fn by_option(
    options: &[String],
    read: impl FnOnce(&str) -> Result<Method, Unsupported>,
) -> Result<(Method, &[String]), Unsupported> {
    let (first, rest) = options.split_first().ok_or(Unsupported::NoDestination)?;
    if first.len() > LONGEST_URI {
        return Err(Unsupported::Malformed);
    }
    Ok((read(first)?, rest))
}

impl Hook {
    fn parse(uri: &str) -> Result<Self, Unsupported> {
        let url = Url::parse(uri).map_err(|_| Unsupported::Malformed)?;
        let has_login = !url.username().is_empty() || url.password().is_some();
        if url.host_str().is_none_or(str::is_empty) || has_login {
            return Err(Unsupported::Malformed);
        }
        Ok(Self { url })
    }
}

/// Hides the URL: its path may hold a secret.
impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook(..)")
    }
}

/// What stands after `#` is no part of what a URI names (RFC 3986 §3.5); the sign itself would be written `%23`.
fn without_fragment(uri: &str) -> &str {
    uri.split_once('#').map_or(uri, |(uri, _)| uri)
}

/// A component of a URI as text. Octets that are not UTF-8 make no sense in an address.
fn decoded(component: &str) -> Result<String, Unsupported> {
    let text = percent_decode_str(component).decode_utf8().map_err(|_| Unsupported::Malformed)?;
    Ok(text.into_owned())
}

/// The fields after `?`, with lower-case names. One of which a part makes no sense is as if it were not there: most are of
/// no use to us.
fn fields(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decoded(name).ok()?.to_ascii_lowercase(), decoded(value).ok()?))
    })
}

#[cfg(test)]
mod tests;
