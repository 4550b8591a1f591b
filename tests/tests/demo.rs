//! The demo moves in a real browser, at the width of a desktop and of a phone; README's commands work in a clean folder.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use testkit::{Scratch, chromium::Page, program::Program};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(30);
/// A clean build of our own crates on a busy machine.
const BUILD_WITHIN: Duration = Duration::from_secs(600);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The address in the one line that the demo prints.
fn address(line: &str) -> String {
    let address =
        line.strip_prefix("mailpush demo: open ").unwrap_or_else(|| panic!("unexpected line: {line}"));
    address.trim_end().to_owned()
}

fn count_of(test_id: &str) -> String {
    format!("document.querySelectorAll('[data-testid={test_id}]').length")
}

async fn number(page: &Page, expression: &str) -> f64 {
    page.eval(expression).await.as_f64().unwrap_or_default()
}

/// Opens the demo and sees that it is alive.
async fn is_seen_to_move(page: &Page, url: &str) {
    page.goto(url).await;
    page.wait_until("document.body.dataset.ready === '1'", PATIENCE).await;
    let events = number(page, &count_of("stream-row")).await;
    page.wait_until(&format!("{} > {}", count_of("stream-row"), events), PATIENCE).await;
    page.wait_until(&format!("{} > 0", count_of("inbox-row")), PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_moves_at_desktop_and_at_phone_width() {
    let mut demo = Program::builder("mailpush").args(["demo", "--port", "0"]).start();
    let url = address(&demo.wait_for_line("mailpush demo: open", PATIENCE).await);
    let page = Page::open().await;
    for (width, height) in [(1280, 900), (390, 800)] {
        page.resize(width, height).await;
        is_seen_to_move(&page, &url).await;
        let overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(number(&page, overflow).await, 0.0, "nothing sticks out at {width}");
    }
    assert_eq!(page.console_errors().await, [] as [String; 0]);
    demo.terminate();
    assert!(demo.wait_for_end(PATIENCE).await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_the_alarm_mail_and_what_a_cursor_is_for() {
    let mut demo = Program::builder("mailpush").args(["demo", "--port", "0"]).start();
    let url = address(&demo.wait_for_line("mailpush demo: open", PATIENCE).await);
    let page = Page::open().await;
    is_seen_to_move(&page, &url).await;

    let act = async |action: &str| {
        let call = format!("fetch('/demo/do/{action}', {{method: 'POST'}}).then(() => true)");
        page.eval(&format!("void {call}")).await;
    };
    act("alarm-mail").await;
    page.wait_until(&format!("{} > 0", count_of("alarm-mail")), PATIENCE).await;
    act("alert").await;
    page.wait_until(&format!("{} > 0", count_of("toast")), PATIENCE).await;

    // While the page is offline, things go on; coming back tells all of it in one event.
    let click = "document.querySelector('[data-testid=offline-button]').click()";
    page.eval(&format!("void {click}")).await;
    let changes =
        "Number(document.querySelector('[data-testid=count-changes]').textContent.replace(/\\D/g, ''))";
    let before = number(&page, changes).await;
    act("burst").await;
    page.wait_until(&format!("{changes} > {}", before + 20.0), PATIENCE).await;
    page.eval(&format!("void {click}")).await;
    let note = "document.querySelector('[data-testid=away-note]')";
    page.wait_until(&format!("{note} && {note}.textContent.includes('1 event')"), PATIENCE).await;
}

/// The commands that README gives to a new user.
fn commands() -> Vec<String> {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("there is a README");
    let blocks = readme.split("```sh\n").skip(1);
    blocks.filter_map(|block| block.split("```").next()).map(|block| block.trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_readme_work_in_a_clean_folder() {
    let commands = commands();
    assert_eq!(commands, ["cargo run --package mailpush -- demo", "tests/run"]);
    let scratch = Scratch::new();
    let clone = scratch.join("mailpush");
    let status =
        Command::new("git").args(["clone", "--quiet", "--no-hardlinks"]).arg(root()).arg(&clone).status();
    assert!(status.await.expect("git runs").success());

    // The usual port may be taken, by a demo that somebody looks at.
    let mut demo = clean(&clone, &format!("{} --port 0", commands[0]));
    let mut demo = demo.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("a shell runs");
    let mut lines = BufReader::new(demo.stdout.take().expect("it is piped")).lines();
    let line = timeout(BUILD_WITHIN, lines.next_line()).await.expect("the demo is built in time");
    let url = address(&line.expect("its output is text").expect("it prints a line"));
    let session =
        testkit::http_client().get(format!("{url}demo/session.json")).send().await.expect("it answers");
    let session: Value = session.json().await.expect("a session is JSON");
    assert!(session.is_object());
    demo.kill().await.expect("it is ours");

    // Running all tests within a test would never end: what they need is installed, and CI runs this very command.
    let prepared = clean(&clone, &format!("{} --prepare", commands[1])).status().await.expect("a shell runs");
    assert!(prepared.success());
    let ci = std::fs::read_to_string(clone.join(".ci/run")).expect("there is a .ci/run");
    assert_eq!(ci.lines().last(), Some(format!("exec {}", commands[1]).as_str()));
}

/// A shell in `folder` with nothing in its environment but where programs are and where the build may be kept.
fn clean(folder: &Path, command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec {command}")]).current_dir(folder).env_clear();
    for name in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME"] {
        shell.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    // A place of its own, or it would put its program where the other tests look for theirs.
    let target = std::env::current_exe().expect("the test knows its path");
    let target = target.ancestors().nth(3).expect("it lies in target/debug/deps");
    shell.env("CARGO_TARGET_DIR", target.join("readme"));
    shell
}
