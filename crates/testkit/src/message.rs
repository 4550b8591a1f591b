//! Texts of mails (RFC 5322).

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// A plain mail; every field may be replaced.
#[derive(Debug, Clone)]
pub struct Message {
    /// The `From` header.
    pub from: String,
    /// The `To` header.
    pub to: String,
    /// The `Subject` header, already encoded (RFC 2047) where it is not ASCII.
    pub subject: String,
    /// Further header lines, each with its CRLF.
    pub headers: String,
    /// The body, UTF-8, lines ended by CRLF.
    pub body: String,
}

/// A mail from Robert to Alice about `subject`.
#[must_use]
pub fn message(subject: &str) -> Message {
    Message {
        from: "Robert Norris <robn@example.org>".to_owned(),
        to: "alice@example.org".to_owned(),
        subject: subject.to_owned(),
        headers: String::new(),
        body: "Hello there.\r\nSee you on Friday.\r\n".to_owned(),
    }
}

impl Message {
    /// The same mail to somebody else.
    #[must_use]
    pub fn to(mut self, to: &str) -> Self {
        to.clone_into(&mut self.to);
        self
    }

    /// The same mail with another body.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// The text, with a Message-ID that no other call gives.
    #[must_use]
    pub fn text(&self) -> String {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let date = jiff::fmt::rfc2822::to_string(&Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC))
            .expect("the present has a date");
        format!(
            "From: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}.{number}@testkit.example>\r\nDate: {date}\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n{}\r\n{}",
            self.from,
            self.to,
            self.subject,
            std::process::id(),
            self.headers,
            self.body,
        )
    }
}
