//! Who may log in.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::Scratch;

/// Everybody's password.
pub const PASSWORD: &str = "secret";

/// The administrator and the people of the default domain.
const HERE: [&str; 6] = ["cyrus", "alice", "bob", "carol", "dave", "a.b"];
/// The people of example.com.
const ELSEWHERE: [&str; 2] = ["erin", "frank"];

/// Writes the password database of a server.
pub(super) fn create(scratch: &Scratch, default_domain: &str) {
    for user in HERE {
        // A user of the default domain is looked up in the server's own realm or in the domain's.
        save(scratch, default_domain, user);
        save(scratch, &format!("imap1.{default_domain}"), user);
    }
    for user in ELSEWHERE {
        save(scratch, "example.com", user);
    }
}

fn save(scratch: &Scratch, realm: &str, user: &str) {
    let mut child = Command::new("saslpasswd2")
        .args(["-p", "-c", "-u", realm, "-f"])
        .arg(scratch.join("conf/sasldb2"))
        .arg(user)
        .stdin(Stdio::piped())
        .stderr(Stdio::null()) // It complains about the mechanisms it stores no secret for.
        .spawn()
        .unwrap_or_else(|error| panic!("sasl2-bin is not installed: run tests/run ({error})"));
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(PASSWORD.as_bytes()).expect("saslpasswd2 reads the password");
    drop(stdin);
    let status = child.wait().expect("the child is ours");
    assert!(status.success(), "saslpasswd2 refused the user {user}: {status}");
}
