//! Why a site did not begin, and whether trying again could help.

use std::{io, path::PathBuf};

use bus::BusError;
use kit::admin::AdminError;
use relay::{socket::SocketError, spool};

use crate::bus_words;

/// Why a site did not begin.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The folder for data, or the key in it.
    #[error("data folder {} cannot be used", .0.display())]
    Data(PathBuf, #[source] io::Error),
    /// The configured key.
    #[error("key_file {} cannot be used", .0.display())]
    Key(PathBuf, #[source] io::Error),
    /// The bus.
    #[error("bus cannot be used")]
    Bus(#[source] BusError),
    /// The database.
    #[error("notifyd.database")]
    Store(#[source] store::OpenError),
    /// relay.
    #[error("relay cannot start")]
    Relay(#[source] relay::StartError),
    /// pusher.
    #[error("pusher cannot start")]
    Pusher(#[source] pusher::StartError),
    /// The address that pusher was given by the system.
    #[error("pusher has no address")]
    Address(#[source] io::Error),
    /// notifyd.
    #[error("notifyd cannot start")]
    Notifyd(#[source] notifyd::StartError),
    /// The admin port.
    #[error("admin.listen cannot be used")]
    Admin(#[from] AdminError),
}

impl SiteError {
    /// Whether it stays so until somebody changes the configuration or what it names: then starting again is no use.
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Key(..) => true,
            Self::Data(_, why) | Self::Address(why) => is_lasting(why),
            Self::Bus(why) => bus_words::is_configuration(why),
            Self::Store(why) => is_database(why),
            Self::Relay(why) => is_relay(why),
            Self::Pusher(pusher::StartError::Listen(_, why)) => is_lasting(why),
            Self::Pusher(_) => true,
            Self::Notifyd(why) => match why {
                notifyd::StartError::Mute(_, why) => is_lasting(why),
                notifyd::StartError::Bus(_) => false,
                notifyd::StartError::Smtp(_)
                | notifyd::StartError::Dkim(_)
                | notifyd::StartError::Sms(_)
                | notifyd::StartError::Webhook(_)
                | notifyd::StartError::Wording(_) => true,
            },
            Self::Admin(AdminError::Listen { source, .. }) => is_lasting(source),
            Self::Admin(AdminError::Thread(_)) => false,
        }
    }
}

fn is_database(why: &store::OpenError) -> bool {
    match why {
        store::OpenError::Unsupported(_) => true,
        store::OpenError::File(why) => is_lasting(why),
        // Somebody may let us in, or migrate, and would not come to start us again.
        _ => false,
    }
}

fn is_relay(why: &relay::StartError) -> bool {
    use relay::StartError;
    match why {
        StartError::Settings(_) | StartError::NoSocket | StartError::Socket(SocketError::Occupied(_)) => true,
        StartError::Socket(SocketError::Bind { source, .. })
        | StartError::Spool(_, spool::OpenError::Folder(source))
        | StartError::Quarantine(_, source) => is_lasting(source),
        // The one who has it may be about to leave.
        StartError::Socket(SocketError::InUse(_)) | StartError::Spool(_, spool::OpenError::Taken) => false,
    }
}

/// What a path or a port of the configuration is refused for. A full disk, or an address that another process still
/// has, may be better in a moment.
fn is_lasting(why: &io::Error) -> bool {
    matches!(
        why.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidData
            | io::ErrorKind::ReadOnlyFilesystem
    )
}

#[cfg(test)]
mod tests {
    use bus_nats::Refusal;

    use super::*;

    #[test]
    fn what_another_start_may_mend_is_no_matter_of_configuration() {
        let listen = |kind| {
            let address = ([127, 0, 0, 1], 8082).into();
            SiteError::Admin(AdminError::Listen { address, source: io::Error::from(kind) })
        };
        assert!(!listen(io::ErrorKind::AddrInUse).is_configuration());
        assert!(!listen(io::ErrorKind::AddrNotAvailable).is_configuration());
        assert!(listen(io::ErrorKind::PermissionDenied).is_configuration());
        assert!(SiteError::Relay(relay::StartError::NoSocket).is_configuration());
        assert!(
            !SiteError::Relay(relay::StartError::Spool("/spool".into(), spool::OpenError::Taken))
                .is_configuration()
        );
        let refusal = |refusal: Refusal| SiteError::Bus(refusal.into()).is_configuration();
        assert!(refusal(Refusal::Settings("no server".into())));
        assert!(refusal(Refusal::OtherKey));
        assert!(!refusal(Refusal::Credentials));
    }
}
