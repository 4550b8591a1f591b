//! The head of a request of HTTP/1 (RFC 9112), read strictly: what two readers could read differently is refused.

use httparse::{Error, Status};
use hyper::{
    HeaderMap, Method, Request, StatusCode, Uri, Version,
    header::{self, HeaderName, HeaderValue},
    http::{request::Parts, uri::Authority},
};

/// The line with the target, in octets. RFC 9112 §3 asks for at least 8000; ours are a tenth of that.
pub(super) const LONGEST_LINE: usize = 8 << 10;

/// Of these a second one would frame another request. Those that say who asks are looked at for all versions.
const ONCE: [HeaderName; 3] = [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// Why a request is not answered with what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    /// 400
    #[error("this is no request of HTTP/1.1")]
    Malformed,
    /// 400
    #[error("a request has one Host")]
    Host,
    /// 400
    #[error("a field that may be there once is there twice")]
    Twice,
    /// 400
    #[error("the length of the body is not clear")]
    Length,
    /// 408
    #[error("the request did not come in time")]
    Late,
    /// 414
    #[error("the target is too long")]
    Target,
    /// 431
    #[error("the head of the request is too large")]
    Large,
}

impl Wrong {
    /// The status of its answer.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::Host | Self::Twice | Self::Length => StatusCode::BAD_REQUEST,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::Target => StatusCode::URI_TOO_LONG,
            Self::Large => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }
}

/// Looks for the empty line after a head, in octets as they come; each is looked at once.
#[derive(Debug, Default)]
pub(super) struct Scan {
    seen: usize,
    /// Where the line began that is read.
    line: usize,
    is_first_line_over: bool,
}

impl Scan {
    /// The length of the head once all of it is there. `octets` begins as it did the last time.
    ///
    /// Each line ends with CR LF, and neither stands alone: a proxy may see one line where the next reader sees two
    /// (RFC 9112 §2.2 and §11.1).
    pub(super) fn end(&mut self, octets: &[u8]) -> Result<Option<usize>, Wrong> {
        while let Some(octet) = octets.get(self.seen) {
            let after_cr = self.seen > 0 && octets[self.seen - 1] == b'\r';
            if after_cr != (*octet == b'\n') {
                return Err(Wrong::Malformed);
            }
            self.seen += 1;
            if *octet == b'\n' {
                let length = self.seen - std::mem::replace(&mut self.line, self.seen);
                if length == b"\r\n".len() {
                    return Ok(Some(self.seen));
                }
                self.is_first_line_over = true;
            }
        }
        if !self.is_first_line_over && self.seen > LONGEST_LINE { Err(Wrong::Target) } else { Ok(None) }
    }
}

/// Reads a whole head, the empty line included, of no more than `most_fields` fields.
pub(super) fn parse(octets: &[u8], most_fields: usize) -> Result<Parts, Wrong> {
    let mut fields = vec![httparse::EMPTY_HEADER; most_fields];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(octets) {
        Ok(Status::Complete(length)) if length == octets.len() => {}
        Err(Error::TooManyHeaders) => return Err(Wrong::Large),
        Ok(_) | Err(_) => return Err(Wrong::Malformed),
    }
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = request.method.and_then(|name| Method::try_from(name).ok()).ok_or(Wrong::Malformed)?;
    parts.uri = request.path.map_or(Err(Wrong::Malformed), target)?;
    parts.version = if request.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    parts.headers = field_map(request.headers)?;
    check_host(&parts)?;
    check_length(&parts)?;
    Ok(parts)
}

/// Of a target in absolute form only the path counts here (RFC 9112 §3.2.2).
fn target(text: &str) -> Result<Uri, Wrong> {
    // A fragment is never sent; the parser would cut it off.
    if text.len() > LONGEST_LINE {
        return Err(Wrong::Target);
    }
    if text.contains('#') {
        return Err(Wrong::Malformed);
    }
    Uri::try_from(text).map_err(|_| Wrong::Malformed)
}

fn field_map(fields: &[httparse::Header<'_>]) -> Result<HeaderMap, Wrong> {
    let mut map = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Wrong::Malformed)?;
        let value = HeaderValue::from_bytes(field.value).map_err(|_| Wrong::Malformed)?;
        map.append(name, value);
    }
    let is_twice = |name: &HeaderName| map.get_all(name).iter().nth(1).is_some();
    if ONCE.iter().any(is_twice) { Err(Wrong::Twice) } else { Ok(map) }
}

/// RFC 9112 §3.2: exactly one, which is an authority without userinfo; HTTP/1.0 may have none.
fn check_host(parts: &Parts) -> Result<(), Wrong> {
    let Some(host) = parts.headers.get(header::HOST) else {
        return if parts.version == Version::HTTP_10 { Ok(()) } else { Err(Wrong::Host) };
    };
    let host = host.as_bytes();
    let is_authority = !host.contains(&b'@') && Authority::try_from(host).is_ok();
    if host.is_empty() || is_authority { Ok(()) } else { Err(Wrong::Host) }
}

/// RFC 9112 §6.1 and §6.3: where the length could be read in two ways, one of them smuggles a request.
fn check_length(parts: &Parts) -> Result<(), Wrong> {
    let length = parts.headers.get(header::CONTENT_LENGTH).map(HeaderValue::as_bytes);
    let encoding = parts.headers.get(header::TRANSFER_ENCODING);
    let is_number = |length: &[u8]| !length.is_empty() && length.iter().all(u8::is_ascii_digit);
    let is_clear = match (length, encoding) {
        (Some(_), Some(_)) => false,
        (None, Some(encoding)) => parts.version == Version::HTTP_11 && encoding == "chunked",
        (Some(length), None) => is_number(length),
        (None, None) => true,
    };
    if is_clear { Ok(()) } else { Err(Wrong::Length) }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
