//! A small service manager in Python, for it may pass descriptors: it holds the sockets, and runs a test again as the
//! service.

use std::{
    env,
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::service;

/// Three sockets, one of them not for relay and in the way. A line on standard input starts the service, and the next
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
    print("began", pid, flush=True)
    print("ended", os.waitpid(pid, 0)[1], flush=True)
"#;

/// The service manager at work.
pub struct Manager {
    process: Child,
    tell: Option<ChildStdin>,
    says: Lines<BufReader<ChildStdout>>,
    service: Option<Pid>,
}

impl Manager {
    /// Makes the sockets in `folder`, for the test of that name.
    pub fn start(test: &str, folder: &Path) -> Self {
        let mut process = Command::new("python3")
            .args(["-c", MANAGER])
            .arg(folder)
            .arg(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(service::FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut manager = Self { tell: process.stdin.take(), process, says, service: None };
        assert_eq!(manager.line(), "ready");
        manager
    }

    /// Starts the service.
    pub fn begin(&mut self) {
        self.tell();
        let pid = self.line().strip_prefix("began ").unwrap().parse().unwrap();
        self.service = Pid::from_raw(pid);
    }

    /// Ends it in order.
    pub fn end(&mut self) {
        self.tell();
        assert_eq!(self.line(), "ended 0");
        self.service = None;
    }

    /// Kills it.
    pub fn kill(&mut self) {
        kill_process(self.service.take().unwrap(), Signal::KILL).unwrap();
        assert_eq!(self.line(), "ended 9");
    }

    fn tell(&mut self) {
        self.tell.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    fn line(&mut self) -> String {
        self.says.next().unwrap().unwrap()
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // The end of its input is the end of both.
        self.tell = None;
        self.process.wait().ok();
    }
}
