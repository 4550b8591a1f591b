//! What the admin port says; no I/O.

use hyper::{
    Method, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, HeaderValue},
};
use prometheus_client::{encoding::text::encode, registry::Registry};

use crate::readiness::Readiness;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// The answer to a request.
pub(super) fn answer(
    method: &Method,
    path: &str,
    readiness: &Readiness,
    registry: &Registry,
) -> Response<String> {
    if !matches!(path, "/live" | "/ready" | "/metrics") {
        return text(StatusCode::NOT_FOUND, "not found\n".into());
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".into());
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match path {
        "/ready" => ready(readiness),
        "/metrics" => metrics(registry),
        _ => text(StatusCode::OK, "live\n".into()),
    }
}

fn ready(readiness: &Readiness) -> Response<String> {
    let down = readiness.down();
    let lines: String = down.iter().map(|down| format!("{}: {}\n", down.gate, down.reason)).collect();
    if down.iter().all(|down| down.is_notice) {
        return text(StatusCode::OK, format!("ready\n{lines}"));
    }
    text(StatusCode::SERVICE_UNAVAILABLE, lines)
}

fn metrics(registry: &Registry) -> Response<String> {
    let mut body = String::new();
    if encode(&mut body, registry).is_err() {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "metrics cannot be written\n".into());
    }
    with_type(StatusCode::OK, OPEN_METRICS, body)
}

pub(super) fn text(status: StatusCode, body: String) -> Response<String> {
    with_type(status, TEXT, body)
}

fn with_type(status: StatusCode, content_type: HeaderValue, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_paths_are_not_found_and_other_methods_not_allowed() {
        let (readiness, registry) = (Readiness::new(), Registry::default());
        let status = |method, path| answer(&method, path, &readiness, &registry).status().as_u16();
        assert_eq!(status(Method::GET, "/live"), 200);
        assert_eq!(status(Method::HEAD, "/metrics"), 200);
        assert_eq!(status(Method::GET, "/"), 404);
        assert_eq!(status(Method::POST, "/nothing"), 404);
        assert_eq!(status(Method::POST, "/ready"), 405);
    }

    #[test]
    fn gates_that_are_down_are_named() {
        let (readiness, registry) = (Readiness::new(), Registry::default());
        readiness.gate("spool").up();
        readiness.gate("bus").down("away");
        let response = answer(&Method::GET, "/ready", &readiness, &registry);
        assert_eq!((response.status().as_u16(), response.body().as_str()), (503, "bus: away\n"));
        readiness.gate("bus").up();
        assert_eq!(answer(&Method::GET, "/ready", &readiness, &registry).body(), "ready\n");
        readiness.notice("smtp").down("away");
        let response = answer(&Method::GET, "/ready", &readiness, &registry);
        assert_eq!((response.status().as_u16(), response.body().as_str()), (200, "ready\nsmtp: away\n"));
    }
}
