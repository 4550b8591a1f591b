//! What the port says and what it understands; no I/O. Nothing here depends on whose link it is.

use hyper::{
    Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER},
};

/// What a recipient asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Their mail program does, by one click (RFC 8058 §3.2).
    OneClick,
    /// No more about this event.
    MuteEvent,
    /// No more at all.
    MuteAll,
    /// All of it back.
    Unmute,
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
        "mute=nothing" => Some(Wish::Unmute),
        _ => None,
    }
}

const ASK: &str = "<h1>Calendar reminders</h1>\
    <p>Which reminders should no longer be sent to you by mail?</p>\
    <button name=mute value=event>Reminders of this event</button> \
    <button name=mute value=all>All reminders</button>";
const MUTED: &str = "<h1>Calendar reminders</h1><p>You will get no more of these mails.</p>\
    <button name=mute value=nothing>Send them again</button>";
const UNMUTED: &str = "<h1>Calendar reminders</h1><p>Reminders are sent to you again.</p>";
const UNKNOWN: &str = "<h1>Not found</h1><p>This link is not complete, or not one of ours.</p>";
const UNCLEAR: &str = "<h1>Not understood</h1>";
const AWAY: &str = "<h1>Not now</h1><p>Please try again in a few minutes.</p>";

/// The page behind a link.
pub(super) fn ask() -> Response<String> {
    page(StatusCode::OK, ASK)
}

/// A wish was fulfilled, by this request or before.
pub(super) fn done(wish: Wish) -> Response<String> {
    page(StatusCode::OK, if wish == Wish::Unmute { UNMUTED } else { MUTED })
}

/// The link is none: always the same, so that nobody learns how near it is to one.
pub(super) fn unknown() -> Response<String> {
    page(StatusCode::NOT_FOUND, UNKNOWN)
}

/// The body asks for nothing that there is.
pub(super) fn unclear() -> Response<String> {
    page(StatusCode::BAD_REQUEST, UNCLEAR)
}

/// The database is away.
pub(super) fn away() -> Response<String> {
    let mut away = page(StatusCode::SERVICE_UNAVAILABLE, AWAY);
    away.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("120"));
    away
}

/// Neither GET nor POST.
pub(super) fn other_method() -> Response<String> {
    let mut refused = page(StatusCode::METHOD_NOT_ALLOWED, UNCLEAR);
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    refused
}

/// No script, nothing loaded, in no frame; the link stays out of caches, of other sites and of search engines.
fn page(status: StatusCode, content: &str) -> Response<String> {
    let body = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Calendar reminders</title><form method=post>{content}</form></html>\n"
    );
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("content-security-policy"), policy),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn wishes_are_read_and_nothing_else() {
        let multipart =
            "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
        let rows: [(&str, &[u8], Option<Wish>); 10] = [
            (FORM, b"List-Unsubscribe=One-Click", Some(Wish::OneClick)),
            (FORM, b"List-Unsubscribe=One-Click\r\n", Some(Wish::OneClick)),
            ("", b"List-Unsubscribe=One-Click", Some(Wish::OneClick)),
            ("Multipart/Form-Data; boundary=x", multipart.as_bytes(), Some(Wish::OneClick)),
            (FORM, b"mute=event", Some(Wish::MuteEvent)),
            (FORM, b"mute=all", Some(Wish::MuteAll)),
            (FORM, b"mute=nothing", Some(Wish::Unmute)),
            (FORM, b"", None),
            (FORM, b"mute=all&x=y", None),
            (FORM, b"\xff", None),
        ];
        for (content_type, body, expected) in rows {
            assert_eq!(wish(content_type, body), expected, "{:?}", String::from_utf8_lossy(body));
        }
    }
}
