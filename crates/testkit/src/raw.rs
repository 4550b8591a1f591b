//! Octets as they are, for what no client would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How an exchange ended.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Everything that came back.
    pub octets: Vec<u8>,
    /// Whether the other side closed the connection in time.
    pub is_closed: bool,
}

/// Sends `octets` to `port` of 127.0.0.1 and reads until the other side closes, or `deadline`.
///
/// # Panics
/// When nothing listens there.
pub async fn exchange(port: u16, octets: &[u8], deadline: Duration) -> Answer {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("something listens there");
    let (mut from, mut to) = stream.into_split();
    let mut answer = Answer { octets: Vec::new(), is_closed: false };
    let reading = async {
        let mut buffer = vec![0; 16 << 10];
        // A reset ends it as well: what was said before counts.
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            answer.octets.extend_from_slice(&buffer[..length]);
        }
        answer.is_closed = true;
    };
    let writing = async {
        // It may be refused before all is sent.
        to.write_all(octets).await.ok();
        std::future::pending::<()>().await;
    };
    // Running out of time is what `is_closed` tells.
    timeout(deadline, async {
        tokio::select! { () = reading => {}, () = writing => {} }
    })
    .await
    .ok();
    answer
}

impl Answer {
    /// As text, with what is no UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.octets).into_owned()
    }

    /// The status of each response in it, in order.
    #[must_use]
    pub fn statuses(&self) -> Vec<u16> {
        statuses(&self.octets)
    }
}

/// The status of each HTTP/1 response in `octets`, in order. No body of ours holds what looks like a status line.
#[must_use]
pub fn statuses(octets: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(octets);
    let after =
        |version: &str| text.match_indices(version).map(|(at, _)| at + version.len()).collect::<Vec<_>>();
    let mut places = [after("HTTP/1.1 "), after("HTTP/1.0 ")].concat();
    places.sort_unstable();
    places.into_iter().filter_map(|at| text.get(at..at + 3)?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_found_wherever_a_response_begins() {
        let text = b"HTTP/1.1 200 OK\r\n\r\n0\r\n\r\nHTTP/1.0 400 Bad Request\r\n\r\n";
        assert_eq!(statuses(text), [200, 400]);
        assert_eq!(statuses(b""), [0_u16; 0]);
    }
}
