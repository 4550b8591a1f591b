//! What an operator sets.

mod country;
mod dkim;
mod means;
mod mute;
mod reader;
mod sieve;
mod sms;
mod smtp;
mod unscheduled;
mod webhook;

use std::{path::PathBuf, time::Duration};

use kit::{
    backoff::Backoff,
    config::{Validate, chain, has_controls, within},
};
use lettre::Address;
use serde::{Deserialize, Deserializer, de::Error};

use crate::{
    envelope::deliverable,
    smtp::{Courier, TrustError, trusting},
};

pub use dkim::{DkimKey, DkimSettings};
pub use means::Means;
pub use mute::{MuteSettings, OneClick};
pub use reader::ReaderSettings;
pub use sieve::SieveSettings;
pub use sms::SmsSettings;
pub use smtp::{Login, Smtp, Tls};
pub use unscheduled::UnscheduledSettings;
pub use webhook::{WebhookError, WebhookSettings};

/// The section `notifyd`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The server that takes our mail.
    pub smtp: Smtp,
    /// Whom it comes from.
    pub from: Sender,
    /// What it is signed with.
    pub dkim: DkimSettings,
    /// Where effects, recipients and mutes are.
    pub database: store::Settings,
    /// The links by which recipients mute alarms; without it mails have none.
    pub mute: Option<MuteSettings>,
    /// Mail about messages that were to be sent later and were not.
    pub unscheduled: UnscheduledSettings,
    /// How much Sieve scripts may notify.
    pub sieve: SieveSettings,
    /// Text messages of Sieve scripts; without it none are sent.
    pub sms: Option<SmsSettings>,
    /// Where Sieve scripts may have something posted to; without it nothing is.
    pub webhook: Option<WebhookSettings>,
    /// How mail is worded for those of whom nothing else is known.
    pub reader: ReaderSettings,
    /// Whether the event is attached to its alarms, for those who have another calendar.
    pub attach_event: bool,
    /// A folder with words and templates that stand before ours.
    pub wording: Option<PathBuf>,
    /// Alarms at a time. More than connections to the server, for each waits for the database before and after it has one.
    pub concurrency: usize,
    /// Retries of a job after its first attempt.
    pub retries: u32,
    /// The waits between them.
    pub backoff: Backoff,
    /// An alarm that was taken from the mail server longer ago is not sent any more.
    #[serde(with = "kit::config::duration")]
    pub useful_for: Duration,
    /// How long it is remembered that a mail was sent. Longer than a job may come back, or it is sent twice.
    #[serde(with = "kit::config::duration")]
    pub remembered_for: Duration,
}

/// Whom mail comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sender {
    /// The address; its domain is also that of our Message-IDs.
    #[serde(deserialize_with = "address")]
    pub address: Address,
    /// The name beside it.
    pub name: String,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
    let address = String::deserialize(deserializer)?.parse().map_err(D::Error::custom)?;
    Ok(deliverable(&address))
}

/// Five seconds, then doubling: a greylisting server is asked again soon, and the last wait is well within the
/// time that an alarm is of use.
const BACKOFF: Backoff = match Backoff::new(Duration::from_secs(5), Duration::from_secs(600)) {
    Ok(backoff) => backoff,
    Err(_) => panic!("the first wait is above zero and below the longest"),
};

impl Default for Settings {
    fn default() -> Self {
        Self {
            smtp: Smtp::default(),
            from: Sender::default(),
            dkim: DkimSettings::default(),
            database: store::Settings::default(),
            mute: None,
            unscheduled: UnscheduledSettings::default(),
            sieve: SieveSettings::default(),
            sms: None,
            webhook: None,
            reader: ReaderSettings::default(),
            attach_event: false,
            wording: None,
            concurrency: 96,
            retries: 12,
            backoff: BACKOFF,
            useful_for: Duration::from_secs(2 * 60 * 60),
            remembered_for: Duration::from_secs(14 * 24 * 60 * 60),
        }
    }
}

impl Default for Sender {
    fn default() -> Self {
        let address = Address::new("calendar", "localhost").expect("both parts are plain words");
        Self { address, name: "Calendar".into() }
    }
}

impl Settings {
    /// Why servers could not be told from others by their certificates: what a start refuses. Reads the files that are named.
    pub fn trust_problems(&self) -> Vec<String> {
        let smtp = Courier::new(&self.smtp).err().map(|why| match why {
            TrustError::Name => format!("smtp.host: {why}"),
            why => format!("smtp.ca: {}", chain(&why)),
        });
        let webhook = self.webhook.as_ref().and_then(|webhook| trusting(webhook.ca.as_deref()).err());
        smtp.into_iter().chain(webhook.map(|why| format!("webhook.ca: {}", chain(&why)))).collect()
    }

