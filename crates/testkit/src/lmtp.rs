//! Delivery as a mail transfer agent does it: LMTP (RFC 2033).

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Delivers `message` (RFC 5322 text) to `recipient` through the LMTP server on `port`.
///
/// # Panics
/// With the server's answer when it refuses; see [`try_deliver`] for tests of refusals.
pub async fn deliver(port: u16, recipient: &str, message: &str) {
    if let Err(answer) = try_deliver(port, recipient, message).await {
        panic!("the LMTP server refused the mail: {answer}");
    }
}

/// Delivers `message`, or returns the answer that refused it.
///
/// # Errors
/// The first answer that is neither 2xx nor 3xx, as the server wrote it.
pub async fn try_deliver(port: u16, recipient: &str, message: &str) -> Result<(), String> {
    send(port, "LHLO client.example", recipient, message).await
}

/// Sends `message` after the greeting `hello`: `LHLO name` for LMTP, `EHLO name` for SMTP (RFC 5321).
///
/// # Errors
/// The first answer that is neither 2xx nor 3xx, as the server wrote it.
pub async fn send(port: u16, hello: &str, recipient: &str, message: &str) -> Result<(), String> {
    send_from(port, hello, "robn@example.org", recipient, message).await
}

/// As [`send`], from `sender`, which is empty for a bounce.
///
/// # Errors
/// As with [`send`].
pub async fn send_from(
    port: u16,
    hello: &str,
    sender: &str,
    recipient: &str,
    message: &str,
) -> Result<(), String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the port listens");
    let mut stream = BufReader::new(stream);
    answer(&mut stream).await?;
    for command in [hello, &format!("MAIL FROM:<{sender}>"), &format!("RCPT TO:<{recipient}>"), "DATA"] {
        write(&mut stream, &format!("{command}\r\n")).await;
        answer(&mut stream).await?;
    }
    // A line that begins with a dot gets another (RFC 5321 §4.5.2).
    let stuffed = message.replace("\r\n.", "\r\n..");
    write(&mut stream, &format!("{stuffed}\r\n.\r\n")).await;
    answer(&mut stream).await
}

async fn write(stream: &mut BufReader<TcpStream>, text: &str) {
    stream.get_mut().write_all(text.as_bytes()).await.expect("the server reads");
}

/// Reads one answer of one or more lines (`250-…`, `250 …`).
async fn answer(stream: &mut BufReader<TcpStream>) -> Result<(), String> {
    loop {
        let mut line = String::new();
        let read = stream.read_line(&mut line).await.expect("the server answers in UTF-8");
        assert!(read > 0, "the server closed the connection");
        if line.as_bytes().get(3) == Some(&b'-') {
            continue;
        }
        return if line.starts_with(['2', '3']) { Ok(()) } else { Err(line.trim_end().to_owned()) };
    }
}
