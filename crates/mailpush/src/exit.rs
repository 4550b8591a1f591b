//! What the program exits with (sysexits.h), for whoever started it: a person, a script, or a service manager.

use std::{error::Error, io, process::ExitCode};

/// What the services and the demo say of it.
pub const OF_SERVICES: &str = "Exit codes: 0 it was done, or ended by a signal; 1 it failed, and another try may do; 64 \
the command line or the configuration is wrong, and another try is no use until it is changed.\n\n\
Any key of a configuration can come from the environment: relay.mode is MAILPUSH__RELAY__MODE. Every key and its \
default: docs/configuration.md.";

/// What operators' commands say of it.
pub const OF_COMMANDS: &str = "Exit codes: 0 it was done; 64 what was asked for cannot be, or the configuration is wrong, \
and another try is no use until it is changed; 69 what is needed for it does not answer; 1 it failed otherwise.";

/// What `provision` says of it.
pub const OF_PROVISION: &str = "Exit codes: 0 NATS is as the configuration says; 64 the configuration is wrong, or the \
key is another, or --change-bounds is needed; 69 NATS does not answer; 77 NATS refuses this user, or a permission of it \
is missing; 1 anything else.";

/// Why it was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The caller's mistake, on the command line or in the configuration: another try is no use until it is mended
    /// (`EX_USAGE`).
    Usage,
    /// What is needed for it does not answer (`EX_UNAVAILABLE`).
    Away,
    /// What is needed for it does not let this user do it (`EX_NOPERM`).
    NotPermitted,
    /// Any other reason; another try may do.
    Failure,
}

/// An error that the program may end with.
pub trait Ending: Error {
    /// What it exits with.
    fn exit(&self) -> Exit;
}

impl Exit {
    /// For a path or a port that the caller named. A full disk, or an address that another process still has, may be
    /// better in a moment.
    pub fn of_io(why: &io::Error) -> Self {
        match why.kind() {
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidData
            | io::ErrorKind::ReadOnlyFilesystem => Self::Usage,
            _ => Self::Failure,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Usage => 64,
            Self::Away => 69,
            Self::NotPermitted => 77,
            Self::Failure => 1,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
