//! Private keys.

use ring::digest::{SHA256, digest};
use ring::{
    error::{KeyRejected, Unspecified},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::{
    PrivateKeyDer,
    pem::{self, PemObject},
};

/// Reads and signs. RSA takes a millisecond, Ed25519 a twentieth of it.
pub(crate) enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// Why nothing can be signed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no private key in PEM.
    #[error("no private key in PEM")]
    Pem(#[source] pem::Error),
    /// It is of another sort.
    #[error("private key is neither RSA of 2048 to 4096 bits nor Ed25519")]
    Kind(#[source] Option<KeyRejected>),
    /// The library refuses.
    #[error("nothing can be signed")]
    Signing(#[source] Unspecified),
}

impl Key {
    /// Reads PEM: PKCS#8 (`BEGIN PRIVATE KEY`) or PKCS#1 (`BEGIN RSA PRIVATE KEY`).
    pub(crate) fn read(pem: &str) -> Result<Self, KeyError> {
        let kind = |why| KeyError::Kind(Some(why));
        match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(KeyError::Pem)? {
            PrivateKeyDer::Pkcs1(key) => {
                RsaKeyPair::from_der(key.secret_pkcs1_der()).map(|key| Self::Rsa(Box::new(key))).map_err(kind)
            }
            PrivateKeyDer::Pkcs8(key) => {
                let key = key.secret_pkcs8_der();
                // OpenSSL writes Ed25519 keys without their public half, which there is nothing to compare with then.
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(key).map(Self::Ed25519).or_else(|_| {
                    RsaKeyPair::from_pkcs8(key).map(|key| Self::Rsa(Box::new(key))).map_err(kind)
                })
            }
            _ => Err(KeyError::Kind(None)),
        }
    }

    /// The tag `a` (RFC 6376 §3.3, RFC 8463 §3).
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa-sha256",
            Self::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// Signs the SHA-256 of `input`.
    pub(super) fn sign(&self, input: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Ed25519(key) => Ok(key.sign(digest(&SHA256, input).as_ref()).as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                // The random numbers blind the key; the signature is the same each time.
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature)
                    .map_err(KeyError::Signing)?;
                Ok(signature)
            }
        }
    }
}
