//! What README says to do to Debian's own imapd.conf gives a configuration that Cyrus takes.

use std::{fs, path::Path, process::Command};

use testkit::Scratch;

/// The `sed` script of README's fourth step.
fn script(readme: &str) -> &str {
    let line =
        readme.lines().find(|line| line.contains("sed -i.before-mailpush")).expect("README has the command");
    line.split('\'').nth(1).expect("the script is quoted")
}

#[test]
fn debians_imapd_conf_takes_our_lines_as_readme_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).expect("there is a README");
    let scratch = Scratch::new();
    let conf = scratch.join("imapd.conf");
    fs::copy("/etc/imapd.conf", &conf).expect("Cyrus is installed: run tests/run");
    let edited =
        Command::new("sed").args(["-i", "-E", script(&readme)]).arg(&conf).status().expect("sed runs");
    assert!(edited.success());
    let lines =
        fs::read_to_string(root.join("deploy/cyrus/imapd.conf.mailpush")).expect("the lines are there");
    let text = fs::read_to_string(&conf).expect("it was copied") + &lines;
    fs::write(&conf, text).expect("the scratch folder is ours");

    let info = Command::new("/usr/lib/cyrus/bin/cyr_info").arg("-C").arg(&conf).arg("conf").output();
    let info = info.expect("Cyrus is installed: run tests/run");
    assert!(info.status.success(), "{}", String::from_utf8_lossy(&info.stderr));
    let read = String::from_utf8_lossy(&info.stdout);
    for line in
        ["conversations: 1", "httpmodules: caldav carddav jmap", "notifysocket: dlist:/run/mailpush/notify"]
    {
        let (option, value) = line.split_once(": ").expect("an option and its value");
        let is_set = |read: &str| {
            read.strip_prefix(option).is_some_and(|rest| rest.trim_start_matches([':', ' ']) == value)
        };
        let also = line.replace(": 1", ": yes");
        assert!(read.lines().any(|read| is_set(read) || read == also), "{line} is not in:\n{read}");
    }
}
