use std::os::unix::{fs::symlink, net::UnixStream};

use super::*;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_mode_is_as_configured() {
    let folder = tempfile::tempdir().unwrap();
    let (stream, datagram) = (folder.path().join("stream"), folder.path().join("datagram"));
    let _stream = bind_stream(&stream, Mode(0o600)).unwrap();
    let _datagram = bind_datagram(&datagram, Mode(0o660)).unwrap();
    assert_eq!((mode(&stream), mode(&datagram)), (0o600, 0o660));
}

#[test]
fn a_stale_socket_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    drop(UnixListener::bind(&path).unwrap());
    let (_listener, _) = bind_stream(&path, Mode(0o600)).unwrap();
    UnixStream::connect(&path).unwrap();

    let path = folder.path().join("notify-datagram");
    drop(UnixDatagram::bind(&path).unwrap());
    let (_socket, _) = bind_datagram(&path, Mode(0o600)).unwrap();
    UnixDatagram::unbound().unwrap().connect(&path).unwrap();
}

#[test]
fn a_live_socket_of_either_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (stream, datagram) = (folder.path().join("stream"), folder.path().join("datagram"));
    let _theirs = (UnixListener::bind(&stream).unwrap(), UnixDatagram::bind(&datagram).unwrap());
    for path in [&stream, &datagram] {
        assert!(matches!(bind_stream(path, Mode(0o600)), Err(SocketError::InUse(_))));
        assert!(matches!(bind_datagram(path, Mode(0o600)), Err(SocketError::InUse(_))));
    }
    UnixStream::connect(&stream).unwrap();
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&file, "precious").unwrap();
    symlink(&file, &link).unwrap();
    for path in [&file, &link] {
        assert!(matches!(bind_stream(path, Mode(0o600)), Err(SocketError::Occupied(_))));
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
}

#[test]
fn a_name_that_somebody_else_took_over_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let (ours, name) = bind_stream(&path, Mode(0o600)).unwrap();
    drop(ours);
    let (_theirs, their_name) = bind_stream(&path, Mode(0o600)).unwrap();
    name.remove();
    assert!(path.exists());
    their_name.remove();
    assert!(!path.exists());
}