    /// Names of scripts' methods that stand for a POST nobody would make.
    fn unposted_methods(&self) -> Vec<String> {
        let allowed = self.webhook.as_ref().and_then(|webhook| webhook.allowed().ok());
        let is_allowed = |url| allowed.as_ref().is_some_and(|hosts| hosts.check(url).is_ok());
        let methods = self.sieve.methods.iter();
        let unposted = methods.filter(|(_, means)| matches!(means, Means::Post(url) if !is_allowed(url)));
        unposted
            .map(|(name, _)| {
                format!("sieve.methods: {name:?} posts to a host that webhook.hosts does not allow")
            })
            .collect()
    }

    /// Names of scripts' methods that stand for a text nobody would send.
    fn untexted_methods(&self) -> Vec<String> {
        let methods = self.sieve.methods.iter().filter(|(_, means)| **means == Means::Text);
        let untexted = methods.filter(|_| self.sms.is_none());
        untexted.map(|(name, _)| format!("sieve.methods: {name:?} needs the section sms")).collect()
    }

    /// Why no receipt of a text would come.
    fn receipts_problem(&self) -> Option<String> {
        let receipts = self.sms.as_ref()?.gateway.receipts.as_ref()?;
        let Some(mute) = &self.mute else {
            return Some("sms.gateway.receipts: needs the section mute, whose port takes them".to_owned());
        };
        let below = receipts.strip_prefix(mute.public_url.trim_end_matches('/'));
        let is_below = below.is_some_and(|rest| rest.starts_with('/'));
        (!is_below).then(|| {
            "sms.gateway.receipts: must begin with mute.public_url, whose port takes them".to_owned()
        })
    }

    /// How long those may take to answer whom a mail, a text or a POST was given to.
    pub(crate) fn answer_patience(&self) -> Duration {
        let gateway = self.sms.as_ref().map(|sms| sms.gateway.timeout);
        let host = self.webhook.as_ref().map(|webhook| webhook.timeout);
        self.smtp.timeout.max(gateway.unwrap_or_default()).max(host.unwrap_or_default())
    }

    /// The database as it is to be opened: a text message that is forgotten is paid for once more.
    pub fn ledger(&self) -> store::Settings {
        store::Settings { survives_power_cut: self.sms.is_some(), ..self.database.clone() }
    }
}

