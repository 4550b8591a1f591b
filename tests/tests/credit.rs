//! The commands about credit, as the documentation writes them, by the program that an operator has.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use testkit::Scratch;

/// A site that has run: its configuration, and the database beside it.
struct Site {
    scratch: Scratch,
}

impl Site {
    fn new() -> Self {
        let site = Self { scratch: Scratch::new() };
        let data = format!("data = '{}'\ndefault_domain = 'example.org'\n", site.scratch.path().display());
        fs::write(site.config(), data).expect("the scratch folder is ours");
        fs::write(site.scratch.join("effects.db"), "").expect("the scratch folder is ours");
        site
    }

    fn config(&self) -> PathBuf {
        self.scratch.join("mailpush.toml")
    }

    fn run(&self, program: &Path, words: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(words).arg("--config").arg(self.config()).env_clear();
        command.output().expect("the program starts")
    }
}

fn program() -> PathBuf {
    let here = std::env::current_exe().expect("the test knows its own path");
    let program = here.ancestors().nth(2).expect("it lies in target").join("mailpush");
    assert!(program.exists(), "{} is missing: cargo build -p mailpush", program.display());
    program
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The words of each documented command after `mailpush credit --config FILE`, without what the page says beside it.
fn documented() -> Vec<Vec<String>> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md"));
    let page = page.expect("the page is there");
    let lines = page.lines().filter_map(|line| line.strip_prefix("mailpush credit --config "));
    lines
        .map(|line| {
            let command = line.split("    ").next().unwrap_or_default();
            let (_config, command) = command.split_once(' ').expect("something is ordered");
            let mut quoted = command.split('"');
            let mut words: Vec<String> =
                quoted.next().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
            words.extend(quoted.next().map(str::to_owned));
            words
        })
        .collect()
}

#[test]
fn commands_do_what_the_documentation_says() {
    let (site, program) = (Site::new(), program());
    let commands = documented();
    assert_eq!(commands.len(), 4, "{commands:?}");
    let run = |words: &[String]| {
        let words: Vec<_> = ["credit"].into_iter().chain(words.iter().map(String::as_str)).collect();
        site.run(&program, &words)
    };
    assert_eq!(said(&run(&commands[0])), "alice@example.org has 100 segments");
    assert_eq!(said(&run(&commands[0])), "invoice 2026-117 was granted before");
    let shown = said(&run(&commands[1]));
    assert!(
        shown.starts_with("available: 100\nreserved: 0\nspent: 0\n") && shown.contains("invoice 2026-117")
    );
    assert_eq!(said(&run(&commands[2])), "no messages in doubt");
    // The page shortens the id.
    assert_eq!(run(&commands[3]).status.code(), Some(64));
    let mut whole = commands[3].clone();
    whole[1] = "ab".repeat(32);
    assert_eq!(run(&whole).status.code(), Some(64), "there is no such message");
}

#[test]
fn every_spelling_does_the_same() {
    let (site, program) = (Site::new(), program());
    let link = site.scratch.join("notifyd");
    std::os::unix::fs::symlink(&program, &link).expect("the scratch folder is ours");
    for (program, words) in [
        (&program, &["credit", "unknown"][..]),
        (&program, &["notifyd", "credit", "unknown"]),
        (&link, &["credit", "unknown"]),
    ] {
        assert_eq!(said(&site.run(program, words)), "no messages in doubt", "{words:?}");
    }
    assert_eq!(site.run(&link, &["--check-config"]).status.code(), Some(64), "a notifyd needs a bus");
}
