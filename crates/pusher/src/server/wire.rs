//! Responses in the form of HTTP/1.1 (RFC 9112 §4). Each says that the connection ends with it.

use std::time::SystemTime;

use bytes::Bytes;
use hyper::{
    Method, StatusCode,
    header::{self, HeaderMap},
    http::response::Parts,
};

/// More than any head of ours.
const USUAL_HEAD: usize = 512;

/// The head of a response whose body ends with the connection (RFC 9112 §6.3): frames go out as they are, and one
/// allocation serves many streams.
pub(super) fn stream_head(parts: &Parts, now: SystemTime) -> Bytes {
    let mut octets = status_and_fields(parts.status, &parts.headers, now);
    octets.extend_from_slice(b"\r\n");
    octets.into()
}

/// A response that is there as a whole.
pub(super) fn whole(parts: &Parts, method: &Method, body: &[u8], now: SystemTime) -> Vec<u8> {
    let mut octets = status_and_fields(parts.status, &parts.headers, now);
    // RFC 9110 §8.6: not with 204.
    if parts.status != StatusCode::NO_CONTENT {
        field(&mut octets, header::CONTENT_LENGTH.as_str(), body.len().to_string().as_bytes());
    }
    octets.extend_from_slice(b"\r\n");
    if *method != Method::HEAD {
        octets.extend_from_slice(body);
    }
    octets
}

fn status_and_fields(status: StatusCode, fields: &HeaderMap, now: SystemTime) -> Vec<u8> {
    let mut octets = Vec::with_capacity(USUAL_HEAD);
    octets.extend_from_slice(b"HTTP/1.1 ");
    octets.extend_from_slice(status.as_str().as_bytes());
    octets.push(b' ');
    octets.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    octets.extend_from_slice(b"\r\n");
    for (name, value) in fields {
        field(&mut octets, name.as_str(), value.as_bytes());
    }
    field(&mut octets, header::DATE.as_str(), httpdate::fmt_http_date(now).as_bytes());
    field(&mut octets, header::CONNECTION.as_str(), b"close");
    octets
}

fn field(octets: &mut Vec<u8>, name: &str, value: &[u8]) {
    octets.extend_from_slice(name.as_bytes());
    octets.extend_from_slice(b": ");
    octets.extend_from_slice(value);
    octets.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use hyper::Response;

    use super::*;

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(784_111_777)
    }

    fn written(status: u16, method: &Method) -> String {
        let response = Response::builder().status(status).header("allow", "GET").body(()).unwrap();
        String::from_utf8(whole(&response.into_parts().0, method, b"no\n", now())).unwrap()
    }

    #[test]
    fn a_response_says_its_length_and_that_it_is_the_last() {
        let fields = "allow: GET\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nconnection: close\r\n";
        let head = format!("HTTP/1.1 405 Method Not Allowed\r\n{fields}content-length: 3\r\n\r\n");
        assert_eq!(written(405, &Method::GET), format!("{head}no\n"));
        assert_eq!(written(405, &Method::HEAD), head);
        assert_eq!(written(204, &Method::HEAD), format!("HTTP/1.1 204 No Content\r\n{fields}\r\n"));
    }

    #[test]
    fn a_streams_head_says_no_length() {
        let (parts, ()) = Response::new(()).into_parts();
        let head = String::from_utf8(stream_head(&parts, now()).to_vec()).unwrap();
        assert_eq!(
            head,
            "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nconnection: close\r\n\r\n"
        );
    }
}
