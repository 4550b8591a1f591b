//! What pages of other origins may do (Fetch standard §3.2).

use hyper::{
    HeaderMap, Method,
    header::{self, HeaderValue},
};
use reqwest::Url;

/// Which origins may open streams.
#[derive(Debug, Clone)]
pub struct CorsPolicy {
    origins: Origins,
    credentials: bool,
}

#[derive(Debug, Clone)]
enum Origins {
    Any,
    These(Vec<String>),
}

/// Why a list of origins is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCors {
    /// Every page of the web could read every stream of whoever visits it.
    #[error("the origin * cannot be allowed to send cookies")]
    AnyWithCredentials,
    /// Browsers compare origins as text: scheme, host and port, with no slash after them.
    #[error("{:?} is no origin of the form https://host or https://host:port", without_login(.0))]
    Form(String),
}

/// What of an origin that is none may be shown: before an @ a password may stand.
pub(crate) fn without_login(origin: &str) -> &str {
    origin.rsplit('@').next().unwrap_or_default()
}

impl CorsPolicy {
    /// Checks the list.
    pub fn new(origins: &[String], credentials: bool) -> Result<Self, InvalidCors> {
        if origins.iter().any(|origin| origin == "*") {
            return if credentials {
                Err(InvalidCors::AnyWithCredentials)
            } else {
                Ok(Self { origins: Origins::Any, credentials })
            };
        }
        match origins.iter().find(|origin| !is_origin(origin)) {
            Some(origin) => Err(InvalidCors::Form(origin.clone())),
            None => Ok(Self { origins: Origins::These(origins.to_vec()), credentials }),
        }
    }

    /// The fields of any response, an error too: a page that cannot read a 401 takes it for a broken network.
    pub fn fields(&self, request: &HeaderMap) -> HeaderMap {
        let mut fields = HeaderMap::new();
        fields.insert(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = request.get(header::ORIGIN).filter(|origin| self.allows(origin)) else {
            return fields;
        };
        match self.origins {
            Origins::Any => fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
            Origins::These(_) => fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()),
        };
        if self.credentials {
            fields.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        fields
    }

    /// The further fields of the answer to OPTIONS, for a resource of this method.
    pub fn preflight_fields(&self, request: &HeaderMap, method: &Method) -> HeaderMap {
        let mut fields = self.fields(request);
        if fields.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            let method = HeaderValue::from_static(if *method == Method::POST { "POST" } else { "GET" });
            fields.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method);
            fields.insert(
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static("Authorization, Last-Event-ID, Cache-Control"),
            );
            fields.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
        fields
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        match &self.origins {
            Origins::Any => true,
            Origins::These(origins) => origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()),
        }
    }
}

/// Whether a browser would send this as an Origin (RFC 6454 §6.2): in small letters, without the default port.
pub fn is_origin(text: &str) -> bool {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.is_some_and(|url| url.origin().ascii_serialization() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://mail.example.org";

    fn from(origin: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))])
    }

    fn allowed(fields: &HeaderMap) -> Option<&str> {
        fields.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|origin| origin.to_str().unwrap())
    }

    #[test]
    fn only_listed_origins_are_allowed_and_are_named() {
        let policy = CorsPolicy::new(&[PAGE.to_owned()], true).unwrap();
        let fields = policy.fields(&from(PAGE));
        assert_eq!(allowed(&fields), Some(PAGE));
        assert_eq!(fields[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        for other in ["https://mail.example.org.evil.test", "http://mail.example.org", "null"] {
            let fields = policy.fields(&from(other));
            assert_eq!(allowed(&fields), None, "{other}");
            assert!(!fields.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
            assert_eq!(fields[header::VARY], "Origin");
        }
    }

    #[test]
    fn star_allows_everyone_and_never_their_cookies() {
        let any = ["*".to_owned()];
        assert_eq!(allowed(&CorsPolicy::new(&any, false).unwrap().fields(&from(PAGE))), Some("*"));
        assert_eq!(CorsPolicy::new(&any, true).unwrap_err(), InvalidCors::AnyWithCredentials);
    }

    #[test]
    fn preflight_allows_the_fields_that_streams_need() {
        let policy = CorsPolicy::new(&[PAGE.to_owned()], false).unwrap();
        let fields = policy.preflight_fields(&from(PAGE), &Method::GET);
        assert_eq!(
            fields[header::ACCESS_CONTROL_ALLOW_HEADERS],
            "Authorization, Last-Event-ID, Cache-Control"
        );
        assert!(
            !policy
                .preflight_fields(&from("https://x.test"), &Method::GET)
                .contains_key(header::ACCESS_CONTROL_ALLOW_HEADERS)
        );
    }

    #[test]
    fn what_browsers_would_never_send_is_refused_at_start() {
        for text in ["mail.example.org", "https://mail.example.org/", "https://", "https://a b"] {
            assert_eq!(
                CorsPolicy::new(&[text.to_owned()], false).unwrap_err(),
                InvalidCors::Form(text.to_owned())
            );
        }
    }
}
