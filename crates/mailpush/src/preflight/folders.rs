//! Folders and sockets that a start needs.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::{config::Config, role::Role, site_bus::Kind};

/// What of them is missing for a process that is `role` and runs as whoever looks.
pub(super) fn warnings(config: &Config, role: Role) -> impl Iterator<Item = String> {
    of_sockets(config, role).chain(unwritable(config, role))
}

/// Folders of sockets that something else makes: tmpfiles, or the unit.
fn of_sockets(config: &Config, role: Role) -> impl Iterator<Item = String> {
    let sockets = [("relay.dlist", &config.relay.dlist), ("relay.datagram", &config.relay.datagram)];
    sockets.into_iter().filter(move |_| role.has_relay()).filter_map(|(key, path)| {
        let folder = path.as_deref()?.parent()?;
        (!folder.is_dir()).then(|| format!("{key}: the folder {} is not there", folder.display()))
    })
}

/// Folders that are written to, or in which they would be made.
fn unwritable(config: &Config, role: Role) -> impl Iterator<Item = String> {
    let keeps_data = role.has_notifyd() || role != Role::Operator && config.bus.kind == Kind::Local;
    let data = keeps_data.then_some(("data", &config.data));
    let spool = role.has_relay().then_some(("relay.spool.folder", &config.relay.spool.folder));
    data.into_iter().chain(spool).filter_map(|(key, folder)| {
        let place = nearest(folder)?;
        let why = accessat(CWD, &place, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).err()?;
        Some(format!("{key}: {} cannot be written to by this user: {why}", place.display()))
    })
}

/// The folder, or where it would be made.
fn nearest(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    folder.ancestors().find(|place| place.exists()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(config: &Config, role: Role) -> Vec<String> {
        warnings(config, role).collect()
    }

    /// Whose folders can be written to.
    fn writable() -> (tempfile::TempDir, Config) {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config { data: folder.path().join("data"), ..Config::default() };
        config.relay.spool.folder = folder.path().join("to/be/made");
        config.relay.dlist = Some(folder.path().join("notify"));
        (folder, config)
    }

    #[test]
    fn a_folder_for_sockets_that_is_not_there_is_told() {
        let (_folder, mut config) = writable();
        assert_eq!(told(&config, Role::Relay), Vec::<String>::new());
        config.relay.dlist = Some("/nowhere/at/all/notify".into());
        assert_eq!(told(&config, Role::Relay), ["relay.dlist: the folder /nowhere/at/all is not there"]);
        assert_eq!(told(&config, Role::Pusher).len(), 0);
    }

    #[test]
    fn folders_that_cannot_be_written_to_are_told_to_who_needs_them() {
        // Nothing can be made below a file, not by root either.
        let (folder, mut config) = writable();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        config.data = file.join("data");
        config.relay.spool.folder = file.join("spool");
        let standalone = told(&config, Role::Standalone);
        let is = |key: &str| format!("{key}: {} cannot be written to by this user: ", file.display());
        assert!(standalone[0].starts_with(&is("data")), "{standalone:?}");
        assert!(standalone[1].starts_with(&is("relay.spool.folder")), "{standalone:?}");
        assert_eq!(told(&config, Role::Notifyd).len(), 1);
        config.bus.kind = Kind::Nats;
        assert!(told(&config, Role::Relay)[0].starts_with("relay.spool.folder: "));
        assert_eq!(told(&config, Role::Relay).len(), 1);
        assert_eq!(told(&config, Role::Pusher), Vec::<String>::new());
        assert_eq!(told(&config, Role::Operator), Vec::<String>::new());
    }
}
