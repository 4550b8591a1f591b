//! Why a site did not begin, and whether trying again could help.

use std::{io, path::PathBuf};

use bus::BusError;
use kit::admin::AdminError;
use relay::{socket::SocketError, spool};

use crate::{
    bus_words,
    exit::{Ending, Exit},
};

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

impl Ending for SiteError {
    /// Whether it stays so until somebody changes the configuration or what it names: then starting again is no use.
    fn exit(&self) -> Exit {
        match self {
            Self::Key(..) => Exit::Usage,
            Self::Data(_, why) | Self::Address(why) => Exit::of_io(why),
            Self::Bus(why) if bus_words::is_configuration(why) => Exit::Usage,
            Self::Bus(_) => Exit::Failure,
            Self::Store(why) => of_database(why),
            Self::Relay(why) => of_relay(why),
            Self::Pusher(pusher::StartError::Listen(_, why)) => Exit::of_io(why),
            Self::Pusher(_) => Exit::Usage,
            Self::Notifyd(why) => match why {
                notifyd::StartError::Mute(_, why) => Exit::of_io(why),
                notifyd::StartError::Bus(_) => Exit::Failure,
                notifyd::StartError::Smtp(_)
                | notifyd::StartError::Dkim(_)
                | notifyd::StartError::Sms(_)
                | notifyd::StartError::Webhook(_)
                | notifyd::StartError::Wording(_) => Exit::Usage,
            },
            Self::Admin(AdminError::Listen { source, .. }) => Exit::of_io(source),
            Self::Admin(AdminError::Thread(_)) => Exit::Failure,
        }
    }
}

fn of_database(why: &store::OpenError) -> Exit {
    match why {
        // The settings name tables or views of the operator's: who makes them looks after the service.
        store::OpenError::Unsupported(_) | store::OpenError::Recipients(_) => Exit::Usage,
        store::OpenError::File(why) => Exit::of_io(why),
        // Somebody may let us in, or migrate, and would not come to start us again.
        _ => Exit::Failure,
    }
}

fn of_relay(why: &relay::StartError) -> Exit {
    use relay::StartError;
    match why {
        StartError::Settings(_) | StartError::NoSocket | StartError::Socket(SocketError::Occupied(_)) => {
            Exit::Usage
        }
        StartError::Socket(SocketError::Bind { source, .. })
        | StartError::Spool(_, spool::OpenError::Folder(source))
        | StartError::Quarantine(_, source) => Exit::of_io(source),
        // The one who has it may be about to leave.
        StartError::Socket(SocketError::InUse(_)) | StartError::Spool(_, spool::OpenError::Taken) => {
            Exit::Failure
        }
    }
}

#[cfg(test)]
mod tests {
    use bus_nats::Refusal;

    use super::*;

    #[test]
    fn what_another_start_may_mend_is_no_matter_of_configuration() {
        let listen = |kind| {
            let address = ([127, 0, 0, 1], 8082).into();
            SiteError::Admin(AdminError::Listen { address, source: io::Error::from(kind) }).exit()
        };
        assert_eq!(listen(io::ErrorKind::AddrInUse), Exit::Failure);
        assert_eq!(listen(io::ErrorKind::AddrNotAvailable), Exit::Failure);
        assert_eq!(listen(io::ErrorKind::PermissionDenied), Exit::Usage);
        let relay = |why| SiteError::Relay(why).exit();
        assert_eq!(relay(relay::StartError::NoSocket), Exit::Usage);
        let taken = relay::StartError::Spool("/spool".into(), spool::OpenError::Taken);
        assert_eq!(relay(taken), Exit::Failure);
        let refusal = |refusal: Refusal| SiteError::Bus(refusal.into()).exit();
        assert_eq!(refusal(Refusal::Settings("no server".into())), Exit::Usage);
        assert_eq!(refusal(Refusal::OtherKey), Exit::Usage);
        assert_eq!(refusal(Refusal::Credentials), Exit::Failure);
    }
}
