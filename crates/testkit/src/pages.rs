//! A web server with a few pages that never change: what stands in a mail server's or a webmail's place.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct Pages {
    serving: AbortHandle,
}

/// One of its pages.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its path, without a query.
    pub path: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// What it says.
    pub body: String,
    /// Only who sends exactly this as Cookie is shown it; others are told 401.
    pub cookie: Option<&'static str>,
}

impl Pages {
    /// Serves `pages` on `port` of 127.0.0.1.
    ///
    /// # Panics
    /// When the port is taken.
    pub async fn serve(port: u16, pages: Vec<Page>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
        let serving = tokio::spawn(accept(listener, pages.into())).abort_handle();
        Self { serving }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn accept(listener: TcpListener, pages: Arc<[Page]>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let pages = Arc::clone(&pages);
        connections.spawn(async move {
            // Who leaves before the end needs no answer.
            answer(stream, &pages).await.ok();
        });
    }
}

/// One request, one response.
async fn answer(stream: TcpStream, pages: &[Page]) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 && !line.trim().is_empty() {
        head.push(std::mem::take(&mut line));
    }
    let target = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let path = target.split('?').next();
    let cookie = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("cookie").then(|| value.trim())
    });
    let response = match pages.iter().find(|page| Some(page.path) == path) {
        None => response("404 Not Found", "text/plain", "there is nothing here\n"),
        Some(page) if page.cookie.is_some() && page.cookie != cookie => {
            response("401 Unauthorized", "text/plain", "a cookie is needed\n")
        }
        Some(page) => response("200 OK", page.kind, &page.body),
    };
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

fn response(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
