//! A follower of an event stream, as a browser reads it.

mod parser;

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use tokio::time::timeout;

pub use parser::Frame;
use parser::Parser;

/// An open stream. It records everything it sees.
#[derive(Debug)]
pub struct Stream {
    response: reqwest::Response,
    parser: Parser,
    seen: Vec<Frame>,
    given: usize,
}

impl Stream {
    /// Opens `url` with `headers` and expects an event stream.
    ///
    /// # Panics
    /// When the answer is not 200 with `text/event-stream`; see [`Stream::try_connect`].
    pub async fn connect(url: &str, headers: &[(&str, &str)]) -> Self {
        let stream = Self::try_connect(url, headers).await;
        let stream =
            stream.unwrap_or_else(|(status, body)| panic!("the stream was answered {status}: {body}"));
        let kind = stream.headers().get("content-type").and_then(|value| value.to_str().ok());
        assert!(
            kind.is_some_and(|kind| kind.starts_with("text/event-stream")),
            "the content type is {kind:?}"
        );
        stream
    }

    /// Opens `url` with `headers`.
    ///
    /// # Errors
    /// Status and body of an answer other than 200.
    pub async fn try_connect(url: &str, headers: &[(&str, &str)]) -> Result<Self, (StatusCode, String)> {
        Self::try_connect_by(&crate::http_client(), url, headers).await
    }

    /// The same, by a client of the test's own.
    ///
    /// # Errors
    /// Status and body of an answer other than 200.
    pub async fn try_connect_by(
        client: &reqwest::Client,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, (StatusCode, String)> {
        let mut request = client.get(url).header("Accept", "text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("the stream's port answers");
        if response.status() != StatusCode::OK {
            return Err((response.status(), response.text().await.unwrap_or_default()));
        }
        Ok(Self { response, parser: Parser::default(), seen: Vec::new(), given: 0 })
    }

    /// The version of HTTP that is spoken.
    #[must_use]
    pub fn version(&self) -> reqwest::Version {
        self.response.version()
    }

    /// The headers of the answer.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next frame: an event, or a comment or `retry:` that stands alone.
    ///
    /// # Panics
    /// When none comes within `deadline`, or the stream ends.
    pub async fn next_frame(&mut self, deadline: Duration) -> Frame {
        let next = timeout(deadline, self.try_next()).await;
        let next =
            next.unwrap_or_else(|_| panic!("no frame within {deadline:?} after {:?}", self.seen.last()));
        next.unwrap_or_else(|| panic!("the stream ended after {:?}", self.seen.last()))
    }

    /// The next event; comments and lone `retry:` lines are recorded and passed over.
    pub async fn next_event(&mut self, deadline: Duration) -> Frame {
        let end = tokio::time::Instant::now() + deadline;
        loop {
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            let frame = self.next_frame(left).await;
            if frame.data.is_some() {
                return frame;
            }
        }
    }

    /// The next frame, or `None` when the server has ended the stream.
    pub async fn try_next(&mut self) -> Option<Frame> {
        while self.given == self.seen.len() {
            let bytes = self.response.chunk().await.ok().flatten()?;
            self.seen.extend(self.parser.push(&bytes));
        }
        self.given += 1;
        self.seen.get(self.given - 1).cloned()
    }

    /// Everything seen since the start, in order.
    #[must_use]
    pub fn seen(&self) -> &[Frame] {
        &self.seen
    }
}
