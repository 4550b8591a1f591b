//! A client that nobody of this project wrote would do as well: the protocol by hand.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::Nats;

/// A server answers at once; a busy machine takes a while.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// A connection to a server.
#[derive(Debug)]
pub struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects as nobody.
    pub async fn connect(nats: &Nats) -> Self {
        Self::greet(nats, json!({ "verbose": false })).await
    }

    /// Connects as `user`.
    pub async fn connect_as(nats: &Nats, user: &str, password: &str) -> Self {
        Self::greet(nats, json!({ "verbose": false, "user": user, "pass": password })).await
    }

    async fn greet(nats: &Nats, options: serde_json::Value) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", nats.port())).await.expect("nats-server listens");
        let mut client = Self(BufReader::new(stream));
        client.line_with("INFO").await;
        client.send(&format!("CONNECT {options}\r\n")).await;
        client
    }

    /// Sends text of the protocol.
    pub async fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).await.expect("nats-server takes it");
    }

    /// Reads until a line holds `part`, and returns it.
    pub async fn line_with(&mut self, part: &str) -> String {
        let read = async {
            loop {
                let line = self.line().await;
                if line.contains(part) {
                    return line;
                }
            }
        };
        tokio::time::timeout(ANSWER_WITHIN, read).await.unwrap_or_else(|_| panic!("no line with {part:?}"))
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).await.expect("nats-server writes text");
        assert!(read > 0, "nats-server closed the connection");
        line
    }

    /// Whether there is anything to read within `time`.
    pub async fn hears_within(&mut self, time: Duration) -> bool {
        let mut octet = [0];
        tokio::time::timeout(time, self.0.read(&mut octet)).await.is_ok()
    }

    /// Publishes a request, and reads until the answer holds `part`.
    pub async fn ask(&mut self, subject: &str, payload: &str, part: &str) {
        let request = format!("SUB answers 1\r\nPUB {subject} answers {}\r\n{payload}\r\n", payload.len());
        self.send(&request).await;
        self.line_with(part).await;
    }

    /// Whether the server lets this user publish to `subject`. Nothing is in what it publishes.
    pub async fn may_publish(&mut self, subject: &str) -> bool {
        self.is_allowed(&format!("PUB {subject} 0\r\n\r\n")).await
    }

    /// Whether the server lets this user subscribe to `subject`.
    pub async fn may_subscribe(&mut self, subject: &str) -> bool {
        self.is_allowed(&format!("SUB {subject} 7\r\nUNSUB 7\r\n")).await
    }

    /// A refusal comes before the answer to what is sent after it.
    async fn is_allowed(&mut self, text: &str) -> bool {
        self.send(&format!("{text}PING\r\n")).await;
        let read = async {
            let mut is_allowed = true;
            loop {
                let line = self.line().await;
                match line.as_str() {
                    "PONG\r\n" => return is_allowed,
                    "PING\r\n" => self.send("PONG\r\n").await,
                    line => is_allowed &= !line.contains("Permissions Violation"),
                }
            }
        };
        tokio::time::timeout(ANSWER_WITHIN, read).await.expect("nats-server answers")
    }
}
