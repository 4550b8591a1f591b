//! The operators' files with a test's ports and paths in them, and nothing else changed.

use std::ffi::OsString;
use std::fs;

use super::{Behind, Kind, Ports};
use crate::Scratch;
use crate::certificate::Certificate;

/// What stands around nginx' file on a host that does more than ours. Compression of everything is on, as some have it,
/// so that a stream without it says something of our file.
const AROUND: &str = "
    daemon off;
    error_log stderr;
    worker_processes 1;
    events { worker_connections 1024; }
    http {
        access_log off;
        gzip on;
        gzip_types *;
        gzip_proxied any;
        gzip_min_length 1;
";
/// nginx' folders for bodies, most of which no test uses.
const TEMPORARY: [&str; 5] = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/// Writes the file of `kind` and returns the program's arguments.
pub(super) fn write(
    kind: Kind,
    behind: Behind,
    ports: Ports,
    scratch: &Scratch,
    certificate: &Certificate,
    changes: &[(&str, &str)],
) -> Vec<OsString> {
    let mut text = kind.file().to_owned();
    let mut replace = |what: &str, by: &str| {
        assert!(text.contains(what), "{kind:?}'s file does not say {what:?}");
        text = text.replace(what, by);
    };
    replace("127.0.0.1:8081", &format!("127.0.0.1:{}", behind.pusher));
    replace("127.0.0.1:8008", &format!("127.0.0.1:{}", behind.mail));
    for (what, by) in own(kind, ports, scratch, certificate) {
        replace(&what, &by);
    }
    for (what, by) in changes {
        replace(what, by);
    }
    if kind == Kind::Caddy {
        text += &sites(ports, certificate);
    }
    run(kind, &text, scratch)
}

/// Where it listens and with what certificate.
fn own(kind: Kind, ports: Ports, scratch: &Scratch, certificate: &Certificate) -> Vec<(String, String)> {
    let Ports { plain, tls } = ports;
    let (chain, key) = (certificate.chain.display(), certificate.key.display());
    let pairs = match kind {
        Kind::Nginx => vec![
            ("listen 443 ssl http2;", format!("listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl http2;")),
            ("/etc/letsencrypt/live/mail.example.org/fullchain.pem", chain.to_string()),
            ("/etc/letsencrypt/live/mail.example.org/privkey.pem", key.to_string()),
        ],
        Kind::Haproxy => vec![(
            "bind :443 ssl crt /etc/haproxy/certs/",
            format!(
                "bind 127.0.0.1:{plain}\n    bind 127.0.0.1:{tls} ssl crt {}",
                both(scratch, certificate)
            ),
        )],
        Kind::Caddy => vec![
            // Neither port 80 nor the port for its administration is ours.
            ("\tservers {", "\tadmin off\n\tauto_https disable_redirects\n\tservers {".to_owned()),
            // It serves one site either with TLS or without: a test has it twice.
            ("mail.example.org {", "(site) {".to_owned()),
        ],
    };
    pairs.into_iter().map(|(what, by)| (what.to_owned(), by)).collect()
}

fn sites(Ports { plain, tls }: Ports, certificate: &Certificate) -> String {
    let tls_line = format!("tls {} {}", certificate.chain.display(), certificate.key.display());
    let site =
        |address, more: &str| format!("\n{address} {{\n\tbind 127.0.0.1\n\t{more}\n\timport site\n}}\n");
    site(format!("http://:{plain}"), "") + &site(format!("https://:{tls}"), &tls_line)
}

/// HAProxy wants the certificate and its key in one file.
fn both(scratch: &Scratch, certificate: &Certificate) -> String {
    let read = |path| fs::read_to_string(path).expect("it was just made");
    let path = scratch.join("both.pem");
    let text = format!("{}{}", read(&certificate.chain), read(&certificate.key));
    fs::write(&path, text).expect("the folder is ours");
    path.display().to_string()
}

fn run(kind: Kind, text: &str, scratch: &Scratch) -> Vec<OsString> {
    let path = scratch.join("proxy.conf");
    let text = if kind == Kind::Nginx { around(text, scratch) } else { text.to_owned() };
    fs::write(&path, text).expect("the folder is ours");
    let arguments: &[&str] = match kind {
        Kind::Nginx => &["-e", "stderr", "-c"],
        Kind::Haproxy => &["-db", "-f"],
        Kind::Caddy => &["run", "--adapter", "caddyfile", "--config"],
    };
    arguments.iter().map(OsString::from).chain([path.into_os_string()]).collect()
}

/// nginx' file is one of several that its own includes.
fn around(site: &str, scratch: &Scratch) -> String {
    let root = scratch.path().display();
    let places: String = TEMPORARY.iter().map(|name| format!("{name}_temp_path {root}/{name};\n")).collect();
    format!("pid {root}/pid;\n{AROUND}{places}{site}}}\n")
}
