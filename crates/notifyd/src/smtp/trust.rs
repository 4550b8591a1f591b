//! Which certificates a server may show.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{
        CertificateDer,
        pem::{self, PemObject},
    },
};
use tokio_rustls::TlsConnector;

/// Why no certificate of the server could be checked.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// `smtp.host` is neither a domain nor an address.
    #[error("host is none that a certificate could name")]
    Name,
    /// The file of certificates cannot be read.
    #[error("file of certificates cannot be read")]
    File(#[source] pem::Error),
    /// A certificate cannot be used.
    #[error("file of certificates holds one that cannot be used")]
    Certificate(#[source] rustls::Error),
    /// There is none.
    #[error("no certificates to trust: install ca-certificates, or set ca")]
    Nothing,
    /// The TLS library refuses.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

/// Trusts the certificates of `file`, or those that the system trusts.
pub(super) fn connector(file: Option<&Path>) -> Result<TlsConnector, TrustError> {
    Ok(Arc::new(trusting(file)?).into())
}

/// The same, for who connects in another way.
pub(crate) fn trusting(file: Option<&Path>) -> Result<ClientConfig, TrustError> {
    let roots = match file {
        Some(file) => read(file)?,
        None => system(),
    };
    if roots.is_empty() {
        return Err(TrustError::Nothing);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn read(file: &Path) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(TrustError::File)? {
        roots.add(certificate.map_err(TrustError::File)?).map_err(TrustError::Certificate)?;
    }
    Ok(roots)
}

/// Some of a system's certificates are often beyond us: the rest counts.
fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_without_certificates_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(connector(Some(file.path())), Err(TrustError::Nothing)));
        assert!(matches!(connector(Some(Path::new("/nowhere/at/all"))), Err(TrustError::File(_))));
        std::fs::write(file.path(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
            .unwrap();
        assert!(matches!(connector(Some(file.path())), Err(TrustError::Certificate(_))));
    }
}
