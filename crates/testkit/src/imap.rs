//! A small IMAP client (RFC 9051) that shows what the server says, line by line.

mod commands;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// More than any answer in a test: a server that talks without end fails it.
const LONGEST_ANSWER: usize = 10_000;

/// A logged-in connection.
#[derive(Debug)]
pub struct Imap {
    stream: BufReader<TcpStream>,
    number: u32,
}

impl Imap {
    /// Connects to 127.0.0.1 and logs in.
    pub async fn login(port: u16, user: &str, password: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the IMAP port listens");
        // Small commands go out at once: Nagle's wait would be taken for the server's.
        stream.set_nodelay(true).expect("the socket is ours");
        let mut imap = Self { stream: BufReader::new(stream), number: 0 };
        let greeting = imap.line().await;
        assert!(greeting.starts_with("* OK"), "the greeting is {greeting}");
        imap.run(&format!("LOGIN {user} {password}")).await;
        imap
    }

    /// Runs a command and returns the untagged lines of its answer and, last, the tagged one without its tag.
    ///
    /// # Panics
    /// When the answer is not OK; see [`Imap::try_run`].
    pub async fn run(&mut self, command: &str) -> Vec<String> {
        match self.try_run(command).await {
            Ok(lines) => lines,
            Err(answer) => panic!("{} was answered {answer}", first_word(command)),
        }
    }

    /// Runs a command; the answer NO or BAD is the error.
    ///
    /// # Errors
    /// The tagged line without its tag.
    pub async fn try_run(&mut self, command: &str) -> Result<Vec<String>, String> {
        let tag = self.tag();
        self.send(format!("{tag} {command}\r\n").as_bytes()).await;
        self.answer(&tag).await
    }

    /// Appends `message` to `folder` with `flags` (such as `\Draft`, or nothing).
    pub async fn append(&mut self, folder: &str, flags: &str, message: &str) {
        let tag = self.tag();
        let head = format!("{tag} APPEND \"{folder}\" ({flags}) {{{}}}\r\n", message.len());
        self.send(head.as_bytes()).await;
        let go_on = self.line().await;
        assert!(go_on.starts_with('+'), "APPEND was answered {go_on}");
        self.send(message.as_bytes()).await;
        self.send(b"\r\n").await;
        self.answer(&tag).await.unwrap_or_else(|answer| panic!("APPEND was answered {answer}"));
    }

    fn tag(&mut self) -> String {
        self.number += 1;
        format!("t{}", self.number)
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.expect("the IMAP server reads");
    }

    async fn answer(&mut self, tag: &str) -> Result<Vec<String>, String> {
        let mut lines = Vec::new();
        while lines.len() < LONGEST_ANSWER {
            let line = self.line().await;
            let Some(tagged) = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) else {
                lines.push(line);
                continue;
            };
            if !tagged.starts_with("OK") {
                return Err(tagged.to_owned());
            }
            lines.push(tagged.to_owned());
            return Ok(lines);
        }
        panic!("an answer of more than {LONGEST_ANSWER} lines");
    }

    /// One line of an answer, with the literals in it.
    async fn line(&mut self) -> String {
        let mut line = Vec::new();
        loop {
            let read = self.stream.read_until(b'\n', &mut line).await.expect("the IMAP server answers");
            assert!(read > 0, "the IMAP server closed the connection");
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let Some(length) = literal(&text) else { return text };
            let mut bytes = vec![0; length];
            self.stream.read_exact(&mut bytes).await.expect("the IMAP server sends its literal");
            line.extend(bytes);
        }
    }
}

/// The length of the literal that a line announces at its end: `{12}`.
fn literal(line: &str) -> Option<usize> {
    let (_, length) = line.strip_suffix('}')?.rsplit_once('{')?;
    length.parse().ok()
}

fn first_word(command: &str) -> &str {
    command.split(' ').next().unwrap_or_default()
}
