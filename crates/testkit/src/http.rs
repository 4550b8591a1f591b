//! The HTTP client of the tests.

use std::path::Path;
use std::sync::Once;

static PROVIDER: Once = Once::new();

/// A client that knows no proxy and follows no redirect: it talks to processes on this machine.
#[must_use]
pub fn client() -> reqwest::Client {
    builder().build().expect("a client without certificates of its own can be built")
}

/// The same, for a server that shows the certificate at `chain`; it speaks HTTP/2 where the server does.
///
/// # Panics
/// When that is no certificate in PEM.
#[must_use]
pub fn client_that_trusts(chain: &Path) -> reqwest::Client {
    let certificate = std::fs::read(chain).expect("the certificate can be read");
    let certificate = reqwest::Certificate::from_pem(&certificate).expect("it is PEM");
    builder().tls_certs_only([certificate]).build().expect("one certificate is enough")
}

fn builder() -> reqwest::ClientBuilder {
    PROVIDER.call_once(|| {
        // Refused when the program under test has installed one: then that one serves.
        rustls::crypto::ring::default_provider().install_default().ok();
    });
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none())
}
