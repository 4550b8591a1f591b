//! The files that operators are given say what the programs understand.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use testkit::{Scratch, program::Program};

/// systemd's own scale from 0 (sees nothing) to 100 (a program of root's without any restriction).
const EXPOSURE: &str = "20";

fn deploy(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy")).join(path)
}

fn units() -> Vec<String> {
    let files = fs::read_dir(deploy("systemd")).expect("the folder is there").flatten();
    let mut names: Vec<_> = files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The units, with a program that is there.
fn installed(scratch: &Scratch) -> Vec<PathBuf> {
    let unit = |name: &String| {
        let text = fs::read_to_string(deploy("systemd").join(name)).expect("it can be read");
        let path = scratch.join(name);
        fs::write(&path, text.replace("/usr/local/bin/mailpush", "/bin/true")).expect("the folder is ours");
        path
    };
    units().iter().map(unit).collect()
}

fn analyze(arguments: &[&str], units: &[PathBuf]) -> (bool, String) {
    let mut command = Command::new("systemd-analyze");
    let output = command.args(arguments).args(units).output().expect("systemd is installed: run tests/run");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn systemd_understands_every_unit() {
    let scratch = Scratch::new();
    let units = installed(&scratch);
    assert_eq!(units.len(), 6);
    assert_eq!(analyze(&["verify", "--man=no"], &units), (true, String::new()));
    // And tells what it does not understand.
    let wrong = scratch.join("wrong.service");
    fs::write(&wrong, "[Service]\nExecStart=/bin/true\nNoNewPrivilege=yes\n").expect("the folder is ours");
    assert!(analyze(&["verify", "--man=no"], &[wrong]).1.contains("NoNewPrivilege"));
}

#[test]
fn every_service_is_confined() {
    let scratch = Scratch::new();
    for unit in
        installed(&scratch).into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "service"))
    {
        let threshold = format!("--threshold={EXPOSURE}");
        let (is_confined, said) = analyze(&["security", "--offline=true", "--no-pager", &threshold], &[unit]);
        assert!(is_confined, "{said}");
    }
}

#[test]
fn only_a_wrong_configuration_keeps_systemd_from_starting_a_service_again() {
    let has = |text: &str, section: &str, line: &str| {
        let part = text.split("\n[").find(|part| part.trim_start_matches('[').starts_with(section));
        part.is_some_and(|part| part.lines().any(|written| written == line))
    };
    let services = units().into_iter().filter(|name| name.ends_with(".service"));
    for name in services {
        let text = fs::read_to_string(deploy("systemd").join(&name)).expect("it can be read");
        // Else five failures within ten seconds are the end, of its socket too.
        assert!(has(&text, "Unit]", "StartLimitIntervalSec=0"), "{name}");
        assert!(has(&text, "Service]", "Restart=always"), "{name}");
        // What a service exits with beside 1, which may pass.
        assert!(has(&text, "Service]", "RestartPreventExitStatus=64"), "{name}");
    }
}

#[tokio::test]
async fn each_process_takes_the_example_that_is_for_it() {
    let scratch = Scratch::new();
    for (name, content) in [("nats.password", "secret".to_owned()), ("account.key", "k".repeat(32))] {
        fs::write(scratch.join(name), content).expect("the folder is ours");
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(scratch.join(name), mode).expect("it is ours");
    }
    for (role, file) in [
        ("standalone", "mailpush.example.toml"),
        ("relay", "relay.example.toml"),
        ("pusher", "pusher.example.toml"),
        ("notifyd", "notifyd.example.toml"),
    ] {
        let text = fs::read_to_string(deploy(file)).expect("it can be read");
        let credentials = format!("/run/credentials/mailpush-{role}.service");
        let path = scratch.join(file);
        // Of what systemd makes before the program starts, this machine has nothing.
        let text = text.replace("/run/mailpush", &scratch.path().display().to_string());
        fs::write(&path, text.replace(&credentials, &scratch.path().display().to_string()))
            .expect("it is ours");
        let (code, said) = check(role, &path).await;
        assert_eq!((code, said.as_str()), (Some(0), ""), "{file}");
    }
}

#[tokio::test]
async fn a_process_of_its_own_says_what_it_lacks() {
    let scratch = Scratch::new();
    let path = scratch.join("mailpush.toml");
    fs::write(&path, "default_domain = \"example.org\"\n[pusher]\n").expect("the folder is ours");
    let (code, said) = check("relay", &path).await;
    assert_eq!(code, Some(64));
    assert!(said.contains("bus.kind: processes of their own meet on \"nats\""), "{said}");
    assert!(said.contains("key_file: must be set"), "{said}");
    assert!(!said.contains("pusher"), "what is another's is not told: {said}");
    let (_, said) = check("notifyd", &path).await;
    assert!(said.contains("key_file: must be set"), "links to mute are signed: {said}");
}

