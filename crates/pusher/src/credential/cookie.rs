//! When a Cookie counts as a credential.
//!
//! A browser sends cookies with what any page asks for. So a Cookie counts only if the page is known: by its Origin, or,
//! where a browser sends none (a GET to the page's own origin), by `Sec-Fetch-Site`, which pages cannot set (Fetch
//! Metadata §2.4).

use hyper::{
    HeaderMap,
    header::{self, HeaderName, HeaderValue},
};

use crate::{
    cors::{is_origin, without_login},
    settings::Cookies,
};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Which cookies of which pages count.
#[derive(Debug, Clone)]
pub struct CookiePolicy {
    origins: Vec<String>,
    /// None: all.
    names: Vec<String>,
}

/// Why the settings give no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCookies {
    /// Browsers compare origins as text. `*` is none: any page could open streams of whoever visits it.
    #[error("cookies: {:?} is no origin of the form https://host or https://host:port", without_login(.0))]
    Origin(String),
    /// RFC 6265 §4.1.1.
    #[error("cookies: {0:?} is no name of a cookie")]
    Name(String),
}

impl CookiePolicy {
    /// Checks the lists.
    pub fn new(settings: &Cookies) -> Result<Self, InvalidCookies> {
        if let Some(origin) = settings.origins.iter().find(|origin| !is_origin(origin)) {
            return Err(InvalidCookies::Origin(origin.clone()));
        }
        if let Some(name) = settings.names.iter().find(|name| !is_name(name)) {
            return Err(InvalidCookies::Name(name.clone()));
        }
        Ok(Self { origins: settings.origins.clone(), names: settings.names.clone() })
    }

    /// The cookies of a request that count, as one field value.
    pub fn value(&self, request: &HeaderMap) -> Option<HeaderValue> {
        if !self.trusts(request) {
            return None;
        }
        // HTTP/2 may split the field (RFC 9113 §8.2.3).
        let fields = request.get_all(header::COOKIE).iter().filter_map(|field| field.to_str().ok());
        let pairs = fields.flat_map(|field| field.split(';')).map(str::trim);
        let counting: Vec<&str> = pairs.filter(|pair| self.counts(pair)).collect();
        if counting.is_empty() {
            return None;
        }
        HeaderValue::from_str(&counting.join("; ")).ok()
    }

    fn trusts(&self, request: &HeaderMap) -> bool {
        let mut origins = request.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (Some(origin), None) => self.origins.iter().any(|known| known.as_bytes() == origin.as_bytes()),
            (None, _) => request.get(SEC_FETCH_SITE).is_some_and(|site| site == "same-origin"),
            (Some(_), Some(_)) => false,
        }
    }

    fn counts(&self, pair: &str) -> bool {
        let Some((name, _)) = pair.split_once('=') else { return false };
        self.names.is_empty() || self.names.iter().any(|counting| counting == name)
    }
}

fn is_name(text: &str) -> bool {
    let is_other = |octet: u8| !octet.is_ascii_graphic() || b"=;,\"".contains(&octet);
    !text.is_empty() && !text.bytes().any(is_other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://mail.example.org";

    fn value(names: &[&str], fields: &[(&'static str, &'static str)]) -> Option<String> {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        let policy = CookiePolicy::new(&Cookies { origins: vec![PAGE.to_owned()], names }).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        policy.value(&headers).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn cookies_count_from_listed_origins_and_from_pages_of_ours_that_send_none() {
        let cookie = ("cookie", "a=1");
        let sites = [
            (&[("origin", PAGE)][..], true),
            (&[("origin", PAGE), ("sec-fetch-site", "cross-site")], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[], false),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "https://mail.example.org.evil.example")], false),
            (&[("origin", "null")], false),
            (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false),
            (&[("origin", PAGE), ("origin", "https://evil.example")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "cross-site")], false),
        ];
        for (site, counts) in sites {
            let fields: Vec<_> = site.iter().copied().chain([cookie]).collect();
            assert_eq!(value(&[], &fields).is_some(), counts, "{site:?}");
        }
    }

    #[test]
    fn only_named_cookies_are_presented_and_split_fields_are_joined() {
        let fields = [("origin", PAGE), ("cookie", "a=1; sid=x=y; b"), ("cookie", "sid2=z")];
        assert_eq!(value(&[], &fields).unwrap(), "a=1; sid=x=y; sid2=z");
        assert_eq!(value(&["sid"], &fields).unwrap(), "sid=x=y");
        assert_eq!(value(&["sid2", "sid"], &fields).unwrap(), "sid=x=y; sid2=z");
        assert_eq!(value(&["other"], &fields), None);
    }

    #[test]
    fn lists_that_could_never_match_or_always_are_refused() {
        let new = |origin: &str, name: &str| {
            CookiePolicy::new(&Cookies { origins: vec![origin.to_owned()], names: vec![name.to_owned()] })
                .map(|_| ())
        };
        assert!(new(PAGE, "sid").is_ok());
        let bare = ["*", "mail.example.org", "null"];
        let unlike =
            ["https://mail.example.org/", "https://MAIL.example.org", "https://mail.example.org:443"];
        for origin in bare.into_iter().chain(unlike) {
            assert_eq!(new(origin, "sid"), Err(InvalidCookies::Origin(origin.to_owned())));
        }
        for name in ["", "a=b", "a;b", "a b"] {
            assert_eq!(new(PAGE, name), Err(InvalidCookies::Name(name.to_owned())));
        }
    }
}
