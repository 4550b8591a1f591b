//! The files of a server: made by its own `initdb`, owned by a user that is not root.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{PASSWORD, ROLE};
use crate::Scratch;
use crate::certificate::Certificate;

/// Where Debian has one folder for each major version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// What a test can do without: a cluster is gone when its test is. What was committed outlives the server's
/// processes all the same.
const SETTINGS: [&str; 6] = [
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "max_connections=200",
    "unix_socket_directories=",
    "listen_addresses=127.0.0.1",
];

/// A cluster, and who it belongs to.
#[derive(Debug)]
pub(super) struct Cluster {
    folder: PathBuf,
    owner: Option<Owner>,
    has_tls: bool,
}

/// The user that stands in for root, as whom PostgreSQL refuses to run.
#[derive(Debug, Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

impl Cluster {
    pub(super) fn make(scratch: &Scratch, certificate: Option<&Certificate>) -> Self {
        let folder = scratch.join("cluster");
        let owner = rustix::process::geteuid().is_root().then(Owner::find);
        let password = scratch.join("password");
        fs::create_dir(&folder).and_then(|()| fs::write(&password, PASSWORD)).expect("the folder is ours");
        let cluster = Self { folder, owner, has_tls: certificate.is_some() };
        cluster.give_away(&cluster.folder);
        let mut command = cluster.command("initdb");
        command.args(["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "-U", ROLE]);
        command.arg("--pwfile").arg(&password).arg("-D").arg(&cluster.folder);
        let output = command.output().expect("initdb is there");
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        if let Some(certificate) = certificate {
            cluster.ask_for_tls(certificate);
        }
        cluster
    }

    /// What runs it on `port`.
    pub(super) fn server(&self, port: u16) -> Command {
        let mut command = self.command("postgres");
        command.arg("-D").arg(&self.folder).args(["-p", &port.to_string()]);
        command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        if self.has_tls {
            command.args(["-c", "ssl=on"]);
        }
        command
    }

    fn ask_for_tls(&self, certificate: &Certificate) {
        for (from, name) in [(&certificate.chain, "server.crt"), (&certificate.key, "server.key")] {
            let to = self.folder.join(name);
            // A copy keeps the mode; openssl makes keys with 0600, which PostgreSQL insists on.
            fs::copy(from, &to).expect("the folder is ours");
            self.give_away(&to);
        }
        fs::write(self.folder.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\n")
            .expect("the folder is ours");
    }

    fn give_away(&self, path: &Path) {
        if let Some(Owner { user, group }) = self.owner {
            chown(path, Some(user), Some(group)).expect("root may give files away");
        }
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        // Its own folder: that of the tests may be closed to its user.
        command.current_dir("/").env_remove("PGDATA");
        if let Some(Owner { user, group }) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Owner {
    /// Debian's package brings the user `postgres`; any other that is not root would do.
    fn find() -> Self {
        const NOBODY: Owner = Owner { user: 65534, group: 65534 };
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let line = users.lines().find(|line| line.starts_with("postgres:"));
        let ids = line.and_then(|line| {
            let mut fields = line.split(':').skip(2).map(str::parse);
            Some((fields.next()?.ok()?, fields.next()?.ok()?))
        });
        ids.map_or(NOBODY, |(user, group)| Self { user, group })
    }
}

/// A program of the newest version that is installed.
pub(super) fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions.map(|entry| entry.path()).filter(|path| number(path).is_some());
    let newest = newest.max_by_key(|path| number(path));
    let found = newest.map(|path| path.join("bin").join(name)).filter(|path| path.exists());
    found.unwrap_or_else(|| panic!("PostgreSQL's {name} is not installed: run tests/run"))
}
