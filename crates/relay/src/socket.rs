//! The sockets that Cyrus writes to: bound at a path, or passed by a service manager.

mod activation;

use std::{
    fs, io,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::{UnixDatagram, UnixListener},
    },
    path::{Path, PathBuf},
};

pub use activation::Activated;
use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType},
};

use crate::settings::Mode;

/// Why a socket could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Somebody listens there; taking the path away would cut them off.
    #[error("{0} is in use by another process")]
    InUse(PathBuf),
    /// Something that is no socket lies there, and is not ours to remove.
    #[error("{0} is there and is no socket")]
    Occupied(PathBuf),
    /// The path cannot be used.
    #[error("{path} cannot be bound")]
    Bind {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The name that a bound socket has in the file system.
#[derive(Debug)]
pub(crate) struct BoundName {
    path: PathBuf,
    /// Device and inode: who comes after us may have put theirs there.
    identity: (u64, u64),
}

impl BoundName {
    /// Takes the name away, if it is still ours, so that Cyrus gets a plain "no such file" and no connection is left
    /// waiting. Errors change nothing: the next start clears a stale name.
    pub fn remove(&self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| identity(&found) == self.identity) {
            fs::remove_file(&self.path).ok();
        }
    }
}

/// Listens at `path` for connections.
pub(crate) fn bind_stream(path: &Path, mode: Mode) -> Result<(UnixListener, BoundName), SocketError> {
    bind(path, mode, |path| UnixListener::bind(path))
}

/// Listens at `path` for datagrams.
pub(crate) fn bind_datagram(path: &Path, mode: Mode) -> Result<(UnixDatagram, BoundName), SocketError> {
    bind(path, mode, |path| UnixDatagram::bind(path))
}

/// Binds under a name aside, sets the mode, and only then moves it to `path`: at no moment is there a socket with a
/// wider mode, nor, when a stale one is replaced, none at all.
fn bind<S>(
    path: &Path,
    mode: Mode,
    bind: impl FnOnce(&Path) -> io::Result<S>,
) -> Result<(S, BoundName), SocketError> {
    refuse_taken(path)?;
    let at = |source| SocketError::Bind { path: path.to_owned(), source };
    let aside = aside(path);
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(error)),
        _ => {}
    }
    let socket = bind(&aside).map_err(at)?;
    fs::set_permissions(&aside, fs::Permissions::from_mode(mode.0)).map_err(at)?;
    let identity = identity(&fs::symlink_metadata(&aside).map_err(at)?);
    fs::rename(&aside, path).map_err(at)?;
    Ok((socket, BoundName { path: path.to_owned(), identity }))
}

/// Whether the path is free, or holds a socket that nobody listens on.
fn refuse_taken(path: &Path) -> Result<(), SocketError> {
    let at = |source| SocketError::Bind { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(at(error)),
        Ok(found) if !found.file_type().is_socket() => Err(SocketError::Occupied(path.to_owned())),
        Ok(_) if is_live(path).map_err(at)? => Err(SocketError::InUse(path.to_owned())),
        Ok(_) => Ok(()),
    }
}

/// A socket refuses to be connected to when its process is gone; one of the other kind says so. Every other answer
/// means that somebody is there, if only one who lets nobody in.
fn is_live(path: &Path) -> io::Result<bool> {
    let address = SocketAddrUnix::new(path)?;
    for kind in [SocketType::STREAM, SocketType::DGRAM] {
        // Not blocking: a listener whose queue is full would keep us waiting.
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let probe = rustix::net::socket_with(AddressFamily::UNIX, kind, flags, None)?;
        match rustix::net::connect(&probe, &address) {
            Err(Errno::CONNREFUSED | Errno::NOENT) => return Ok(false),
            Err(Errno::PROTOTYPE) => {}
            Ok(()) | Err(_) => return Ok(true),
        }
    }
    Ok(true)
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests;
