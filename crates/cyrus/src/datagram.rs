//! The datagram form: fields that each end in NUL (Cyrus' default, `imap/notify.c`).
//!
//! In order: method, class, priority, user, mailbox, the number of options in decimal, the options, the message and,
//! from callers that have one, a file path.

use crate::{
    Malformed, Notice,
    notice::{MOST_OPTIONS, exact, readable},
};

/// The classes whose meaning is known.
const CLASSES: [&str; 4] = ["EVENT", "SIEVE", "MAIL", "IMIP"];

/// Reads one datagram.
///
/// Fields after the file path are ignored, so that a newer Cyrus may add some.
pub fn parse(datagram: &[u8]) -> Result<Notice, Malformed> {
    let mut fields = Fields(datagram);
    let mut notice = Notice {
        method: readable(fields.next()?),
        class: readable(fields.next()?),
        priority: readable(fields.next()?),
        user: exact(fields.next()?, "user")?,
        mailbox: readable(fields.next()?),
        ..Notice::default()
    };
    let options = option_count(fields.next()?)?;
    notice.options = (0..options).map(|_| fields.next().map(readable)).collect::<Result<_, _>>()?;
    notice.message = fields.next()?.to_vec();
    if !fields.0.is_empty() {
        notice.file_path = Some(exact(fields.next()?, "file path")?).filter(|path| !path.is_empty());
    }
    Ok(notice)
}

/// Whether octets that are no whole notification are the beginning of one, by a class that Cyrus has: what it sends may
/// be cut on its way, far behind the class.
pub fn begins_one(datagram: &[u8]) -> bool {
    let mut fields = Fields(datagram);
    let class = fields.next().and_then(|_method| fields.next());
    class.is_ok_and(|class| CLASSES.iter().any(|known| known.as_bytes() == class))
}

fn option_count(field: &[u8]) -> Result<usize, Malformed> {
    let text = std::str::from_utf8(field).map_err(|_| Malformed::OptionCount)?;
    match text.parse() {
        Ok(count) if count > MOST_OPTIONS => Err(Malformed::TooManyOptions),
        Ok(count) => Ok(count),
        Err(_) => Err(Malformed::OptionCount),
    }
}

/// What is left of the datagram.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<&'a [u8], Malformed> {
        let end = self.0.iter().position(|octet| *octet == 0).ok_or(Malformed::Truncated)?;
        let (field, rest) = self.0.split_at(end);
        self.0 = &rest[1..];
        Ok(field)
    }
}

/// Writes the datagram that Cyrus would send; for tests and for playing recorded notifications.
///
/// NUL ends a field, so a NUL within one is left out.
pub fn write(notice: &Notice) -> Vec<u8> {
    let count = notice.options.len().to_string();
    let heads = [&notice.method, &notice.class, &notice.priority, &notice.user, &notice.mailbox, &count];
    let texts = heads.into_iter().chain(&notice.options).map(String::as_bytes);
    let path = notice.file_path.as_deref().map(str::as_bytes);
    let mut datagram = Vec::new();
    for field in texts.chain([notice.message.as_slice()]).chain(path) {
        datagram.extend(field.iter().filter(|octet| **octet != 0));
        datagram.push(0);
    }
    datagram
}
