//! What the settings name on this machine, looked at before anything is started: what a start would refuse, and what
//! an operator should know.

mod folders;
mod pem;

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use bus_local::LocalBusSettings;
use notifyd::overrides;

use crate::{config::Config, key, role::Role, site_bus::Kind};

/// Where systemd puts what `LoadCredential=` names, while the unit runs and for it alone; what looks like a mode for a
/// group is the access of the unit's user there.
const OF_SYSTEMD: &str = "/run/credentials";

/// Of a file for NATS: the certificates of all authorities of a system take a fraction of it.
const LONGEST_FILE: u64 = 4 << 20;

/// What would keep a process that is `role` from starting, each with its key.
pub fn problems(config: &Config, role: Role) -> Vec<String> {
    if role == Role::Operator {
        return Vec::new();
    }
    let wording = config.notifyd.wording.as_deref().filter(|_| role.has_notifyd());
    let wording = wording.and_then(|folder| overrides::load(Some(folder)).err());
    key_problem(config)
        .into_iter()
        .chain(
            nats_files(config)
                .filter_map(|(key, path)| unreadable(key, path).or_else(|| unusable(key, path))),
        )
        .chain(pair_problem(config))
        .chain(authority_problems(config, role))
        .chain(wording.map(|why| format!("notifyd.wording: {}", kit::config::chain(&why))))
        .collect()
}

fn key_problem(config: &Config) -> Option<String> {
    match &config.key_file {
        Some(path) => key::read(path).err().map(|why| format!("key_file: {}", told(path, &why))),
        // It is made by the first start.
        None => {
            let path = key::in_folder(&config.data);
            let why = key::read(&path).err().filter(|why| why.kind() == io::ErrorKind::InvalidData)?;
            Some(format!("data: {}", told(&path, &why)))
        }
    }
}

/// Files that the client of NATS reads, where it is used.
fn nats_files(config: &Config) -> impl Iterator<Item = (&'static str, &Path)> {
    let nats = &config.bus.nats;
    let files = [
        ("bus.nats.credentials.file", &nats.credentials.file),
        ("bus.nats.tls.ca", &nats.tls.ca),
        ("bus.nats.tls.cert", &nats.tls.cert),
        ("bus.nats.tls.key", &nats.tls.key),
    ];
    let is_used = config.bus.kind == Kind::Nats;
    files.into_iter().filter(move |_| is_used).filter_map(|(key, path)| Some((key, path.as_deref()?)))
}

/// A key that is another certificate's. What is wrong with one of the two files is told of it.
fn pair_problem(config: &Config) -> Option<String> {
    let tls = &config.bus.nats.tls;
    let (cert, path) =
        tls.cert.as_deref().zip(tls.key.as_deref()).filter(|_| config.bus.kind == Kind::Nats)?;
    let (certificates, key) = (pem::certificates(cert).ok()?, pem::key(path).ok()?);
    let why = pem::pair(certificates, key).err()?;
    Some(format!("bus.nats.tls.key: {}: {}", path.display(), kit::config::chain(&why)))
}

/// A file of notifyd's that cannot be opened, or else what a start would say of them.
fn authority_problems(config: &Config, role: Role) -> Vec<String> {
    let unreadable: Vec<_> =
        authorities(config, role).filter_map(|(key, path)| unreadable(key, path)).collect();
    if !unreadable.is_empty() || !role.has_notifyd() {
        return unreadable;
    }
    kit::config::within("notifyd", config.notifyd.trust_problems()).collect()
}

/// Files of certificates by which notifyd tells servers from others.
fn authorities(config: &Config, role: Role) -> impl Iterator<Item = (&'static str, &Path)> {
    let notifyd = &config.notifyd;
    let webhook = notifyd.webhook.as_ref().and_then(|webhook| webhook.ca.as_deref());
    let files = [("notifyd.smtp.ca", notifyd.smtp.ca.as_deref()), ("notifyd.webhook.ca", webhook)];
    files.into_iter().filter(move |_| role.has_notifyd()).filter_map(|(key, path)| Some((key, path?)))
}

fn unreadable(key: &str, path: &Path) -> Option<String> {
    let why = File::open(path).and_then(|file| file.metadata()).err()?;
    Some(format!("{key}: {}", told(path, &why)))
}

