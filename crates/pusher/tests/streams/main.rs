//! A pusher on a real listener, over a bus in memory, as clients meet it.

#[cfg(test)]
mod alerts;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod crowds;
#[cfg(test)]
mod http;
#[cfg(test)]
mod http1;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod jwks;
#[cfg(test)]
mod leaving;
#[cfg(test)]
mod reconcile;
#[cfg(test)]
mod resuming;
#[cfg(test)]
mod revoking;
#[cfg(test)]
mod slow_readers;
#[cfg(test)]
mod states;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tickets;
#[cfg(test)]
mod unknown_state;
