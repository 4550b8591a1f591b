//! Real descriptors passed to a real process: a small service manager in Python holds the sockets, and runs this test
//! again as the service.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use bus_local::{LocalBus, LocalBusSettings};
use cyrus::{datagram, dlist};
use mailbox_event::codec;
use state::{AccountState, Counter};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixDatagram, UnixStream},
};

use crate::{
    house::{change, soon, token},
    service,
};

const THIS_TEST: &str = "activation::sockets_that_are_passed_outlive_the_process";

/// Three sockets, one of them not for us and in the way. A line on standard input starts the service, and the next
/// line, which the service reads, ends it.
const MANAGER: &str = r#"
import fcntl, os, socket, sys
folder, service = sys.argv[1], sys.argv[2:]
tcp = socket.create_server(("127.0.0.1", 0))
dgram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); dgram.bind(folder + "/datagram")
stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); stream.bind(folder + "/dlist"); stream.listen(64)
held = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 20) for s in (tcp, dgram, stream)]
print("ready", flush=True)
while os.read(0, 1):
    pid = os.fork()
    if pid == 0:
        for place, fd in enumerate(held):
            os.dup2(fd, 3 + place)
        os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
        os.environ.update(LISTEN_FDS=str(len(held)), LISTEN_PID=str(os.getpid()))
        os.execv(service[0], service)
    print("ended", os.waitpid(pid, 0)[1], flush=True)
"#;

#[test]
fn sockets_that_are_passed_outlive_the_process() {
    service::or_else(manage());
}

async fn manage() {
    let folder = tempfile::tempdir().unwrap();
    let mut manager = Command::new("python3")
        .args(["-c", MANAGER])
        .arg(folder.path())
        .arg(env::current_exe().unwrap())
        .args(["--exact", THIS_TEST, "--nocapture"])
        .env(service::FOLDER, folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut says = BufReader::new(manager.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut tell = manager.stdin.take().unwrap();
    assert_eq!(says.next().unwrap(), "ready");

    tell.write_all(b"\n").unwrap();
    assert_eq!(answer(begin(folder.path(), 1).await).await, "OK ()\r\n");
    tell.write_all(b"\n").unwrap();
    assert_eq!(says.next().unwrap(), "ended 0");

    // Nobody is there: both forms wait in their queues for the next process.
    let waiting = begin(folder.path(), 2).await;
    let sender = UnixDatagram::unbound().unwrap();
    sender.send_to(&datagram::write(&change("bob", 3)), folder.path().join("datagram")).await.unwrap();
    tell.write_all(b"\n").unwrap();
    assert_eq!(answer(waiting).await, "OK ()\r\n");
    tell.write_all(b"\n").unwrap();
    assert_eq!(says.next().unwrap(), "ended 0");
    drop(tell);
    assert!(manager.wait().unwrap().success());
    assert_eq!((mail(folder.path(), "alice").await, mail(folder.path(), "bob").await), (Some(2), Some(3)));
    assert!(!was_gap_told(folder.path()).await, "nothing was lost");
}

async fn begin(folder: &Path, modseq: u64) -> UnixStream {
    let mut stream = UnixStream::connect(folder.join("dlist")).await.unwrap();
    stream.write_all(&dlist::write(&change("alice", modseq))).await.unwrap();
    stream
}

async fn answer(mut stream: UnixStream) -> String {
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

async fn was_gap_told(folder: &Path) -> bool {
    let bus = LocalBus::open(&folder.join("bus.db"), LocalBusSettings::default()).unwrap();
    let told = bus::Retained::get(&bus, bus::Bucket::Gaps, "relay").await.unwrap();
    bus.close().await;
    told.is_some()
}

async fn mail(folder: &Path, user: &str) -> Option<u64> {
    let bus = LocalBus::open(&folder.join("bus.db"), LocalBusSettings::default()).unwrap();
    let found = bus::Retained::state(&bus, token(user)).await.unwrap()?;
    bus.close().await;
    let state: AccountState = codec::decode(&found.value).unwrap();
    Some(state.vector.get(Counter::Mail)?.0)
}