impl Validate for Settings {
    fn problems(&self) -> Vec<String> {
        let day = Duration::from_secs(24 * 60 * 60);
        let checks = [
            (self.concurrency == 0, "concurrency: nothing would be sent at zero"),
            (self.useful_for.is_zero(), "useful_for: nothing would be sent at zero"),
            (
                self.remembered_for
                    < self
                        .useful_for
                        .max(self.unscheduled.useful_for)
                        .max(self.sieve.useful_for)
                        .max(self.sms.as_ref().map(|sms| sms.useful_for).unwrap_or_default())
                        .saturating_add(day),
                "remembered_for: must be at least a day more than the longest useful_for, also of unscheduled, sieve and sms",
            ),
        ];
        let own = checks.into_iter().filter(|(wrong, _)| *wrong).map(|(_, text)| text.to_owned());
        let from = has_controls(&self.from.name)
            .then(|| "from.name: holds line breaks or control characters".to_owned());
        own.chain(from)
            .chain(self.receipts_problem())
            .chain(within("smtp", self.smtp.problems()))
            .chain(within("dkim", self.dkim.problems_for(&self.from.address)))
            .chain(within("database", self.database.problems()))
            .chain(within("unscheduled", self.unscheduled.problems()))
            .chain(within("sieve", self.sieve.problems()))
            .chain(self.unposted_methods())
            .chain(self.untexted_methods())
            .chain(self.sms.iter().flat_map(|sms| within("sms", sms.problems())))
            .chain(self.webhook.iter().flat_map(|webhook| within("webhook", webhook.problems())))
            .chain(self.mute.iter().flat_map(|mute| within("mute", mute.problems())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(env: &[(&str, &str)]) -> Result<Settings, kit::config::ConfigErrors> {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        kit::config::load(None, env, "N")
    }

    #[test]
    fn defaults_are_sound() {
        assert_eq!(load(&[]).unwrap().problems(), Vec::<String>::new());
    }

    #[test]
    fn keys_are_read() {
        let env = [
            ("N__SMTP__TLS", "starttls"),
            ("N__SMTP__LOGIN__USER", "calendar"),
            ("N__SMTP__LOGIN__PASSWORD", "123"),
            ("N__FROM__ADDRESS", "reminder@example.org"),
            ("N__BACKOFF", "{ first = '1s', longest = '2s' }"),
        ];
        let settings = load(&env).unwrap();
        assert_eq!(settings.from.address.domain(), "example.org");
        assert_eq!(settings.smtp.login.unwrap().password.expose(), "123");
    }

    #[test]
    fn receipts_come_to_the_port_of_mutes() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let sms = format!(
            "{{ from = 'a', countries = ['DE'], gateway = {{ receipts = 'https://mail.example/mute/receipts/webhook', \
             webhook = {{ url = 'https://sms.example/send', secret = '{secret}' }} }} }}"
        );
        let at = |url: &str| {
            let mute = format!("{{ public_url = '{url}' }}");
            load(&[("N__SMS", &sms), ("N__MUTE", &mute)])
        };
        for url in ["https://mail.example/mute", "https://mail.example/mute/", "https://mail.example"] {
            at(url).unwrap();
        }
        for url in ["https://mail.example/m", "https://mail.example/other", "https://mail.exampl"] {
            let errors = at(url).unwrap_err().to_string();
            assert!(
                errors.starts_with("sms.gateway.receipts: must begin with mute.public_url"),
                "{url}: {errors}"
            );
        }
        assert!(load(&[("N__SMS", &sms)]).unwrap_err().to_string().contains("needs the section mute"));
    }

    #[test]
    fn methods_that_nothing_would_come_of_are_told() {
        let url = "'https://hooks.example.org/a'";
        let methods = format!("{{ pager = 'sms', own = 'mailto', log = 'ignore', chat = {url} }}");
        let errors = load(&[("N__SIEVE__METHODS", &methods)]).unwrap_err().to_string();
        assert!(errors.contains("sieve.methods: \"chat\" posts"), "{errors}");
        assert!(errors.contains("sieve.methods: \"pager\" needs the section sms"), "{errors}");
        assert_eq!(errors.lines().count(), 2, "{errors}");
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let webhook = format!("{{ hosts = ['hooks.example.org'], secret = '{secret}' }}");
        let sms = format!(
            "{{ from = 'a', countries = ['DE'], gateway = {{ webhook = {{ url = 'https://sms.example/send', secret = '{secret}' }} }} }}"
        );
        let env = [("N__SIEVE__METHODS", methods.as_str()), ("N__WEBHOOK", &webhook), ("N__SMS", &sms)];
        let settings = load(&env).unwrap();
        assert_eq!(settings.sieve.methods["pager"], Means::Text);
        for url in ["http://hooks.example.org/hunter2", "https://:hunter2@hooks.example.org/"] {
            let errors = load(&[("N__SIEVE__METHODS", &format!("{{ chat = '{url}' }}"))]);
            assert!(!errors.unwrap_err().to_string().contains("hunter2"));
        }
    }

    #[test]
    fn password_in_the_clear_and_other_nonsense_is_refused() {
        let env = [
            ("N__SMTP__LOGIN", "{ user = 'a', password = 'b' }"),
            ("N__CONCURRENCY", "0"),
            ("N__FROM__ADDRESS", "nobody"),
            ("N__SMTP__HELLO_NAME", "a b"),
            ("N__FROM__NAME", "Calendar\r\nBcc: everybody@example.org"),
        ];
        let errors = load(&env).unwrap_err().to_string();
        for part in [
            "smtp.login: would send",
            "concurrency: ",
            "from.address: ",
            "smtp.hello_name",
            "from.name: holds",
        ] {
            assert!(errors.contains(part), "{part} is not in {errors}");
        }
    }

    #[test]
    fn password_in_the_wrong_place_is_not_shown() {
        let env =
            [("N__SMTP__LOGIN", "hunter2"), ("N__SMTP__TLS", "hunter2"), ("N__FROM__ADDRESS", "hunter2")];
        let errors = load(&env).unwrap_err().to_string();
        assert!(!errors.contains("hunter2"), "{errors}");
        for part in ["smtp.login: invalid type: string, expected ", "smtp.tls: unknown variant, expected "] {
            assert!(errors.contains(part), "{part} is not in {errors}");
        }
    }
}
