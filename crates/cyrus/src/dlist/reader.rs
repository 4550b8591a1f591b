//! A notification that arrives in pieces.

use super::{Value, frame::Frame};
use crate::{
    Malformed, Notice,
    notice::{MOST_OPTIONS, exact, readable},
};

/// Reads the one notification of a connection, in whatever pieces it arrives.
///
/// Holds at most `limit` octets and looks at each octet once while waiting. What follows the line's CRLF is ignored:
/// Cyrus sends one notification per connection. Synchronising literals `{n}` are read like `{n+}`, without the
/// continuation that IMAP would ask for.
#[derive(Debug)]
pub struct Reader {
    limit: usize,
    frame: Frame,
    line: Vec<u8>,
    outcome: Option<Result<(), Malformed>>,
}

impl Reader {
    /// `limit` is the most octets of a notification, its CRLF included.
    pub fn new(limit: usize) -> Self {
        Self { limit, frame: Frame::new(), line: Vec::new(), outcome: None }
    }

    /// Takes the next octets. `Ok(None)` means that more is needed, or that the notification was returned before.
    /// After an error the reader holds nothing and repeats the error.
    pub fn push(&mut self, octets: &[u8]) -> Result<Option<Notice>, Malformed> {
        match self.outcome {
            Some(outcome) => outcome.map(|()| None),
            None => self.advance(octets).inspect_err(|error| self.finish(Err(*error))),
        }
    }

    fn advance(&mut self, octets: &[u8]) -> Result<Option<Notice>, Malformed> {
        let room = self.limit - self.line.len();
        let end = self.frame.advance(octets, room)?;
        let piece = &octets[..end.unwrap_or(octets.len())];
        if piece.len() > room {
            return Err(Malformed::TooLarge);
        }
        let is_whole = end.is_some();
        // Mostly it comes in one piece, which is read where it lies.
        if !is_whole || !self.line.is_empty() {
            self.keep(piece);
        }
        if !is_whole {
            return Ok(None);
        }
        let notice = notice(if self.line.is_empty() { piece } else { &self.line })?;
        self.finish(Ok(()));
        Ok(Some(notice))
    }

    /// Appends, growing by doubling but never past the limit.
    fn keep(&mut self, piece: &[u8]) {
        let needed = self.line.len() + piece.len();
        if needed > self.line.capacity() {
            let capacity = needed.max(self.line.capacity() * 2).min(self.limit);
            self.line.reserve_exact(capacity - self.line.len());
        }
        self.line.extend_from_slice(piece);
    }

    fn finish(&mut self, outcome: Result<(), Malformed>) {
        self.line = Vec::new();
        self.outcome = Some(outcome);
    }

    #[cfg(test)]
    fn held(&self) -> usize {
        self.line.capacity()
    }
}

/// Understands a whole line. Keys that we do not know are ignored.
fn notice(line: &[u8]) -> Result<Notice, Malformed> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let arguments = line.strip_prefix(b"NOTIFY ").ok_or(Malformed::NotNotify)?;
    let Value::Pairs(pairs) = Value::parse(arguments)? else { return Err(Malformed::NotNotify) };
    let mut notice = Notice::default();
    for (key, value) in pairs {
        set(&mut notice, &key, value)?;
    }
    Ok(notice)
}

fn set(notice: &mut Notice, key: &[u8], value: Value) -> Result<(), Malformed> {
    let octets = |value: Value| value.into_octets().ok_or(Malformed::Syntax);
    match key {
        b"METHOD" => notice.method = readable(octets(value)?),
        b"CLASS" => notice.class = readable(octets(value)?),
        b"PRIORITY" => notice.priority = readable(octets(value)?),
        b"USER" => notice.user = exact(octets(value)?, "user")?,
        b"MAILBOX" => notice.mailbox = readable(octets(value)?),
        b"OPTIONS" => notice.options = options(value)?,
        b"MESSAGE" => notice.message = octets(value)?,
        b"FILEPATH" => {
            notice.file_path = Some(exact(octets(value)?, "file path")?).filter(|path| !path.is_empty())
        }
        _ => {}
    }
    Ok(())
}

fn options(value: Value) -> Result<Vec<String>, Malformed> {
    match value {
        Value::Nil => Ok(Vec::new()),
        Value::List(items) if items.len() > MOST_OPTIONS => Err(Malformed::TooManyOptions),
        Value::List(items) => {
            items.into_iter().map(|item| item.into_octets().map(readable).ok_or(Malformed::Syntax)).collect()
        }
        Value::Text(_) | Value::Pairs(_) => Err(Malformed::Syntax),
    }
}

#[cfg(test)]
mod tests;
