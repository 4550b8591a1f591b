//! `mailpush`: a whole site in one process, the demo, and an operator's commands.

mod bus_watch;
mod config;
mod demo;
mod key;
mod revoke;
mod site;
mod standalone;

use std::{error::Error, process::ExitCode};

use clap::{Parser, Subcommand};

/// Push and notifications beside a Cyrus IMAP server.
#[derive(Debug, Parser)]
#[command(name = "mailpush", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run relay, pusher and notifyd in one process beside a Cyrus.
    Standalone(standalone::Options),
    /// Have a user's passwords, tokens and tickets be checked anew, and end the streams that they opened.
    Revoke(revoke::Options),
    /// Show in a browser what mailpush does; needs nothing installed.
    Demo(demo::Options),
}

/// What a wrong configuration exits with (EX_USAGE of sysexits.h): starting again is no use.
const EXIT_CONFIGURATION: u8 = 64;

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, ExitCode::FAILURE),
    };
    match command {
        Command::Standalone(options) => match runtime.block_on(standalone::run(options)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error @ standalone::Error::Config(_)) => fail(&error, ExitCode::from(EXIT_CONFIGURATION)),
            Err(error) => fail(&error, ExitCode::FAILURE),
        },
        Command::Revoke(options) => match runtime.block_on(revoke::run(options)) {
            Ok(said) => {
                eprintln!("mailpush: {said}");
                ExitCode::SUCCESS
            }
            Err(error @ revoke::Error::Config(_)) => fail(&error, ExitCode::from(EXIT_CONFIGURATION)),
            Err(error) => fail(&error, ExitCode::FAILURE),
        },
        Command::Demo(options) => match runtime.block_on(demo::run(options)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error, ExitCode::FAILURE),
        },
    }
}

/// Tells a person why the program ends, with every cause.
fn fail(error: &dyn Error, code: ExitCode) -> ExitCode {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    eprintln!("mailpush: {text}");
    code
}
