//! Messages of which a Sieve script tells by text, and how: the demo's stand-in for a script and a spool.

use std::{io, path::PathBuf};

use cyrus::Notice;
use jiff::Zoned;
use tempfile::NamedTempFile;

use super::{
    cast::{Letter, letter},
    draft::mail_date,
    stage::{NUMBER, USER},
};

/// A message, and what the script says of it.
#[derive(Debug, Clone)]
pub struct Text {
    /// Who it is from, and what about.
    pub letter: Letter,
    /// What it says.
    body: &'static str,
    /// `:message`; Cyrus says sender and subject for a script without one.
    message: Option<&'static str>,
    /// `:options`
    options: &'static [&'static str],
}

/// Dealt in turn: in the GSM 7-bit alphabet, summarised and squeezed, with emoji, and from right to left.
pub const TEXTS: &[Text] = &[
    Text {
        letter: letter("Train tickets", "tickets", "Platform change"),
        body: "Your train to Köln leaves from another platform.",
        message: Some("Train 14:05 to Köln now leaves from platform 7"),
        options: &[],
    },
    Text {
        letter: letter("City Choir", "choir", "Rehearsal and information for tomorrow"),
        body: "Please remember that tomorrow's rehearsal is moved to the small hall because the big one is being \
            painted. We start at 19:30, and the doors are open from 19:00. Please bring your own chair and the \
            blue music book with you; questions and cancellations to +49 221 5550100 before noon, thank you. The \
            tenors are asked to come half an hour early, as we have to go through page 42 once more.",
        message: None,
        options: &["summarise=2", "squeeze=high"],
    },
    Text {
        letter: letter("Carol Shaw", "carol", "Tonight"),
        body: "See you at the party!",
        message: Some("🎂 Carol: cake at eight. Bring a song 🎶, not a word to Tom!"),
        options: &[],
    },
    Text {
        letter: letter("Noor Haddad", "noor", "موعد يوم الخميس"),
        body: "أراك يوم الخميس.",
        message: Some(
            "نور: تم تأكيد موعدك يوم الخميس الساعة 10:30 في العيادة. الرجاء الحضور قبل الموعد بعشر دقائق وإحضار البطاقة.",
        ),
        options: &[],
    },
];

impl Text {
    /// What Cyrus says when the script notifies: the URI is its METHOD, and the message a file that lasts until the
    /// answer.
    pub fn notice(&self, now: &Zoned) -> io::Result<(Notice, NamedTempFile)> {
        let spooled = NamedTempFile::with_prefix("mailpush-demo-")?;
        std::fs::write(spooled.path(), self.spooled(now))?;
        let Letter { name, mailbox, host, subject } = &self.letter;
        let message = match self.message {
            Some(message) => message.to_owned(),
            None => format!("{name} <{mailbox}@{host}>: {subject}"),
        };
        let notice = Notice {
            method: format!("sms:{NUMBER}"),
            class: "SIEVE".to_owned(),
            priority: "normal".to_owned(),
            user: USER.to_owned(),
            options: self.options.iter().map(|option| (*option).to_owned()).collect(),
            message: message.into_bytes(),
            file_path: Some(path_of(&spooled)),
            ..Notice::default()
        };
        Ok((notice, spooled))
    }

    fn spooled(&self, now: &Zoned) -> String {
        let Letter { name, mailbox, host, subject } = &self.letter;
        let (date, id) = (mail_date(now), now.timestamp().as_millisecond());
        format!(
            "Return-Path: <{mailbox}@{host}>\r\nFrom: \"{name}\" <{mailbox}@{host}>\r\nTo: alice@example.org\r\n\
             Date: {date}\r\nMessage-ID: <text.{id}@demo.example.net>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}\r\n",
            self.body
        )
    }
}

fn path_of(file: &NamedTempFile) -> String {
    PathBuf::from(file.path()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use cyrus::Dialect;
    use mailbox_event::{Naming, Notification};

    use super::*;

    #[test]
    fn each_is_what_a_script_would_have_cyrus_say() {
        let now: Zoned = "2027-03-05T09:30:00+01:00[Europe/Berlin]".parse().unwrap();
        for text in TEXTS {
            let (notice, spooled) = text.notice(&now).unwrap();
            assert_eq!(notice.file_path.as_deref(), spooled.path().to_str());
            let message = std::fs::read(spooled.path()).unwrap();
            assert!(String::from_utf8(message.clone()).unwrap().contains(text.body));
            let said = Dialect::new(Naming::new("example.org")).decode(&notice, Some(message)).unwrap();
            let Notification::Sieve(said) = said else { panic!("not of a script: {said:?}") };
            assert_eq!(said.account.as_str(), "alice@example.org");
            assert_eq!(said.method, format!("sms:{NUMBER}"));
        }
    }
}
