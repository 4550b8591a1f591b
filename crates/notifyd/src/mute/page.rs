//! What the port says and what it understands; no I/O. Nothing here depends on whose link it is but what is muted.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{
    Response, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER, VARY,
    },
};
use sha2::{Digest, Sha256};
use tracing::error;
use wording::{Language, Locale, MutePage, Wording};

/// What a recipient asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Their mail program does, by one click (RFC 8058 §3.2).
    OneClick,
    /// No more about this event.
    MuteEvent,
    /// No more at all.
    MuteAll,
    /// This event's back.
    UnmuteEvent,
    /// All of it back; what was said of single events stays.
    UnmuteAll,
}

/// Reads the body of a POST: a form in either of HTML's two forms, for RFC 8058 allows both.
pub(super) fn wish(content_type: &str, body: &[u8]) -> Option<Wish> {
    let body = std::str::from_utf8(body).ok()?.trim();
    if content_type.to_ascii_lowercase().starts_with("multipart/form-data") {
        let names_it = body.contains("name=\"List-Unsubscribe\"") || body.contains("name=List-Unsubscribe");
        return (names_it && body.lines().any(|line| line == "One-Click")).then_some(Wish::OneClick);
    }
    match body {
        "List-Unsubscribe=One-Click" => Some(Wish::OneClick),
        "mute=event" => Some(Wish::MuteEvent),
        "mute=all" => Some(Wish::MuteAll),
        "unmute=event" => Some(Wish::UnmuteEvent),
        "unmute=all" => Some(Wish::UnmuteAll),
        _ => None,
    }
}

/// Languages that a browser asks for and that are looked at.
const MOST_ASKED: usize = 20;

/// The language of the mail that the link stands in; for a link that does not say, that of the browser (RFC 9110
/// §12.5.4, whose order of equals is that of the field), or else `usual`.
pub(super) fn language(of_link: Option<&str>, accepted: &str, usual: Language) -> Language {
    let known = |tag: &str| Locale::negotiate(tag).map(Locale::language);
    let asked = || {
        let mut asked: Vec<_> = accepted.split(',').take(MOST_ASKED).map(weighed).collect();
        asked.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        asked.into_iter().filter(|(_, weight)| *weight > 0.0).find_map(|(tag, _)| known(tag))
    };
    of_link.and_then(known).or_else(asked).unwrap_or(usual)
}

/// `de;q=0.8`
fn weighed(range: &str) -> (&str, f32) {
    let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
    let weight = parameters.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok());
    (tag.trim(), weight.filter(|weight: &f32| weight.is_finite()).unwrap_or(1.0))
}

/// `page` as it is answered.
pub(super) fn answer(page: MutePage, language: Language, wording: &Wording) -> Response<String> {
    let status = match page {
        MutePage::Muted { .. } => StatusCode::OK,
        // Always the same, so that nobody learns how near it is to a link.
        MutePage::Unknown => StatusCode::NOT_FOUND,
        MutePage::Unclear => StatusCode::BAD_REQUEST,
        MutePage::Away => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = wording.mute_page(page, language).unwrap_or_else(|why| {
        error!(
            error = &why as &dyn std::error::Error,
            "Template of the page behind links cannot be rendered"
        );
        // Only an operator's can fail. What was asked for is done, or not, all the same.
        status.to_string()
    });
    let mut response = document(status, body);
    if page == MutePage::Away {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("120"));
    }
    response
}

/// Neither GET nor POST.
pub(super) fn other_method(language: Language, wording: &Wording) -> Response<String> {
    let mut refused = answer(MutePage::Unclear, language, wording);
    *refused.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    refused
}

/// No script, nothing loaded, in no frame; the link stays out of caches, of other sites and of search engines.
fn document(status: StatusCode, body: String) -> Response<String> {
    let policy = policy(&body);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (VARY, "Accept-Language"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(HeaderName::from_static("content-security-policy"), policy);
    }
    response
}

/// Allows the style that is in the page, by its hash (CSP3 §8.4), and nothing else.
fn policy(page: &str) -> String {
    let style = page.split_once("<style>").and_then(|(_, rest)| Some(rest.split_once("</style>")?.0));
    let style = style.map_or_else(
        || "'none'".to_owned(),
        |style| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style))),
    );
    format!(
        "default-src 'none'; style-src {style}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn wishes_are_read_and_nothing_else() {
        let multipart =
            "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
        let rows: [(&str, &[u8], Option<Wish>); 12] = [
            (FORM, b"List-Unsubscribe=One-Click", Some(Wish::OneClick)),
            (FORM, b"List-Unsubscribe=One-Click\r\n", Some(Wish::OneClick)),
            ("", b"List-Unsubscribe=One-Click", Some(Wish::OneClick)),
            ("Multipart/Form-Data; boundary=x", multipart.as_bytes(), Some(Wish::OneClick)),
            (FORM, b"mute=event", Some(Wish::MuteEvent)),
            (FORM, b"mute=all", Some(Wish::MuteAll)),
            (FORM, b"unmute=event", Some(Wish::UnmuteEvent)),
            (FORM, b"unmute=all", Some(Wish::UnmuteAll)),
            (FORM, b"unmute=everybody", None),
            (FORM, b"", None),
            (FORM, b"mute=all&x=y", None),
            (FORM, b"\xff", None),
        ];
        for (content_type, body, expected) in rows {
            assert_eq!(wish(content_type, body), expected, "{:?}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn the_mails_language_comes_before_the_browsers_and_that_before_the_usual() {
        use Language::{Arabic, English, French, German, SimplifiedChinese};
        for (of_link, accepted, expected) in [
            (Some("ar"), "de", Arabic),
            (Some("mute"), "de", German),
            (None, "tlh, en;q=0.3, zh-TW;q=0.5", SimplifiedChinese),
            (None, "de;q=0, en;q=0.1", English),
            (None, "*, ;q=x,,q=NaN", French),
            (None, "", French),
        ] {
            assert_eq!(language(of_link, accepted, French), expected, "{of_link:?} {accepted}");
        }
    }

    #[test]
    fn style_of_the_page_is_all_that_is_allowed() {
        let wording = crate::overrides::load(None).unwrap();
        let page = answer(
            MutePage::Muted { event: false, all: false, is_about_all: true },
            Language::English,
            &wording,
        );
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(super::policy("<p>").contains("style-src 'none';"));
    }
}
