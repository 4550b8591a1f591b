//! What mail is signed with.

use kit::config::{Secret, Validate};
use lettre::Address;
use serde::Deserialize;

use crate::dkim::Key;

/// A signature is a few hundred octets and each verifier's work: two of them, RSA and Ed25519, are usual.
const MOST_KEYS: usize = 4;

/// The section `notifyd.dkim`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DkimSettings {
    /// Who signs; the domain of `from.address` where this is empty.
    pub domain: String,
    /// Each makes a signature of its own; without any, mails are not signed here.
    pub keys: Vec<DkimKey>,
}

/// A key and where its public half is found.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DkimKey {
    /// `<selector>._domainkey.<domain>` is the DNS record with the public key.
    pub selector: String,
    /// The private key in PEM: RSA of 2048 to 4096 bits, or Ed25519.
    pub key: Secret,
}

impl DkimSettings {
    /// Who signs, in ASCII.
    pub(crate) fn domain(&self, from: &Address) -> String {
        let domain = if self.domain.is_empty() { from.domain() } else { &self.domain };
        idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned())
    }

    /// What is wrong with them for mail from `from`.
    pub(crate) fn problems_for(&self, from: &Address) -> Vec<String> {
        let domain = self.domain(from);
        let from = DkimSettings::default().domain(from);
        let is_aligned = from == domain || from.strip_suffix(&domain).is_some_and(|sub| sub.ends_with('.'));
        let mut problems = self.problems();
        if !self.keys.is_empty() && !is_aligned {
            problems.push("domain is neither that of from.address nor above it".to_owned());
        }
        problems
    }
}

impl Validate for DkimSettings {
    fn problems(&self) -> Vec<String> {
        let is_many = self.keys.len() > MOST_KEYS;
        let own = is_many.then(|| format!("keys: more than {MOST_KEYS} signatures help nobody"));
        let keys = self.keys.iter().enumerate().filter_map(|(place, key)| {
            let wrong = |why: &dyn std::fmt::Display| format!("keys: number {}: {why}", place + 1);
            match Key::read(key.key.expose()) {
                Err(why) => Some(wrong(&why)),
                Ok(_) if !is_selector(&key.selector) => Some(wrong(&"selector is no name in the DNS")),
                Ok(_) => None,
            }
        });
        own.into_iter().chain(keys).collect()
    }
}

fn is_selector(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
    };
    text.len() <= 200 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_signs_is_the_sender_or_above() {
        for (domain, from, is_right) in [
            ("", "a@example.org", true),
            ("example.org", "a@example.org", true),
            ("example.org", "a@alarms.example.org", true),
            ("example.org", "a@badexample.org", false),
            ("alarms.example.org", "a@example.org", false),
            ("bücher.example", "a@xn--bcher-kva.example", true),
        ] {
            let keys = vec![DkimKey { selector: "a".into(), key: Secret::new("") }];
            let settings = DkimSettings { domain: domain.into(), keys };
            let problems = settings.problems_for(&from.parse().unwrap());
            assert_eq!(!problems.iter().any(|problem| problem.starts_with("domain")), is_right, "{from}");
        }
    }

    #[test]
    fn keys_that_sign_nothing_are_named_by_place_and_not_shown() {
        let key = |selector: &str, key: &str| DkimKey { selector: selector.into(), key: Secret::new(key) };
        let keys = vec![
            key("a", "hunter2"),
            key("a", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"),
        ];
        let problems = DkimSettings { domain: String::new(), keys }.problems();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(
            problems[0].starts_with("keys: number 1: ") && !problems[0].contains("hunter2"),
            "{problems:?}"
        );
        assert!(is_selector("a.b-1_2") && !is_selector("") && !is_selector("a..b") && !is_selector("a;b"));
    }
}
