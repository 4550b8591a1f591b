//! The HTTP client of the tests.

use std::sync::Once;

static PROVIDER: Once = Once::new();

/// A client that knows no proxy and follows no redirect: it talks to processes on this machine.
#[must_use]
pub fn client() -> reqwest::Client {
    PROVIDER.call_once(|| {
        // Refused when the program under test has installed one: then that one serves.
        rustls::crypto::ring::default_provider().install_default().ok();
    });
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client without certificates of its own can be built")
}
