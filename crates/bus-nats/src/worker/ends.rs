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

    /// Has `work` done until either: whoever is to end waits for no server. `work` may be given up at any time.
    pub(crate) async fn or(&mut self, work: impl Future<Output = ()>) {
        tokio::select! {
            biased;
            () = self.come() => {}
            () = work => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_that_never_ends_is_given_up_when_the_registration_is_dropped_or_the_bus_closes() {
        let ((hold, dropped), closing) = (watch::channel(()), watch::Sender::new(false));
        let open = watch::Sender::new(false);
        let (_other, not_dropped) = watch::channel(());
        let mut of_bus = Ends { dropped: not_dropped, closing: closing.subscribe() };
        let mut of_registration = Ends { dropped, closing: open.subscribe() };
        let close = async { closing.send_replace(true) };
        tokio::join!(of_bus.or(pending()), close);
        drop(hold);
        of_registration.or(pending()).await;
        // It has come, and comes again to who asks next.
        of_registration.come().await;
    }
}
