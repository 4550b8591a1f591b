//! Child processes that do not outlive the value that started them.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open};

/// How much of what a process says is kept: enough to explain a failure.
const KEPT_LINES: usize = 400;
/// A line longer than this is cut: a process may print without end.
const LONGEST_LINE: u64 = 8192;

/// A child in a process group of its own. Dropping it ends the whole group, and first of all
/// prints what it said when the test is failing.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    /// Text that stands in the command line of every descendant, for those that left the group.
    marker: Option<String>,
    patience: Duration,
    said: Said,
}

/// The last lines a process wrote to standard output and standard error.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said(Arc<Mutex<VecDeque<String>>>);

impl Process {
    /// Starts `command`; `name` is for messages, `marker` see [`Process::marker`].
    pub(crate) fn start(name: &str, command: &mut Command, marker: Option<String>) -> Self {
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} did not start: {error}"));
        let said = Said::default();
        said.follow(child.stdout.take().expect("stdout is piped"));
        said.follow(child.stderr.take().expect("stderr is piped"));
        Self { name: name.to_owned(), child, marker, patience: Duration::from_secs(3), said }
    }

    /// Ends it at once when this is dropped: what it leaves behind is of no use.
    pub(crate) fn without_patience(mut self) -> Self {
        self.patience = Duration::ZERO;
        self
    }

    /// What it said so far.
    pub(crate) fn said(&self) -> &Said {
        &self.said
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Panics with what it said if it has ended.
    pub(crate) fn assert_alive(&mut self) {
        if let Some(status) = self.child.try_wait().expect("the child is ours") {
            panic!("{} ended with {status}:\n{}", self.name, self.said.text());
        }
    }

    /// Whether it has ended, and how.
    pub(crate) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().expect("the child is ours")
    }

    /// Asks it to end (SIGTERM).
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends it `signal`.
    pub(crate) fn signal(&self, signal: Signal) {
        // It may have ended by itself: then there is nobody to tell.
        kill_process(self.pid(), signal).ok();
    }

    /// Whether each of its threads was stopped, or it has ended (proc(5), state `T`).
    pub(crate) fn stands_still(&self) -> bool {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", self.id())) else { return true };
        // Behind the name, which ends with the last bracket: "12 (nats-server) S 1 ...".
        let is_up =
            |stat: String| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['R', 'S', 'D']));
        !threads.flatten().any(|thread| std::fs::read_to_string(thread.path().join("stat")).is_ok_and(is_up))
    }

    /// Ends it at once (SIGKILL), as a crash would.
    pub(crate) fn kill(&mut self) {
        kill_process_group(self.pid(), Signal::KILL).ok(); // Ended already is as good.
        self.child.wait().expect("the child is ours");
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits without a runtime, since a value is also dropped outside of one.
    fn wait_for_end(&self) {
        let Ok(watch) = pidfd_open(self.pid(), PidfdFlags::empty()) else {
            return;
        };
        let patience = Timespec::try_from(self.patience).expect("seconds fit");
        // Whether it ended or time ran out, it is killed next.
        poll(&mut [PollFd::new(&watch, PollFlags::IN)], Some(&patience)).ok();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One without patience is not even asked: it would begin to end in order, and say so to whoever is connected.
        if !self.patience.is_zero() && matches!(self.child.try_wait(), Ok(None)) {
            self.terminate();
            self.wait_for_end();
        }
        kill_process_group(self.pid(), Signal::KILL).ok(); // An empty group is what we want.
        self.child.wait().ok(); // Already reaped is as good.
        if let Some(marker) = &self.marker {
            sweep(marker);
        }
        if std::thread::panicking() {
            eprintln!("--- {} said:\n{}\n---", self.name, self.said.text());
        }
    }
}

/// Kills every process whose command line holds `marker`, the path of a folder that only our child knows.
fn sweep(marker: &str) {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes {
        let id = process.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let ours = String::from_utf8_lossy(&line).contains(marker);
        if let (true, Some(pid)) = (ours, id.and_then(Pid::from_raw)) {
            kill_process(pid, Signal::KILL).ok(); // It may have ended since.
        }
    }
}

impl Said {
    fn follow(&self, stream: impl Read + Send + 'static) {
        let said = self.clone();
        std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                said.push(String::from_utf8_lossy(&line).trim_end().to_owned());
                line.clear();
            }
        });
    }

    /// Whether all that was written is here: who follows it holds it too, until the pipe is closed.
    pub(crate) fn is_complete(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: String) {
        let mut lines = self.lines();
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The first kept line that holds `part`.
    pub(crate) fn line_with(&self, part: &str) -> Option<String> {
        self.lines().iter().find(|line| line.contains(part)).cloned()
    }

    /// All kept lines.
    pub(crate) fn text(&self) -> String {
        self.lines().iter().map(|line| format!("{line}\n")).collect()
    }
}
