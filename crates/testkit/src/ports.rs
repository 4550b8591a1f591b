//! TCP ports for programs that must be told a fixed one.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

/// Below Linux' range for outgoing connections (32768 and up), so that no client takes a port between our
/// choice and the program's bind.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// The locks of this process' ports. They are held until it ends: no port is given out twice.
static TAKEN: Mutex<Option<HashMap<u16, File>>> = Mutex::new(None);

/// A port on 127.0.0.1 that nothing listens on and that no other test, in any process, is given.
#[must_use]
pub fn free_port() -> u16 {
    free_ports::<1>()[0]
}

/// As many ports as are asked for; see [`free_port`].
#[must_use]
pub fn free_ports<const N: usize>() -> [u16; N] {
    let mut guard = TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let taken = guard.get_or_insert_default();
    std::array::from_fn(|_| take(taken))
}

fn take(taken: &mut HashMap<u16, File>) -> u16 {
    // Processes begin at different places, so they rarely try the same locks.
    let width = RANGE.end - RANGE.start;
    let first = u16::try_from(std::process::id() * 97 % u32::from(width)).unwrap_or(0);
    (0..width)
        .map(|step| RANGE.start + (first + step) % width)
        .find(|port| !taken.contains_key(port) && claim(*port, taken))
        .expect("a machine has a free port among twelve thousand")
}

fn claim(port: u16, taken: &mut HashMap<u16, File>) -> bool {
    let Some(lock) = lock(port) else { return false };
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    if free {
        taken.insert(port, lock);
    }
    free
}

/// An advisory lock on a file named after the port; the kernel lets go of it when the process ends.
fn lock(port: u16) -> Option<File> {
    let folder = std::env::temp_dir().join("mailpush-ports");
    if fs::create_dir(&folder).is_ok() {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o1777)).expect("the folder is ours");
    }
    let path = folder.join(port.to_string());
    let file = OpenOptions::new().create(true).append(true).open(path).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let mut all = free_ports::<20>().to_vec();
        all.push(free_port());
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 21);
    }
}
