//! The admin port: `/live`, `/ready` and `/metrics`, and what a program has its operators do beyond looking.
//!
//! It has a thread and a runtime of its own, so that it answers when the program's runtime is too busy to.

mod answer;
mod order;
mod server;

use std::{io, net::SocketAddr, sync::Arc, thread::JoinHandle};

use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

pub use order::{Act, Order, Orders, Reply};

use crate::readiness::Readiness;

/// An admin port that is bound and answers nobody yet: connections wait.
#[derive(Debug)]
pub struct AdminPort {
    local_addr: SocketAddr,
    listener: std::net::TcpListener,
}

/// A running admin port; it ends when this is dropped.
#[derive(Debug)]
#[must_use = "dropping it stops the admin port"]
pub struct AdminServer {
    local_addr: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

/// Why the admin port did not start.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No thread or no runtime.
    #[error("cannot start the thread of the admin port")]
    Thread(#[source] io::Error),
}

/// Listens on `addr` (port 0: any) from before it returns, with a thread of its own.
///
/// GET `/live` says 200 while the process lives; `/ready` 200, or 503 with a line `gate: reason` for each gate that
/// is down; `/metrics` the registry in OpenMetrics text. Trusts whoever can reach it: bind it where only
/// operators can.
pub fn serve(
    addr: SocketAddr,
    readiness: Readiness,
    registry: Arc<Registry>,
) -> Result<AdminServer, AdminError> {
    AdminPort::bind(addr)?.serve(readiness, registry, Orders::default())
}

impl AdminPort {
    /// Binds `addr`, so that whoever cannot have it hears so before anything else is begun.
    pub fn bind(addr: SocketAddr) -> Result<Self, AdminError> {
        let listen = |source| AdminError::Listen { address: addr, source };
        let listener = std::net::TcpListener::bind(addr).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let local_addr = listener.local_addr().map_err(listen)?;
        Ok(Self { local_addr, listener })
    }

    /// Answers as [`serve`] says, and gives POSTs of the paths of `orders` to who acts, on the admin port's runtime. May be
    /// called again when the server is dropped; the port stays bound meanwhile.
    ///
    /// An order that comes from a web page is refused before: a browser on the operator's machine reaches this port too.
    /// Who else may give one, who acts has to judge.
    pub fn serve(
        &self,
        readiness: Readiness,
        registry: Arc<Registry>,
        orders: Orders,
    ) -> Result<AdminServer, AdminError> {
        let local_addr = self.local_addr;
        let listener =
            self.listener.try_clone().map_err(|source| AdminError::Listen { address: local_addr, source })?;
        let stop = CancellationToken::new();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(AdminError::Thread)?;
        let until = stop.clone();
        let service = server::Service { readiness, registry, orders };
        let run = move || runtime.block_on(server::run(listener, service, until));
        let thread =
            std::thread::Builder::new().name("admin".into()).spawn(run).map_err(AdminError::Thread)?;
        Ok(AdminServer { local_addr, stop, thread: Some(thread) })
    }
}

impl AdminServer {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }
}

impl Drop for AdminServer {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread was printed when it happened.
            thread.join().ok();
        }
    }
}
