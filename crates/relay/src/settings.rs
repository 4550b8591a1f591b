//! relay's part of the configuration.

use std::{path::PathBuf, time::Duration};

use kit::config::Validate;
use mailbox_event::codec;
use serde::{Deserialize, Serialize};

/// How relay works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen for `notifysocket: dlist:/path`: one connection per notification, answered.
    pub dlist: Option<PathBuf>,
    /// Where to listen for `notifysocket: /path`: datagrams, which Cyrus sends without waiting for an answer.
    pub datagram: Option<PathBuf>,
    /// Mode of the sockets, octal. Whoever may write to them may speak for Cyrus.
    pub mode: Mode,
    /// The mail server's hierarchy separator: `/` with `unixhierarchysep: yes`, else `.`.
    pub separator: char,
    /// Connections that are read at once. Further ones wait in the kernel's queue until one ends.
    pub max_connections: usize,
    /// A connection that has not sent its whole notification by then is answered with `NO` and closed.
    #[serde(with = "kit::config::duration")]
    pub read_deadline: Duration,
    /// The largest notification of a connection; Cyrus itself knows no limit there.
    #[serde(with = "kit::config::size")]
    pub message_limit: usize,
    /// How values are written to the bus. Readers take either.
    pub form: ValueForm,
    /// After a drain has begun, publishing goes on no longer than this; the rest waits for the next start.
    #[serde(with = "kit::config::duration")]
    pub drain_deadline: Duration,
    /// The spool.
    pub spool: SpoolSettings,
    /// The quarantine.
    pub quarantine: QuarantineSettings,
}

/// Where notifications wait until they are published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpoolSettings {
    /// Its folder, made with mode 0700.
    pub folder: PathBuf,
    /// The most it holds. A notification that does not fit is refused and counted.
    #[serde(with = "kit::config::size")]
    pub limit: u64,
    /// Size of its files. No more than a quarter of `limit`, for a file goes only as a whole.
    #[serde(with = "kit::config::size")]
    pub segment: u64,
    /// The part of `limit`, between 0 and 1, at which a warning is logged.
    pub warn_at: f64,
    /// How often what was written is made to reach the disk. A power cut loses no more than this.
    #[serde(with = "kit::config::duration")]
    pub sync_every: Duration,
}

/// Where notifications go that cannot be understood, for somebody to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuarantineSettings {
    /// Its folder, made with mode 0700; by default `quarantine` in the spool's.
    pub folder: Option<PathBuf>,
    /// The most notifications; the oldest goes first.
    pub files: usize,
    /// The most octets of all of them. A longer notification is cut.
    #[serde(with = "kit::config::size")]
    pub octets: u64,
}

/// The mode of a file, written `"0600"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mode(pub u32);

/// Why a text is no mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mode is three or four octal digits, like \"0600\"")]
pub struct InvalidMode;

/// How values are written to the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueForm {
    /// MessagePack: small.
    #[default]
    MessagePack,
    /// JSON: for people who look.
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dlist: None,
            datagram: None,
            mode: Mode(0o600),
            separator: '/',
            max_connections: 256,
            read_deadline: Duration::from_secs(5),
            message_limit: 8 << 20,
            form: ValueForm::default(),
            drain_deadline: Duration::from_secs(5),
            spool: SpoolSettings::default(),
            quarantine: QuarantineSettings::default(),
        }
    }
}

impl Default for SpoolSettings {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("/var/spool/mailpush"),
            limit: 1 << 30,
            segment: 16 << 20,
            warn_at: 0.5,
            sync_every: Duration::from_millis(100),
        }
    }
}

impl Default for QuarantineSettings {
    fn default() -> Self {
        Self { folder: None, files: 100, octets: 16 << 20 }
    }
}

impl Validate for Settings {
    fn problems(&self) -> Vec<String> {
        let spool = &self.spool;
        let checks = [
            (!matches!(self.separator, '/' | '.'), "separator: must be / or ."),
            (self.mode.0 & 0o002 != 0, "mode: everybody could speak for the mail server"),
            (self.dlist.is_some() && self.dlist == self.datagram, "datagram: is the same path as dlist"),
            (self.max_connections == 0, "max_connections: must be at least 1"),
            (self.read_deadline.is_zero(), "read_deadline: must be longer than nothing"),
            (self.message_limit < 1024, "message_limit: no notification is that small"),
            (spool.segment > spool.limit / 4, "spool.segment: must be at most a quarter of spool.limit"),
            (
                self.message_limit as u64 > spool.limit / 4,
                "message_limit: must be at most a quarter of spool.limit",
            ),
            (!(0.0..=1.0).contains(&spool.warn_at), "spool.warn_at: must be between 0 and 1"),
            (spool.sync_every.is_zero(), "spool.sync_every: must be longer than nothing"),
        ];
        checks.iter().filter(|(wrong, _)| *wrong).map(|(_, problem)| (*problem).to_owned()).collect()
    }
}

impl TryFrom<String> for Mode {
    type Error = InvalidMode;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match u32::from_str_radix(&text, 8) {
            Ok(mode) if matches!(text.len(), 3 | 4) && mode <= 0o777 => Ok(Self(mode)),
            _ => Err(InvalidMode),
        }
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        format!("{:04o}", mode.0)
    }
}

impl From<ValueForm> for codec::Form {
    fn from(form: ValueForm) -> Self {
        match form {
            ValueForm::MessagePack => Self::MessagePack,
            ValueForm::Json => Self::Json,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_no_problem() {
        assert_eq!(Settings::default().problems(), Vec::<String>::new());
    }

    #[test]
    fn a_mode_is_octal_and_bounded() {
        assert_eq!(Mode::try_from("0660".to_owned()), Ok(Mode(0o660)));
        assert_eq!(String::from(Mode(0o600)), "0600");
        for text in ["", "6", "0680", "4755", "00600", "-600"] {
            assert_eq!(Mode::try_from(text.to_owned()), Err(InvalidMode), "{text:?}");
        }
    }

    #[test]
    fn a_segment_that_could_fill_the_spool_is_refused() {
        let spool = SpoolSettings { limit: 32 << 20, segment: 16 << 20, ..SpoolSettings::default() };
        let problems = Settings { spool, ..Settings::default() }.problems();
        assert_eq!(problems, ["spool.segment: must be at most a quarter of spool.limit"]);
    }
}
