//! One SMTP session as a state machine: lines in, replies and mail out. No I/O.

use super::{
    faults::{DataFault, Faults, Verb},
    line::Line,
};

/// What a session may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a message; announced with SIZE (RFC 1870).
    pub message: usize,
    /// Recipients of a message (RFC 5321 §4.5.3.1.8 asks for 100).
    pub recipients: usize,
    /// Octets of a line with its line break; RFC 5321 §4.5.3.1.6 asks for 1,000.
    pub line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message: 1 << 20, recipients: 100, line: 4096 }
    }
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The reverse path; empty for bounces.
    pub from: String,
    /// The forward paths that were not refused.
    pub to: Vec<String>,
    /// Head and body, dots unstuffed, lines with CRLF.
    pub octets: Vec<u8>,
}

/// What to do after a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// What is answered.
    pub(super) verb: Option<Verb>,
    /// To be sent.
    pub(super) reply: Option<String>,
    /// To be kept, before the reply is sent.
    pub(super) mail: Option<Mail>,
    /// Whether the connection is over after that.
    pub(super) closes: bool,
}

/// Where a session stands.
#[derive(Debug)]
pub(super) struct Session {
    limits: Limits,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Connected,
    Greeted,
    Envelope { from: String, to: Vec<String> },
    Data(Content),
}

#[derive(Debug)]
struct Content {
    mail: Mail,
    /// Why it is refused at its end; nothing more is kept of it.
    refused: Option<&'static str>,
}

const GREETING: &str = "220 sink.invalid ESMTP";
const TOO_LARGE: &str = "552 5.3.4 Message is too large";
const LINE_TOO_LONG: &str = "500 5.5.2 Line is too long";

impl Session {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, phase: Phase::Connected }
    }

    /// What the server begins with.
    pub(super) fn greeting(faults: &Faults) -> Step {
        let closes = faults.refused.contains_key(&Verb::Connect);
        Step { closes, ..answer(Verb::Connect, faults, || reply(GREETING)) }
    }

    /// Takes one line.
    pub(super) fn line(&mut self, line: &Line, faults: &Faults) -> Step {
        match (&mut self.phase, line) {
            (Phase::Data(content), Line::Whole(octets)) if octets == b".\r\n" => {
                let content = std::mem::replace(content, Content::empty());
                self.phase = Phase::Greeted;
                answer(Verb::End, faults, || content.end(faults.data))
            }
            (Phase::Data(content), line) => {
                content.push(line, self.limits.message);
                Step::default()
            }
            (_, Line::TooLong) => reply(LINE_TOO_LONG),
            (_, Line::Whole(octets)) => match std::str::from_utf8(octets) {
                Ok(text) => self.command(text.trim_end_matches(['\r', '\n']), faults),
                Err(_) => reply("500 5.5.2 Command is not UTF-8"),
            },
        }
    }

    fn command(&mut self, text: &str, faults: &Faults) -> Step {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => answer(Verb::Hello, faults, || self.greet(&self.extensions())),
            "HELO" => answer(Verb::Hello, faults, || self.greet("250 sink.invalid")),
            "MAIL" => answer(Verb::Mail, faults, || self.mail(rest, faults)),
            "RCPT" => answer(Verb::Recipient, faults, || self.recipient(rest, faults)),
            "DATA" => answer(Verb::Data, faults, || self.data()),
            "RSET" => self.reset(),
            "NOOP" => reply("250 2.0.0 OK"),
            "VRFY" => reply("252 2.1.5 Send it and see"),
            "QUIT" => Step { closes: true, ..reply("221 2.0.0 Bye") },
            _ => reply("502 5.5.1 Command is not implemented"),
        }
    }

    fn extensions(&self) -> String {
        let size = self.limits.message;
        format!(
            "250-sink.invalid\r\n250-PIPELINING\r\n250-SIZE {size}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES"
        )
    }

    fn greet(&mut self, text: &str) -> Step {
        self.phase = Phase::Greeted;
        reply(text)
    }

    fn reset(&mut self) -> Step {
        if !matches!(self.phase, Phase::Connected) {
            self.phase = Phase::Greeted;
        }
        reply("250 2.0.0 OK")
    }

    fn mail(&mut self, rest: &str, faults: &Faults) -> Step {
        if !matches!(self.phase, Phase::Greeted) {
            return reply("503 5.5.1 EHLO first, and one mail at a time");
        }
        let Some((from, parameters)) = path(rest, "FROM:") else {
            return reply("501 5.5.4 MAIL FROM:<address>");
        };
        if let Some(code) = faults.senders.get(from) {
            return reply(&format!("{code} Sender is refused"));
        }
        if announced_size(parameters).is_some_and(|size| size > self.limits.message) {
            return reply(TOO_LARGE);
        }
        self.phase = Phase::Envelope { from: from.to_owned(), to: Vec::new() };
        reply("250 2.1.0 OK")
    }

    fn recipient(&mut self, rest: &str, faults: &Faults) -> Step {
        let Phase::Envelope { to, .. } = &mut self.phase else { return reply("503 5.5.1 MAIL first") };
        match path(rest, "TO:") {
            None | Some(("", _)) => reply("501 5.5.4 RCPT TO:<address>"),
            Some((address, _)) => match faults.recipients.get(address) {
                Some(code) => reply(&format!("{code} Recipient is refused")),
                None if to.len() >= self.limits.recipients => reply("452 4.5.3 Too many recipients"),
                None => {
                    to.push(address.to_owned());
                    reply("250 2.1.5 OK")
                }
            },
        }
    }

    fn data(&mut self) -> Step {
        match &mut self.phase {
            Phase::Envelope { from, to } if !to.is_empty() => {
                let mail = Mail { from: std::mem::take(from), to: std::mem::take(to), octets: Vec::new() };
                self.phase = Phase::Data(Content { mail, refused: None });
                reply("354 End with a dot on a line of its own")
            }
            Phase::Connected | Phase::Greeted | Phase::Envelope { .. } | Phase::Data(_) => {
                reply("503 5.5.1 MAIL and RCPT first")
            }
        }
    }
}

