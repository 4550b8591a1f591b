//! When work in the background is to end.

use tokio::sync::watch;

/// The ends of a registration: its own, and that of the bus, which waits until this is dropped.
pub(crate) struct Ends {
    /// Its sender is dropped with the registration.
    pub(crate) dropped: watch::Receiver<()>,
    /// Becomes true.
    pub(crate) closing: watch::Receiver<bool>,
}

impl Ends {
    /// Waits for either.
    pub(crate) async fn come(&mut self) {
        tokio::select! {
            // Fails, for nothing is ever sent.
            _ = self.dropped.changed() => {}
            // Fails when the node is gone, which is an end as well.
            _ = self.closing.wait_for(|closing| *closing) => {}
        }
    }
}