/// Says that a file which the client of NATS reads is of no use to it. What cannot be read is not looked at.
fn unusable(key: &str, path: &Path) -> Option<String> {
    let why = match key {
        "bus.nats.credentials.file" => {
            let mut text = String::new();
            // What is no text is none of these.
            File::open(path).ok()?.take(LONGEST_FILE).read_to_string(&mut text).ok();
            let is_right = bus_nats::is_credentials_file(&text);
            return (!is_right)
                .then(|| format!("{key}: {}: is no file of credentials, as nsc writes it", path.display()));
        }
        "bus.nats.tls.key" => pem::key(path).map(drop),
        "bus.nats.tls.cert" => pem::certificates(path).map(drop),
        _ => pem::authorities(path),
    };
    let why = why.err()?;
    Some(format!("{key}: {}: {}", path.display(), kit::config::chain(&why)))
}

fn told(path: &Path, why: &io::Error) -> String {
    let hint = if why.kind() == io::ErrorKind::NotFound && path.starts_with(OF_SYSTEMD) {
        "; systemd puts it there while the unit runs"
    } else {
        ""
    };
    format!("{}: {why}{hint}", path.display())
}

/// What does not keep a process that is `role` from starting, and should be mended. `secret_files` are those that
/// secrets were read from, each with its key.
pub fn warnings(config: &Config, role: Role, secret_files: &[(String, PathBuf)]) -> Vec<String> {
    let key = config.key_file.as_deref().map(|path| ("key_file", path));
    let of_nats = nats_files(config).filter(|(key, _)| key.ends_with("file") || key.ends_with("key"));
    let named = key.into_iter().chain(of_nats).filter_map(|(key, path)| exposure(key, path));
    // A file of credentials is written like a secret in a file.
    let read = secret_files.iter().filter(|(key, _)| key != "bus.nats.credentials");
    let read = read.filter_map(|(key, path)| exposure(key, path));
    named.chain(read).chain(other_bus(config, role)).chain(folders::warnings(config, role)).collect()
}

/// Settings of the bus that is not chosen: `--bus` may have chosen the other for once.
fn other_bus(config: &Config, role: Role) -> Option<String> {
    let is_unused = config.bus.kind == Kind::Nats && config.bus.local != LocalBusSettings::default();
    (is_unused && role != Role::Operator).then(|| "bus.local: is not heeded on NATS".to_owned())
}