#[tokio::test]
async fn a_key_that_is_not_there_is_named() {
    let scratch = Scratch::new();
    let (path, key) = (scratch.join("relay.toml"), scratch.join("account.key"));
    let text = format!(
        "default_domain = \"example.org\"\nkey_file = {key:?}\nbus.kind = \"nats\"\nrelay.dlist = {:?}\nrelay.spool.folder = {:?}\n",
        scratch.join("notify"),
        scratch.join("spool")
    );
    fs::write(&path, text).expect("the folder is ours");
    let mut program = Program::builder("mailpush").args(["relay", "--config"]).arg(&path).start();
    let status = program.wait_for_end(Duration::from_secs(20)).await;
    assert_eq!(status.code(), Some(64), "systemd is not to start it again");
    let told = format!("key_file: {}: No such file or directory (os error 2) (line 2)", key.display());
    assert!(program.said().contains(&told), "{}", program.said());
    assert!(!key.exists(), "a key is the same for all processes, so that none makes its own");
}

#[tokio::test]
async fn a_command_line_that_is_wrong_exits_as_a_configuration_does() {
    let mut program = Program::builder("mailpush").args(["relay", "--confg", "x"]).start();
    assert_eq!(program.wait_for_end(Duration::from_secs(20)).await.code(), Some(64));
    for command in ["standalone", "relay", "pusher", "notifyd", "revoke", "provision", "preview", "demo"] {
        let mut program = Program::builder("mailpush").args([command, "--help"]).start();
        assert_eq!(program.wait_for_end(Duration::from_secs(20)).await.code(), Some(0), "{command}");
        assert!(program.said().contains("Exit codes: 0"), "{command}: {}", program.said());
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_before_any_work_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let address = taken.local_addr().expect("it has one");
    for key in ["admin.listen", "pusher.listen", "notifyd.mute.listen"] {
        let scratch = Scratch::new();
        let path = scratch.join("mailpush.toml");
        let free = |other: &str| if key == other { address.to_string() } else { "127.0.0.1:0".to_owned() };
        let text = format!(
            "default_domain = \"example.org\"\ndata = {:?}\nadmin.listen = {:?}\n[pusher]\nlisten = {:?}\n\
             [[pusher.credentials]]\nupstream = {{ session_url = \"http://127.0.0.1:1/jmap/\" }}\n[relay]\ndlist = {:?}\n\
             spool.folder = {:?}\n[notifyd.mute]\nlisten = {:?}\npublic_url = \"https://mail.example.org/mute\"\n",
            scratch.join("data"),
            free("admin.listen"),
            free("pusher.listen"),
            scratch.join("notify"),
            scratch.join("spool"),
            free("notifyd.mute.listen"),
        );
        fs::write(&path, text).expect("the folder is ours");
        let mut program = Program::builder("mailpush").args(["standalone", "--config"]).arg(&path).start();
        let status = program.wait_for_end(Duration::from_secs(20)).await;
        let said = program.said();
        // The one who has the port may be about to leave.
        assert_eq!(status.code(), Some(1), "{said}");
        assert!(said.contains(key) && said.contains(&format!("cannot listen on {address}")), "{said}");
        assert!(!said.contains("Takes jobs"), "{said}");
    }
}

#[tokio::test]
async fn an_error_names_its_file_and_the_option_that_it_comes_from() {
    let scratch = Scratch::new();
    let path = scratch.join("mailpush.toml");
    fs::write(&path, "default_domain = \"example.org\"\nrelay.mode = \"0666\"\n")
        .expect("the folder is ours");
    let mut program = Program::builder("mailpush")
        .args(["standalone", "--check-config", "--bus", "http://x", "--config"])
        .arg(&path)
        .start();
    assert_eq!(program.wait_for_end(Duration::from_secs(20)).await.code(), Some(64));
    let said = program.said();
    assert!(said.contains(&format!("configuration: {}:", path.display())), "{said}");
    assert!(said.contains("bus.nats.servers: ") && said.contains("(--bus)"), "{said}");
    assert!(
        said.contains("relay.mode") && said.contains("(line 2)") && !said.contains("MAILPUSH__"),
        "{said}"
    );
}

/// What `--check-config` exits with, and says.
async fn check(role: &str, path: &Path) -> (Option<i32>, String) {
    let program = Program::builder("mailpush").args([role, "--check-config", "--config"]).arg(path);
    let mut program = program.start();
    let status = program.wait_for_end(Duration::from_secs(20)).await;
    (status.code(), program.said())
}
