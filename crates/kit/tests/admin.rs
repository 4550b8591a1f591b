//! The admin port over real sockets.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use kit::{
    admin::{self, AdminError, AdminPort, AdminServer, Orders},
    readiness::Readiness,
};
use prometheus_client::{metrics::counter::Counter, registry::Registry};

const LOCAL: &str = "127.0.0.1:0";

fn start(readiness: &Readiness, registry: Registry) -> AdminServer {
    admin::serve(LOCAL.parse().unwrap(), readiness.clone(), Arc::new(registry)).unwrap()
}

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get(address: SocketAddr, path: &str) -> String {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n"))
}

#[test]
fn readiness_and_metrics_are_served_from_outside_any_runtime() {
    let (readiness, mut registry) = (Readiness::new(), Registry::default());
    let counter = Counter::<u64>::default();
    registry.register("mails", "Mails", counter.clone());
    counter.inc_by(7);
    let gate = readiness.gate("bus");
    let server = start(&readiness, registry);
    assert!(get(server.local_addr(), "/live").starts_with("HTTP/1.1 200"));
    let down = get(server.local_addr(), "/ready");
    assert!(down.starts_with("HTTP/1.1 503") && down.ends_with("bus: starting\n"), "{down}");
    gate.up();
    assert!(get(server.local_addr(), "/ready").starts_with("HTTP/1.1 200"));
    let metrics = get(server.local_addr(), "/metrics");
    assert!(metrics.contains("mails_total 7\n") && metrics.ends_with("# EOF\n"), "{metrics}");
    assert!(metrics.contains("application/openmetrics-text"), "{metrics}");
}

#[test]
fn oversized_heads_are_cut() {
    let server = start(&Readiness::new(), Registry::default());
    let request = format!("GET /live HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let mut stream = TcpStream::connect(server.local_addr()).unwrap();
    // The server may close before it has read all of it.
    stream.write_all(request.as_bytes()).ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    assert!(get(server.local_addr(), "/live").starts_with("HTTP/1.1 200"));
}

#[test]
fn port_is_free_again_after_the_drop_and_taken_before() {
    let server = start(&Readiness::new(), Registry::default());
    let address = server.local_addr();
    let again = || admin::serve(address, Readiness::new(), Arc::new(Registry::default()));
    assert!(matches!(again(), Err(AdminError::Listen { .. })));
    drop(server);
    assert!(again().is_ok());
}

#[test]
fn orders_reach_the_program_and_none_from_a_web_page_does() {
    let act = |name: &'static str| -> admin::Act {
        Arc::new(move |order| {
            let body = String::from_utf8_lossy(&order.body).into_owned();
            Box::pin(std::future::ready((hyper::StatusCode::OK, format!("{name} {body}"))))
        })
    };
    let orders = Orders::default().with("/revoke", act("revoked")).with("/drop", act("dropped"));
    let port = AdminPort::bind(LOCAL.parse().unwrap()).unwrap();
    let server = port.serve(Readiness::new(), Arc::new(Registry::default()), orders).unwrap();
    let post = |path: &str, fields: &str, body: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n{fields}");
        ask(server.local_addr(), &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()))
    };
    let done = post("/revoke", "", "alice");
    assert!(done.starts_with("HTTP/1.1 200") && done.ends_with("revoked alice\n"), "{done}");
    assert!(post("/drop", "", "7").ends_with("dropped 7\n"));
    assert!(post("/revoke", "Origin: https://evil.example\r\n", "alice").starts_with("HTTP/1.1 403"));
    assert!(post("/revoke", "", &"a".repeat(5000)).starts_with("HTTP/1.1 413"));
    assert!(post("/other", "", "").starts_with("HTTP/1.1 404"));
    assert!(post("/ready", "", "").starts_with("HTTP/1.1 405"));
    assert!(get(server.local_addr(), "/revoke").starts_with("HTTP/1.1 404"));
}

#[test]
fn a_bound_port_is_taken_and_serves_who_came_before_it_was_served() {
    let port = AdminPort::bind(LOCAL.parse().unwrap()).unwrap();
    let serve = || port.serve(Readiness::new(), Arc::new(Registry::default()), Orders::default()).unwrap();
    let address = serve().local_addr();
    assert!(matches!(AdminPort::bind(address), Err(AdminError::Listen { .. })));
    let early = std::thread::spawn(move || get(address, "/live"));
    let server = serve();
    assert!(early.join().unwrap().starts_with("HTTP/1.1 200"));
    drop(server);
}
