//! A death that no client can help.

use std::path::Path;

use testkit::nats::{Nats, Version};

/// Kills the server and starts it again. `false`: it was killed while it wrote down what a consumer knows.
///
/// NATS 2.9 empties that file before it fills it. Of several starts on one such store, some threw the consumer's jobs
/// away before anybody could connect. Not seen with the current release.
pub async fn dies_and_comes_back(server: &mut Nats) -> bool {
    server.kill();
    let is_torn = server.version() == Version::Debian && has_empty_notes(&server.store());
    server.restart().await;
    !is_torn
}

/// Whether a consumer's state, `o.dat`, is empty.
fn has_empty_notes(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| {
        let found = entry.metadata().unwrap();
        match found.is_dir() {
            true => has_empty_notes(&entry.path()),
            false => entry.file_name() == "o.dat" && found.len() == 0,
        }
    })
}