/// Says who else than its owner may read a secret.
fn exposure(key: &str, path: &Path) -> Option<String> {
    let mode = fs::metadata(path).ok()?.permissions().mode();
    let who = match (mode & 0o004, mode & 0o040) {
        (0, 0) => return None,
        (0, _) if path.starts_with(OF_SYSTEMD) => return None,
        (0, _) => "its group",
        _ => "everybody",
    };
    Some(format!("{key}: {} may be read by {who} (mode {:04o})", path.display(), mode & 0o7777))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_key(content: &str, mode: u32) -> (tempfile::TempDir, Config) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("account.key");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let config = Config { key_file: Some(path), ..Config::default() };
        (folder, config)
    }

    #[test]
    fn a_key_that_cannot_be_used_is_a_problem() {
        let (_folder, config) = with_key("short", 0o600);
        let problems = problems(&config, Role::Relay);
        assert!(problems[0].starts_with("key_file: ") && problems[0].contains("32 octets"), "{problems:?}");
        let config = Config { key_file: Some("/nowhere/account.key".into()), ..config };
        assert!(super::problems(&config, Role::Relay)[0].contains("/nowhere/account.key: No such file"));
        let config = Config { key_file: Some("/run/credentials/x.service/key".into()), ..config };
        assert!(super::problems(&config, Role::Relay)[0].ends_with("while the unit runs"));
        assert_eq!(super::problems(&config, Role::Operator), Vec::<String>::new());
    }

    #[test]
    fn secrets_that_others_can_read_are_a_warning() {
        for (mode, who) in [(0o644, "everybody (mode 0644)"), (0o640, "its group (mode 0640)")] {
            let (_folder, config) = with_key(&"k".repeat(32), mode);
            assert_eq!(problems(&config, Role::Notifyd), Vec::<String>::new());
            let path = config.key_file.clone().unwrap();
            let warnings = warnings(&config, Role::Notifyd, &[("notifyd.smtp.login.password".into(), path)]);
            assert!(warnings[0].starts_with("key_file: ") && warnings[0].ends_with(who), "{warnings:?}");
            assert!(warnings[1].starts_with("notifyd.smtp.login.password: "), "{warnings:?}");
        }
        let (_folder, config) = with_key(&"k".repeat(32), 0o600);
        assert_eq!(warnings(&config, Role::Notifyd, &[]), Vec::<String>::new());
    }

    #[test]
    fn files_for_nats_are_looked_at_where_nats_is_used() {
        let mut config = Config::default();
        config.bus.nats.credentials.file = Some("/nowhere/relay.creds".into());
        config.bus.nats.tls.ca = Some("/nowhere/ca.pem".into());
        assert_eq!(problems(&config, Role::Standalone), Vec::<String>::new());
        config.bus.kind = Kind::Nats;
        let told = problems(&config, Role::Standalone);
        assert!(told[0].starts_with("bus.nats.credentials.file: /nowhere/relay.creds: "), "{told:?}");
        assert!(told[1].starts_with("bus.nats.tls.ca: /nowhere/ca.pem: "), "{told:?}");

        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "host.example.org\n").unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
        config.bus.nats.credentials.file = Some(file.path().into());
        config.bus.nats.tls.ca = Some(file.path().into());
        let told = problems(&config, Role::Standalone);
        let name = file.path().display();
        assert_eq!(
            told,
            [
                format!("bus.nats.credentials.file: {name}: is no file of credentials, as nsc writes it"),
                format!("bus.nats.tls.ca: {name}: is no certificate in PEM"),
            ]
        );
        let secrets = [("bus.nats.credentials".to_owned(), file.path().to_owned())];
        let warned = warnings(&config, Role::Pusher, &secrets);
        assert_eq!(warned.iter().filter(|warning| warning.contains("may be read")).count(), 1, "{warned:?}");
    }

    #[test]
    fn what_looks_like_pem_and_is_none_is_told_before_a_start_refuses_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, label: &str| {
            let path = folder.path().join(name);
            fs::write(&path, format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n")).unwrap();
            Some(path)
        };
        let mut config = Config::default();
        config.bus.kind = Kind::Nats;
        config.bus.nats.tls.ca = file("ca", "CERTIFICATE");
        config.bus.nats.tls.cert = file("cert", "CERTIFICATE");
        config.bus.nats.tls.key = file("key", "PRIVATE KEY");
        config.notifyd.smtp.host = "mail.example.org".into();
        config.notifyd.smtp.ca = file("smtp", "CERTIFICATE");
        let told = problems(&config, Role::Notifyd);
        for (key, why) in [
            ("bus.nats.tls.ca: ", "holds a certificate that cannot be used"),
            ("bus.nats.tls.key: ", "is not the key of the certificate"),
            ("notifyd.smtp.ca: ", "holds one that cannot be used"),
        ] {
            assert!(told.iter().any(|line| line.starts_with(key) && line.contains(why)), "{key}: {told:?}");
        }
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(!problems(&config, Role::Pusher).iter().any(|line| line.starts_with("notifyd")));
    }

    /// openssl's, of one another.
    fn certificate(folder: &Path, name: &str) -> [PathBuf; 2] {
        let made = ["pem", "key"].map(|kind| folder.join(format!("{name}.{kind}")));
        let mut command = std::process::Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]);
        command
            .args(["-days", "1", "-subj", "/CN=localhost", "-out"])
            .arg(&made[0])
            .arg("-keyout")
            .arg(&made[1]);
        assert!(command.output().unwrap().status.success());
        made
    }

    #[test]
    fn a_key_of_another_certificate_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let [[cert, key], [ca, other]] = ["a", "b"].map(|name| certificate(folder.path(), name));
        let mut config = Config::default();
        config.bus.kind = Kind::Nats;
        (config.bus.nats.tls.ca, config.bus.nats.tls.cert) = (Some(ca), Some(cert));
        config.bus.nats.tls.key = Some(key);
        assert_eq!(problems(&config, Role::Pusher), Vec::<String>::new());
        config.bus.nats.tls.key = Some(other);
        let told = problems(&config, Role::Pusher);
        assert!(told.len() == 1 && told[0].contains("is not the key of the certificate"), "{told:?}");
    }
}
