//! `mailpush`: a whole site in one process or each service in its own, the demo, and an operator's commands.

mod age;
mod ask;
mod bus_watch;
mod bus_words;
mod config;
mod credit;
mod dead_letters;
mod demo;
mod key;
mod ledger;
mod preflight;
mod preview;
mod process;
mod proof;
mod provision;
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
};

use clap::{Parser, Subcommand};

use crate::role::Role;

/// What every command says of how it ends.
const EXIT_CODES: &str = "Exit codes: 0 it was done, or ended by a signal; 1 it failed, and another try may do; 64 the \
command line or the configuration is wrong, and another try is no use until it is changed.\n\n\
Any key of a configuration can come from the environment: relay.mode is MAILPUSH__RELAY__MODE. Every key and its \
default: docs/configuration.md.";

/// Push and notifications beside a Cyrus IMAP server.
#[derive(Debug, Parser)]
#[command(name = "mailpush", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run relay, pusher and notifyd in one process beside a Cyrus.
    #[command(after_help = EXIT_CODES)]
    Standalone(process::StandaloneOptions),
    /// Take the notifications of a Cyrus on this machine; meets the others on NATS.
    #[command(after_help = EXIT_CODES)]
    Relay(process::Options),
    /// Serve streams; as many as are wanted may run.
    #[command(after_help = EXIT_CODES)]
    Pusher(process::Options),
    /// Send mail, text messages and POSTs; as many as are wanted may run.
    #[command(after_help = EXIT_CODES)]
    Notifyd(NotifydOptions),
    /// Have a user's passwords, tokens and tickets be checked anew, and end the streams that they opened.
    #[command(after_help = EXIT_CODES)]
    Revoke(revoke::Options),
    /// Have NATS hold what this release keeps there; for an operator, after an upgrade.
    #[command(after_help = provision::EXIT_CODES)]
    Provision(provision::Options),
    /// Look at jobs that no retry could help, give them back, or drop them.
    #[command(after_help = EXIT_CODES)]
    DeadLetters(dead_letters::Options),
    /// Grant, look at and set right what users may spend on text messages.
    #[command(after_help = EXIT_CODES)]
    Credit(credit::Options),
    /// Write an alarm mail as it would be sent, to look at.
    #[command(after_help = EXIT_CODES, arg_required_else_help = true)]
    Preview(preview::Options),
    /// Show in a browser what mailpush does; needs nothing installed.
    #[command(after_help = EXIT_CODES)]
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
    #[command(after_help = EXIT_CODES)]
    Credit(credit::Options),
    /// The same as `mailpush preview`.
    #[command(after_help = EXIT_CODES, arg_required_else_help = true)]
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

/// What a wrong configuration exits with (EX_USAGE of sysexits.h): starting again is no use.
const EXIT_CONFIGURATION: u8 = 64;

fn main() -> ExitCode {
    let command = match Arguments::try_parse_from(arguments()) {
        Ok(arguments) => arguments.command.plain(),
        Err(said) => return told_by_clap(&said),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, ExitCode::FAILURE),
    };
    match command {
        Command::Standalone(options) => told(runtime.block_on(process::run_standalone(options))),
        Command::Relay(options) => told(runtime.block_on(process::run(Role::Relay, options))),
        Command::Pusher(options) => told(runtime.block_on(process::run(Role::Pusher, options))),
        Command::Notifyd(options) => match options.process {
            Some(options) => told(runtime.block_on(process::run(Role::Notifyd, options))),
            // clap asks for one or the other.
            None => ExitCode::from(EXIT_CONFIGURATION),
        },
        Command::Revoke(options) => {
            let is_wrong = revoke::Error::is_configuration;
            done(runtime.block_on(revoke::run(options)), is_wrong)
        }
        Command::Provision(options) => {
            let outcome = runtime.block_on(provision::run(options));
            outcome.map_or_else(|error| fail(&error, error.code().into()), say)
        }
        Command::DeadLetters(options) => {
            let is_wrong = dead_letters::Error::is_configuration;
            match runtime.block_on(dead_letters::run(options)) {
                Ok(said) => print(&said),
                Err(error) => done(Err(error), is_wrong),
            }
        }
        Command::Credit(options) => match runtime.block_on(credit::run(options)) {
            Ok(said) => print(&said),
            Err(error) => done(Err(error), credit::Error::is_configuration),
        },
        Command::Preview(options) => match runtime.block_on(preview::run(&options)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if error.is_command_line() => fail(&error, ExitCode::from(EXIT_CONFIGURATION)),
            Err(error) => fail(&error, ExitCode::FAILURE),
        },
        Command::Demo(options) => match runtime.block_on(demo::run(options)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error, ExitCode::FAILURE),
        },
    }
}

/// What a process exits with.
fn told(outcome: Result<(), process::Error>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_configuration() => fail(&error, ExitCode::from(EXIT_CONFIGURATION)),
        Err(error) => fail(&error, ExitCode::FAILURE),
    }
}

/// Help and version are what was asked for; all else is a command line that is wrong.
fn told_by_clap(said: &clap::Error) -> ExitCode {
    // Nobody is there to be told that nobody can be told.
    said.print().ok();
    if said.use_stderr() { ExitCode::from(EXIT_CONFIGURATION) } else { ExitCode::SUCCESS }
}

/// What a command exits with; `is_wrong`: in its configuration.
fn done<E: Error>(outcome: Result<String, E>, is_wrong: impl Fn(&E) -> bool) -> ExitCode {
    match outcome {
        Ok(said) => say(said),
        Err(error) if is_wrong(&error) => fail(&error, ExitCode::from(EXIT_CONFIGURATION)),
        Err(error) => fail(&error, ExitCode::FAILURE),
    }
}

/// Tells a person what was done.
fn say(said: String) -> ExitCode {
    eprintln!("mailpush: {said}");
    ExitCode::SUCCESS
}

/// Prints what was asked for.
fn print(text: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, ExitCode::FAILURE),
    }
}

/// Tells a person why the program ends, with every cause.
fn fail(error: &dyn Error, code: ExitCode) -> ExitCode {
    // Each line for itself, as a journal shows them.
    kit::config::chain(error).lines().for_each(|line| eprintln!("mailpush: {line}"));
    code
}
