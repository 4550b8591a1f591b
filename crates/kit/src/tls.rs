//! The one cryptography provider of the process.

/// Makes `ring` the provider for every TLS client that names none itself. Further calls do nothing.
pub fn install() {
    // An error means that a provider is there, which is what was asked for.
    rustls::crypto::ring::default_provider().install_default().ok();
}

#[cfg(test)]
mod tests {
    #[test]
    fn provider_is_there_after_any_number_of_calls() {
        super::install();
        super::install();
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }
}
