//! `mailpush`: a whole site in one process or each service in its own, the demo, and an operator's commands.

mod age;
mod ask;
mod bus_watch;
mod bus_words;
mod config;
mod credit;
mod dead_letters;
mod demo;
mod exit;
mod key;
mod ledger;
mod preflight;
mod preview;
mod process;
mod proof;
mod provision;
mod quantity;
mod revoke;
mod role;
mod site;
mod site_bus;

use std::{
    error::Error,
    ffi::{OsStr, OsString},
    io::Write,
    path::Path,
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};
use tikv_jemallocator::Jemalloc;
use tokio::runtime::Runtime;

use crate::{
    exit::{Ending, Exit, OF_COMMANDS, OF_PROVISION, OF_SERVICES},
    role::Role,
};

/// Cheaper than glibc's where one thread frees what another made, as on the way of every message.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// All has ended in order by then, or was given up. A thread that a file system holds up may be there for ever, and the
/// process ends without it.
const LAST_THREADS: Duration = Duration::from_secs(1);

/// Push and notifications beside a Cyrus IMAP server.
#[derive(Debug, Parser)]
#[command(name = "mailpush", version, after_help = OF_SERVICES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run relay, pusher and notifyd in one process beside a Cyrus.
    #[command(after_help = OF_SERVICES)]
    Standalone(process::StandaloneOptions),
    /// Take the notifications of a Cyrus on this machine; meets the others on NATS.
    #[command(after_help = OF_SERVICES)]
    Relay(process::Options),
    /// Serve streams; as many as are wanted may run.
    #[command(after_help = OF_SERVICES)]
    Pusher(process::Options),
    /// Send mail, text messages and POSTs; as many as are wanted may run.
    #[command(after_help = OF_SERVICES)]
    Notifyd(NotifydOptions),
    /// Have a user's passwords, tokens and tickets be checked anew, and end the streams that they opened.
    #[command(after_help = OF_COMMANDS)]
    Revoke(revoke::Options),
    /// Have NATS hold what this release keeps there; for an operator, after an upgrade.
    #[command(after_help = OF_PROVISION)]
    Provision(provision::Options),
    /// Look at jobs that no retry could help, give them back, or drop them.
    #[command(after_help = OF_COMMANDS)]
    DeadLetters(dead_letters::Options),
    /// Grant, look at and set right what users may spend on text messages.
    #[command(after_help = OF_COMMANDS)]
    Credit(credit::Options),
    /// Write an alarm mail as it would be sent, to look at.
    #[command(after_help = OF_COMMANDS, arg_required_else_help = true)]
    Preview(preview::Options),
    /// Show in a browser what mailpush does; needs nothing installed.
    #[command(after_help = OF_SERVICES)]
    Demo(demo::Options),
}

/// notifyd to run, or what an operator asks about its work.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct NotifydOptions {
    #[command(flatten)]
    process: Option<process::Options>,
    #[command(subcommand)]
    order: Option<NotifydOrder>,
}

#[derive(Debug, Subcommand)]
enum NotifydOrder {
    /// The same as `mailpush credit`.
    #[command(after_help = OF_COMMANDS)]
    Credit(credit::Options),
    /// The same as `mailpush preview`.
    #[command(after_help = OF_COMMANDS, arg_required_else_help = true)]
    Preview(preview::Options),
}

impl Command {
    /// The one spelling of two.
    fn plain(self) -> Self {
        match self {
            Self::Notifyd(NotifydOptions { order: Some(NotifydOrder::Credit(options)), .. }) => {
                Self::Credit(options)
            }
            Self::Notifyd(NotifydOptions { order: Some(NotifydOrder::Preview(options)), .. }) => {
                Self::Preview(options)
            }
            other => other,
        }
    }
}

/// The command line; of a link to the program that is called like one of its services, with that service before it.
fn arguments() -> Vec<OsString> {
    let mut given: Vec<OsString> = std::env::args_os().collect();
    let name = given.first().and_then(|program| Path::new(program).file_name()).map(OsStr::to_owned);
    let services = [Role::Relay, Role::Pusher, Role::Notifyd].map(Role::name);
    given.splice(1..1, name.filter(|name| services.iter().any(|service| name == service)));
    given
}

fn main() -> ExitCode {
    let command = match Arguments::try_parse_from(arguments()) {
        Ok(arguments) => arguments.command.plain(),
        Err(said) => return told_by_clap(&said),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, Exit::Failure),
    };
    let exit = carry_out(command, &runtime);
    leave(runtime);
    exit
}

/// Dropped, it would wait for every thread.
fn leave(runtime: Runtime) {
    runtime.shutdown_timeout(LAST_THREADS);
}

fn carry_out(command: Command, runtime: &Runtime) -> ExitCode {
    match command {
        Command::Standalone(options) => ended(runtime.block_on(process::run_standalone(options))),
        Command::Relay(options) => ended(runtime.block_on(process::run(Role::Relay, options))),
        Command::Pusher(options) => ended(runtime.block_on(process::run(Role::Pusher, options))),
        Command::Notifyd(options) => match options.process {
            Some(options) => ended(runtime.block_on(process::run(Role::Notifyd, options))),
            // clap asks for one or the other.
            None => Exit::Usage.into(),
        },
        Command::Revoke(options) => ended(runtime.block_on(revoke::run(options)).map(say)),
        Command::Provision(options) => ended(runtime.block_on(provision::run(options)).map(say)),
        Command::DeadLetters(options) => answered(runtime.block_on(dead_letters::run(options))),
        Command::Credit(options) => answered(runtime.block_on(credit::run(options))),
        Command::Preview(options) => ended(runtime.block_on(preview::run(&options))),
        Command::Demo(options) => ended(runtime.block_on(demo::run(options))),
    }
}

/// Help and version are what was asked for; all else is a command line that is wrong.
fn told_by_clap(said: &clap::Error) -> ExitCode {
    // Nobody is there to be told that nobody can be told.
    said.print().ok();
    if said.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS }
}

/// What the program exits with.
fn ended<E: Ending>(outcome: Result<(), E>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, error.exit()),
    }
}

/// The same of a command whose answer is what was asked for: it is printed.
fn answered<E: Ending>(outcome: Result<String, E>) -> ExitCode {
    match outcome {
        Ok(text) => match writeln!(std::io::stdout(), "{text}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error, Exit::Failure),
        },
        Err(error) => fail(&error, error.exit()),
    }
}

/// Tells a person what was done.
fn say(said: String) {
    eprintln!("mailpush: {said}");
}

/// Tells a person why the program ends, with every cause.
fn fail(error: &dyn Error, exit: Exit) -> ExitCode {
    // Each line for itself, as a journal shows them.
    kit::config::chain(error).lines().for_each(|line| eprintln!("mailpush: {line}"));
    exit.into()
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;

    #[test]
    fn a_thread_that_a_file_system_holds_up_does_not_keep_the_process() {
        let runtime = Runtime::new().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let (say, said) = mpsc::channel();
        let left = say.clone();
        runtime.spawn_blocking(move || {
            say.send("hangs").unwrap();
            held.recv()
        });
        assert_eq!(said.recv(), Ok("hangs"));
        thread::spawn(move || {
            leave(runtime);
            left.send("left").unwrap();
        });
        assert_eq!(said.recv_timeout(LAST_THREADS * 20), Ok("left"));
        drop(release);
    }
}
