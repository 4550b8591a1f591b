//! How full the streams are, for an operator's metrics.

use bus::BusError;

use crate::{NatsBus, provision, streams::streams};

/// One stream of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSize {
    /// As NATS calls it.
    pub stream: String,
    /// Octets of NATS' files.
    pub octets: u64,
    /// Messages.
    pub messages: u64,
    /// The bound of octets that it has in NATS; none: it has no bound.
    pub bound: Option<u64>,
}

impl NatsBus {
    /// How full each stream is; one that is not there is left out. Costs the server a call for each.
    pub async fn stream_sizes(&self) -> Result<Vec<StreamSize>, BusError> {
        let node = self.open_node()?;
        let mut sizes = Vec::new();
        for wanted in streams(&node.settings, &node.names) {
            if let Some((config, state)) = provision::look(&node.caller, &wanted).await? {
                sizes.push(StreamSize {
                    stream: config.name,
                    octets: state.bytes,
                    messages: state.messages,
                    bound: u64::try_from(config.max_bytes).ok().filter(|&bound| bound > 0),
                });
            }
        }
        Ok(sizes)
    }
}
