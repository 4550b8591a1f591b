//! A program, this project's own or another's, run as its users run it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::eventually;
use crate::process::Process;

/// What an ended program wrote is read by then.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a program is to be run; see [`Program::builder`].
#[derive(Debug)]
pub struct Builder {
    name: String,
    command: Command,
}

/// A running program. Dropping it asks it to end, then kills it; if the test fails, what it said is printed.
#[derive(Debug)]
pub struct Program {
    process: Process,
}

impl Program {
    /// The program `name` (`mailpush`), built beside the running test. Its environment is empty but for `PATH`.
    ///
    /// # Panics
    /// When it has not been built.
    #[must_use]
    pub fn builder(name: &str) -> Builder {
        let path = built(name);
        assert!(path.exists(), "{} is missing; build it first: cargo build -p {name}", path.display());
        Builder::new(name, &path)
    }

    /// A program that nobody here wrote, at `path`. Its environment is empty but for `PATH`.
    ///
    /// # Panics
    /// When it has not been installed.
    #[must_use]
    pub fn installed(path: &Path) -> Builder {
        assert!(path.exists(), "{} is not installed: run tests/run", path.display());
        Builder::new(&path.display().to_string(), path)
    }

    /// Waits until it has printed a line that holds `part`, and returns the line.
    pub async fn wait_for_line(&mut self, part: &str, deadline: Duration) -> String {
        let process = &mut self.process;
        eventually(deadline, &format!("the program prints a line with {part:?}"), async || {
            let line = process.said().line_with(part);
            if line.is_none() {
                process.assert_alive();
            }
            line
        })
        .await
    }

    /// Waits until it listens on `port` of 127.0.0.1.
    pub async fn wait_for_port(&mut self, port: u16, deadline: Duration) {
        let process = &mut self.process;
        eventually(deadline, &format!("the program listens on {port}"), async || {
            process.assert_alive();
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The last lines it printed, standard output and standard error together.
    #[must_use]
    pub fn said(&self) -> String {
        self.process.said().text()
    }

    /// Asks it to end (SIGTERM) and does not wait.
    pub fn terminate(&self) {
        self.process.terminate();
    }

    /// Ends it at once (SIGKILL), as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Waits until it has ended, and returns how.
    pub async fn wait_for_end(&mut self, deadline: Duration) -> ExitStatus {
        let process = &mut self.process;
        let status = eventually(deadline, "the program ends", async || process.ended()).await;
        // Its last words may still be on their way. A child of its own could hold the pipe for longer.
        let until = Instant::now() + LAST_WORDS;
        while !process.said().is_complete() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        status
    }
}

impl Builder {
    fn new(name: &str, path: &Path) -> Self {
        let mut command = Command::new(path);
        command.env_clear();
        if let Some(search) = std::env::var_os("PATH") {
            command.env("PATH", search);
        }
        Self { name: name.to_owned(), command }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(value);
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<S: AsRef<std::ffi::OsStr>>(mut self, values: impl IntoIterator<Item = S>) -> Self {
        self.command.args(values);
        self
    }

    /// One more variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The folder it runs in.
    #[must_use]
    pub fn folder(mut self, folder: impl AsRef<std::path::Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Starts it.
    #[must_use]
    pub fn start(mut self) -> Program {
        Program { process: Process::start(&self.name, &mut self.command, None) }
    }
}

/// What `tests/run` installs for the tests beside what is built: other people's clients.
///
/// # Panics
/// When the test is not run by cargo.
#[must_use]
pub fn clients() -> PathBuf {
    let path = std::env::current_exe().expect("the test knows its own path");
    // Tests lie in target/<profile>/deps, benchmarks one folder up.
    let target = path.ancestors().skip(2).take(2).find(|folder| !folder.join("deps").exists());
    target.expect("it lies in target").join("clients")
}

/// Test executables lie in `target/<profile>/deps`, programs one folder up.
fn built(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("the test knows its own path");
    path.pop();
    path.pop();
    path.join(name)
}
