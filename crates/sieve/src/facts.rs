//! The message that set the script off, or as much of its beginning as there was time to read.

use std::{borrow::Cow, fmt};

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders as _};

/// Characters of the message's text that are kept.
pub const MOST_TEXT: usize = 4_000;
/// Parts within parts that are closed where the message was cut.
const DEEPEST: usize = 16;

/// What a notification needs of a message. Texts are a stranger's: decoded, not made harmless.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Who it is from, as people read it: the name, or else the address.
    pub sender: String,
    /// The subject.
    pub subject: String,
    /// Without angle brackets.
    pub message_id: Option<String>,
    /// The first text that a person can read, at most [`MOST_TEXT`] characters. HTML is made text.
    pub text: String,
    /// `Auto-Submitted` (RFC 3834 §5) with anything but `no`.
    pub is_auto_submitted: bool,
    /// Its envelope's sender was empty: a bounce, or a program that wants no answer.
    pub has_null_sender: bool,
}

impl Facts {
    /// Never fails: what cannot be read is empty.
    pub fn read(message: &[u8]) -> Self {
        let Some(open) = MessageParser::new().parse(message) else { return Self::default() };
        let closed = closed(message, &open);
        let Some(parsed) = MessageParser::new().parse(closed.as_ref()) else { return Self::default() };
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            sender: sender(&parsed),
            subject: text(parsed.subject()),
            message_id: parsed.message_id().map(str::to_owned),
            text: first_text(&parsed),
            is_auto_submitted: is_auto_submitted(&parsed),
            has_null_sender: has_null_sender(&parsed),
        }
    }
}

/// Hides what the message says.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_auto_submitted, has_null_sender) = (&self.is_auto_submitted, &self.has_null_sender);
        let mut shown = f.debug_struct("Facts");
        shown.field("is_auto_submitted", is_auto_submitted).field("has_null_sender", has_null_sender);
        shown.finish_non_exhaustive()
    }
}

/// Of a long message only the beginning is there, and the parser passes over a part without an end: the parts that
/// were open there are closed, the innermost first.
fn closed<'a>(message: &'a [u8], open: &Message<'_>) -> Cow<'a, [u8]> {
    let last_of = |part: &MessagePart<'_>| part.sub_parts()?.last().and_then(|&last| open.part(last));
    let chain = std::iter::successors(open.part(0), |part| last_of(part)).take(DEEPEST);
    let boundaries: Vec<_> =
        chain.filter_map(|part| part.content_type()?.attribute("boundary").map(str::to_owned)).collect();
    if boundaries.is_empty() {
        return message.into();
    }
    let ends: String = boundaries.iter().rev().map(|boundary| format!("\r\n--{boundary}--\r\n")).collect();
    [message, ends.as_bytes()].concat().into()
}

fn sender(message: &Message<'_>) -> String {
    let from = message.from().and_then(|from| from.first());
    let named = from.and_then(|from| from.name().filter(|name| !name.trim().is_empty()).or(from.address()));
    named.unwrap_or_default().to_owned()
}

fn first_text(message: &Message<'_>) -> String {
    let texts = (0..message.text_body_count()).filter_map(|part| message.body_text(part));
    let readable = texts.into_iter().find(|text| text.contains(|c: char| !c.is_whitespace()));
    readable.map(|text| text.trim_start().chars().take(MOST_TEXT).collect()).unwrap_or_default()
}

/// One field that says so is enough, whatever others say.
fn is_auto_submitted(message: &Message<'_>) -> bool {
    values(message, "Auto-Submitted").any(|value| {
        let value = without_comments(value);
        let keyword = value.split(';').next().unwrap_or_default().trim();
        !keyword.is_empty() && !keyword.eq_ignore_ascii_case("no")
    })
}

/// What fields of this name say, from the top.
fn values<'a>(message: &'a Message<'_>, name: &'a str) -> impl Iterator<Item = &'a str> {
    message.headers_raw().filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// RFC 5322 §3.2.2, as far as a field of keywords goes.
fn without_comments(value: &str) -> String {
    let mut depth = 0_usize;
    value
        .chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

/// The server that delivered it wrote the envelope's sender at the top (RFC 5321 §4.4).
fn has_null_sender(message: &Message<'_>) -> bool {
    values(message, "Return-Path").next().is_some_and(|path| path.trim() == "<>")
}

#[cfg(test)]
mod tests;
