//! The reverse proxies that Debian ships, run on the very files that operators are given.

mod files;

use std::process::Command;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::certificate::Certificate;
use crate::process::Process;
use crate::{Scratch, eventually, free_ports};

/// A busy machine takes a while to start one.
const START_WITHIN: Duration = Duration::from_secs(20);

/// One of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// nginx, with `deploy/proxy/nginx.conf`.
    Nginx,
    /// HAProxy, with `deploy/proxy/haproxy.cfg`.
    Haproxy,
    /// Caddy, with `deploy/proxy/Caddyfile`.
    Caddy,
}

/// What stands behind a proxy, as ports of 127.0.0.1.
#[derive(Debug, Clone, Copy)]
pub struct Behind {
    /// pusher, or what stands in its place.
    pub pusher: u16,
    /// The mail server, or what stands in its place.
    pub mail: u16,
}

/// A running proxy. It ends when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    kind: Kind,
    port: u16,
    tls_port: u16,
    certificate: Certificate,
    // Dropped in this order: the process first, then its folder.
    _process: Process,
    _scratch: Scratch,
}

/// Where a proxy of a test listens.
#[derive(Debug, Clone, Copy)]
struct Ports {
    plain: u16,
    tls: u16,
}

impl Kind {
    /// The operator's file, as it lies in `deploy/proxy/`.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Nginx => include_str!("../../../deploy/proxy/nginx.conf"),
            Self::Haproxy => include_str!("../../../deploy/proxy/haproxy.cfg"),
            Self::Caddy => include_str!("../../../deploy/proxy/Caddyfile"),
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Nginx => "/usr/sbin/nginx",
            Self::Haproxy => "/usr/sbin/haproxy",
            Self::Caddy => "/usr/bin/caddy",
        }
    }
}

impl Proxy {
    /// Starts one on free ports, with and without TLS.
    pub async fn start(kind: Kind, behind: Behind) -> Self {
        Self::start_with(kind, behind, &[]).await
    }

    /// The same, with further changes of the file: each `(what stands there, what is to)`.
    ///
    /// # Panics
    /// When what is to be changed is not there, the program is not installed, or does not start.
    pub async fn start_with(kind: Kind, behind: Behind, changes: &[(&str, &str)]) -> Self {
        let program = kind.program();
        assert!(std::path::Path::new(program).exists(), "{program} is not installed: run tests/run");
        let scratch = Scratch::new();
        let certificate = Certificate::make(&scratch);
        let [plain, tls] = free_ports();
        let mut command = Command::new(program);
        command.args(files::write(kind, behind, Ports { plain, tls }, &scratch, &certificate, changes));
        // Caddy keeps things where the environment says.
        command.env("HOME", scratch.path()).env("XDG_DATA_HOME", scratch.path());
        command.env("XDG_CONFIG_HOME", scratch.path()).current_dir(scratch.path());
        let mut process = Process::start(program, &mut command, None).without_patience();
        for port in [plain, tls] {
            eventually(START_WITHIN, &format!("{kind:?} listens on {port}"), async || {
                process.assert_alive();
                TcpStream::connect(("127.0.0.1", port)).await.ok()
            })
            .await;
        }
        Self { kind, port: plain, tls_port: tls, certificate, _process: process, _scratch: scratch }
    }

    /// Which one it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its port without TLS, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of `path`, without TLS.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Its host and port with TLS.
    #[must_use]
    pub fn tls_host(&self) -> String {
        format!("127.0.0.1:{}", self.tls_port)
    }

    /// What it shows to clients of TLS.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}