impl Content {
    fn empty() -> Self {
        Self { mail: Mail { from: String::new(), to: Vec::new(), octets: Vec::new() }, refused: None }
    }

    fn push(&mut self, line: &Line, largest: usize) {
        let Line::Whole(octets) = line else { return self.refuse(LINE_TOO_LONG) };
        // RFC 5321 §4.5.2: a dot was put before every line that began with one.
        let octets = octets.strip_prefix(b".").unwrap_or(octets);
        if self.mail.octets.len() + octets.len() > largest {
            self.refuse(TOO_LARGE);
        } else if self.refused.is_none() {
            self.mail.octets.extend_from_slice(octets);
        }
    }

    fn refuse(&mut self, why: &'static str) {
        self.refused.get_or_insert(why);
        self.mail.octets = Vec::new();
    }

    fn end(self, fault: DataFault) -> Step {
        let mail = Some(self.mail);
        match (self.refused, fault) {
            (Some(why), _) => reply(why),
            (None, DataFault::None) => Step { mail, ..reply("250 2.0.0 Taken") },
            (None, DataFault::HangUp) => Step { mail, closes: true, ..Step::default() },
            (None, DataFault::Lose) => Step { closes: true, ..Step::default() },
        }
    }
}

/// What `verb` is answered with where it is not refused.
fn answer(verb: Verb, faults: &Faults, otherwise: impl FnOnce() -> Step) -> Step {
    let step = match faults.refused.get(&verb) {
        Some(code) => reply(&format!("{code} Refused as told")),
        None => otherwise(),
    };
    Step { verb: Some(verb), ..step }
}

fn reply(text: &str) -> Step {
    Step { reply: Some(format!("{text}\r\n")), ..Step::default() }
}

/// `FROM:<address> parameters`, with the address without its brackets.
fn path<'a>(text: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (start, rest) = (text.get(..keyword.len())?, text.get(keyword.len()..)?);
    let rest = start.eq_ignore_ascii_case(keyword).then_some(rest)?;
    let (address, parameters) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    Some((address, parameters.trim()))
}

fn announced_size(parameters: &str) -> Option<usize> {
    let size = |word: &str| word.to_ascii_uppercase().strip_prefix("SIZE=")?.parse().ok();
    parameters.split_ascii_whitespace().find_map(size)
}

#[cfg(test)]
mod tests;
