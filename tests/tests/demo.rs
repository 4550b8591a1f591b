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

/// How far something sticks out at the side.
const OVERFLOW: &str = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
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

/// A text as the phone shows it.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    parts: u32,
    text: String,
    is_rtl: bool,
    facts: String,
}

impl Text {
    /// In segments.
    fn price(&self) -> u32 {
        let price =
            self.facts.rsplit_once("costs ").unwrap_or_else(|| panic!("it has no price: {}", self.facts));
        price.1.parse().expect("it is a number")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_moves_at_desktop_and_at_phone_width() {
    let mut demo = Program::builder("mailpush").args(["demo", "--port", "0"]).start();
    let url = address(&demo.wait_for_line("mailpush demo: open", PATIENCE).await);
    let page = Page::open().await;
    for (width, height) in [(1280, 900), (390, 800)] {
        page.resize(width, height).await;
        is_seen_to_move(&page, &url).await;
        assert_eq!(number(&page, OVERFLOW).await, 0.0, "nothing sticks out at {width}");
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

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_shows_texts_their_segments_and_the_credit_going_down_to_its_end() {
    let mut demo = Program::builder("mailpush").args(["demo", "--port", "0"]).start();
    let url = address(&demo.wait_for_line("mailpush demo: open", PATIENCE).await);
    let page = Page::open().await;
    is_seen_to_move(&page, &url).await;
    let texts = async || -> Vec<Text> {
        let rows = "[...document.querySelectorAll('[data-testid=text-row]')].map(row => ({
            parts: row.querySelectorAll('[data-testid=segment]').length,
            text: row.querySelector('[data-testid=text]').textContent,
            isRtl: getComputedStyle(row.querySelector('[data-testid=text]')).direction === 'rtl',
            facts: row.querySelector('[data-testid=text-facts]').textContent}))";
        serde_json::from_value(page.eval(rows).await).expect("rows have these four")
    };
    let credit = "Number(document.querySelector('[data-testid=credit]').textContent)";
    page.wait_until(&format!("{} > 0 && {credit} < 7", count_of("text-row")), PATIENCE).await;

    let press = "void document.querySelector('[data-testid=text-button]').click()";
    for _ in 0..5 {
        page.eval(press).await;
    }
    let has_ended = "document.querySelector('[data-testid=phone-ended]').textContent !== ''";
    page.wait_until(has_ended, PATIENCE).await;
    let texts = texts().await;
    assert_eq!(number(&page, credit).await, 0.0);
    let paid: u32 = texts.iter().map(Text::price).sum();
    assert_eq!(paid, 7, "what was granted is what was paid: {texts:?}");
    for text in &texts {
        assert_eq!(text.price(), text.parts, "{text:?}");
        assert_eq!(text.facts.starts_with("GSM 7-bit"), !text.text.contains(['🎂', 'ت']), "{text:?}");
        assert_eq!(text.is_rtl, text.text.contains('ت'), "{text:?}");
    }
    assert!(texts.iter().any(|text| text.text.contains('🎂') && text.parts == 1), "{texts:?}");
    assert!(texts.iter().any(|text| text.is_rtl && text.parts == 2), "{texts:?}");
    assert!(texts.iter().any(|text| text.text.contains("9:30") && text.parts == 2), "{texts:?}");
    let told = "[...document.querySelectorAll('[data-testid=inbox-row]')].some(row => /No more notifications by text/.test(row.textContent))";
    page.wait_until(told, PATIENCE).await;
    for (direction, width) in [("ltr", 390), ("rtl", 390), ("rtl", 1280)] {
        page.resize(width, 800).await;
        page.eval(&format!("void (document.documentElement.dir = '{direction}')")).await;
        assert_eq!(number(&page, OVERFLOW).await, 0.0, "nothing sticks out at {width} {direction}");
    }

    page.eval("void document.querySelector('[data-testid=top-up]').click()").await;
    page.wait_until(&format!("{credit} > 0 && !({has_ended})"), PATIENCE).await;
    assert_eq!(page.console_errors().await, [] as [String; 0]);
    demo.terminate();
    assert!(demo.wait_for_end(PATIENCE).await.success());
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
