//! Who we are to NATS, and how the way there is kept secret.

use std::path::PathBuf;

use async_nats::ConnectOptions;
use kit::config::{Secret, Validate};
use serde::{Deserialize, Serialize};

/// Who we are: at most one of a file of credentials, an nkey, a user with a password, a token. None of them: nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Credentials {
    /// A file as `nsc` writes it: a JWT and the seed of its user.
    pub file: Option<PathBuf>,
    /// The seed of a user's key (`SU…`).
    pub nkey: Option<Secret>,
    /// A user's name; goes with `password`.
    pub user: Option<String>,
    /// The password of `user`.
    pub password: Option<Secret>,
    /// A token.
    pub token: Option<Secret>,
}

/// Whether `text` is what [`Credentials::file`] has to hold.
pub fn is_credentials_file(text: &str) -> bool {
    ConnectOptions::with_credentials(text).is_ok()
}

/// The letters of an encoded seed: two of its kind, the key of 32 octets, and a sum, in base32.
const SEED_LETTERS: usize = 58;

fn is_seed(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_uppercase() || ('2'..='7').contains(&c);
    text.len() == SEED_LETTERS && text.starts_with("SU") && text.chars().all(is_letter)
}

impl Validate for Credentials {
    fn problems(&self) -> Vec<String> {
        let kinds = [self.file.is_some(), self.nkey.is_some(), self.user.is_some(), self.token.is_some()];
        let checks = [
            (
                kinds.into_iter().filter(|&is_there| is_there).count() > 1,
                ": only one of file, nkey, user and token",
            ),
            (
                self.nkey.as_ref().is_some_and(|seed| !is_seed(seed.expose())),
                "nkey: is no seed of a user, like SU..",
            ),
            (self.user.is_some() != self.password.is_some(), ": user and password go together"),
        ];
        checks.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, text)| text.to_owned()).collect()
    }
}

/// Transport security. A server that asks for it, and `tls://`, get it without any of these.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Whether a server without it is refused.
    pub required: bool,
    /// Certificates of authorities, PEM; the system's if there is none.
    pub ca: Option<PathBuf>,
    /// Our own certificate, PEM; goes with `key`.
    pub cert: Option<PathBuf>,
    /// The key of `cert`, PEM.
    pub key: Option<PathBuf>,
}

impl Validate for Tls {
    fn problems(&self) -> Vec<String> {
        if self.cert.is_some() == self.key.is_some() {
            Vec::new()
        } else {
            vec![": cert and key go together".to_owned()]
        }
    }
}
