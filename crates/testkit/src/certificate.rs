//! A certificate for this machine that nobody else trusts.

use std::path::PathBuf;
use std::process::Command;

use crate::Scratch;

/// What a TLS server on 127.0.0.1 or localhost is started with.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate, in PEM. It is signed by itself: clients are given it as the one to trust.
    pub chain: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

impl Certificate {
    /// Makes one in `scratch`, which holds for a day.
    ///
    /// # Panics
    /// When openssl is not installed, or refuses.
    #[must_use]
    pub fn make(scratch: &Scratch) -> Self {
        let made = Self { chain: scratch.join("chain.pem"), key: scratch.join("key.pem") };
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]);
        command.args(["-days", "1", "-subj", "/CN=localhost"]);
        command.args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
        // rustls takes no authority's certificate for a server's own.
        command.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        command.arg("-keyout").arg(&made.key).arg("-out").arg(&made.chain);
        let output = command.output().unwrap_or_else(|error| panic!("openssl: {error}: run tests/run"));
        assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
        made
    }
}
