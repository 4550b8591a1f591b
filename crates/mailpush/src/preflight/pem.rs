//! Certificates and keys in PEM, read as the client of NATS reads them: what it would refuse when it connects.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};

use super::LONGEST_FILE;

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// It cannot be read.
    #[error("cannot be read")]
    File(#[from] io::Error),
    /// Nothing of its kind is in it.
    #[error("is no {0} in PEM")]
    Other(&'static str),
    /// What looks like PEM is none.
    #[error("holds what cannot be read as PEM")]
    Pem(#[source] pem::Error),
    /// What is in it is none of an authority.
    #[error("holds a certificate that cannot be used")]
    Certificate(#[source] rustls::Error),
    /// The key is of a kind that is not known here, or another certificate's.
    #[error("is not the key of the certificate in bus.nats.tls.cert, or of no kind that can be used")]
    Pair(#[source] rustls::Error),
}

/// Certificates of authorities.
pub(super) fn authorities(path: &Path) -> Result<(), Unusable> {
    let mut roots = RootCertStore::empty();
    certificates(path)?.into_iter().try_for_each(|found| roots.add(found)).map_err(Unusable::Certificate)
}

/// Our own certificate, with those that lead to an authority.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&octets(path)?).collect();
    match read.map_err(Unusable::Pem)? {
        found if found.is_empty() => Err(Unusable::Other("certificate")),
        found => Ok(found),
    }
}

/// A private key.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Unusable> {
    PrivateKeyDer::from_pem_slice(&octets(path)?).map_err(|why| match why {
        pem::Error::NoItemsFound => Unusable::Other("key"),
        why => Unusable::Pem(why),
    })
}

/// Whether they belong together.
pub(super) fn pair(
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<(), Unusable> {
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(Unusable::Pair)?
        .with_root_certificates(RootCertStore::empty());
    config.with_client_auth_cert(certificates, key).map(drop).map_err(Unusable::Pair)
}

fn octets(path: &Path) -> Result<Vec<u8>, Unusable> {
    let mut octets = Vec::new();
    File::open(path)?.take(LONGEST_FILE).read_to_end(&mut octets)?;
    Ok(octets)
}
