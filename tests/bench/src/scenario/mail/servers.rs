//! The SMTP servers that take the mail.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use fakes::smtp::{SinkSettings, SmtpSink};

use crate::Outcome;

/// Debian's, which has aiosmtpd.
const PYTHON: &str = "/usr/bin/python3";
const STARTS_WITHIN: Duration = Duration::from_secs(20);

/// The project's own, in this process: it keeps one mail and answers at once.
pub async fn sink() -> Outcome<SmtpSink> {
    let settings = SinkSettings { kept: 1, connections: 256, ..SinkSettings::default() };
    Ok(SmtpSink::start(SocketAddr::from(([127, 0, 0, 1], 0)), settings).await?)
}

/// aiosmtpd with a handler that throws mail away; it ends when this is dropped.
pub struct Aiosmtpd {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Aiosmtpd {
    pub fn start() -> Outcome<Self> {
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let listen = ["-m", "aiosmtpd", "-n", "-l", &address.to_string(), "-c", "aiosmtpd.handlers.Sink"];
        let child = Command::new(PYTHON).args(listen).stdin(Stdio::null()).spawn()?;
        let (server, end) = (Self { child, address }, Instant::now() + STARTS_WITHIN);
        while TcpStream::connect(address).is_err() {
            if Instant::now() > end {
                return Err("aiosmtpd does not listen; is python3-aiosmtpd installed?".into());
            }
            thread::park_timeout(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
