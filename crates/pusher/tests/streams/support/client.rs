//! A client that reads frames.

use std::{collections::HashMap, net::SocketAddr};

use reqwest::{Method, Response, header::HeaderMap};
use tokio::time::timeout;

use super::PATIENCE;

pub struct Client {
    pub status: u16,
    pub headers: HeaderMap,
    response: Response,
    unread: String,
}

/// One frame. Comments are under the empty name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame(pub HashMap<String, String>);

impl Client {
    pub async fn get(address: SocketAddr, path: &str, fields: &[(&str, &str)]) -> Self {
        Self::send(&http1(), Method::GET, address, path, fields).await
    }

    pub async fn send(
        client: &reqwest::Client,
        method: Method,
        address: SocketAddr,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Self {
        let mut request = client.request(method, format!("http://{address}{path}"));
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let response = timeout(PATIENCE, request.send()).await.expect("there is no answer").unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, response, unread: String::new() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The next frame; `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, rest)) = self.unread.split_once("\n\n") {
                let frame = Frame::read(frame);
                self.unread = rest.to_owned();
                return Some(frame);
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("nothing comes").unwrap()?;
            assert!(!chunk.contains(&b'\r'), "line feeds only");
            self.unread.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event that is no comment and no `retry`.
    pub async fn event(&mut self) -> Frame {
        loop {
            let frame = self.next().await.expect("the stream is over");
            if frame.0.contains_key("event") {
                return frame;
            }
        }
    }

    /// Everything that is still to come, until the end.
    pub async fn rest(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            frames.push(frame);
        }
        frames
    }

    /// Reads to the end. Whether it broke off there.
    pub async fn is_reset(&mut self) -> bool {
        loop {
            match timeout(PATIENCE, self.response.chunk()).await.expect("nothing comes") {
                Ok(Some(_)) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    pub async fn text(self) -> String {
        self.response.text().await.unwrap()
    }
}

impl Frame {
    fn read(text: &str) -> Self {
        let field =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let fields = text.lines().map(|line| match line.strip_prefix(": ") {
            Some(comment) => (String::new(), comment.to_owned()),
            None => field(line).expect("a field is a name and a value"),
        });
        Self(fields.collect())
    }

    pub fn field(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub fn data(&self) -> serde_json::Value {
        serde_json::from_str(self.field("data")).unwrap()
    }

    pub fn comment(&self) -> &str {
        self.field("")
    }

    pub fn retry(&self) -> Option<u64> {
        self.0.get("retry").map(|retry| retry.parse().unwrap())
    }
}

pub fn http1() -> reqwest::Client {
    kit::tls::install();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A client whose streams take so many octets before they are read.
pub fn http2_with_window(octets: u32) -> reqwest::Client {
    kit::tls::install();
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge();
    client.http2_initial_stream_window_size(octets).build().unwrap()
}

pub fn http2() -> reqwest::Client {
    kit::tls::install();
    reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap()
}
