//! What operators are told: the admin port, and that the documentation names metrics that are there.

use std::{fs, path::Path, time::Duration};

use testkit::{Scratch, eventually, message, program::Program};
use tests::{Alone, Beside, Plan};

const PATIENCE: Duration = Duration::from_secs(10);

/// The metrics that the first column of the table in `docs/operations.md` names.
fn documented() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let rows =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next().map(str::to_owned));
    let names = rows
        .flat_map(|row| row.split(", ").map(|name| name.trim_matches('`').to_owned()).collect::<Vec<_>>());
    names
        .filter(|name| ["relay_", "pusher_", "notifyd_", "bus_"].iter().any(|start| name.starts_with(start)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_metric_is_there_and_all_parts_are_ready() {
    let beside = Beside::start(Plan::default()).await;
    beside.cyrus.imap("alice").await;
    beside.cyrus.deliver("alice", &message("One")).await;
    eventually(PATIENCE, "all parts are well", async || {
        // Nobody takes mail here, which is told and closes nothing.
        let said = beside.admin("/ready").await;
        (said.starts_with("ready\nsmtp: 127.0.0.1:1 is away") && said.lines().count() == 2).then_some(())
    })
    .await;
    // The bus is looked at every 5 s.
    let metrics = eventually(PATIENCE, "the work of a group is told", async || {
        let metrics = beside.admin("/metrics").await;
        metrics.contains("bus_jobs{group=").then_some(metrics)
    })
    .await;
    let documented = documented();
    assert!(documented.len() > 10, "{documented:?}");
    for name in documented {
        // The type line names a counter without its suffix.
        let bare = name.split('{').next().unwrap_or_default();
        let line = format!("# TYPE {} ", bare.trim_end_matches("_total"));
        assert!(metrics.contains(&line), "{name} is not told:\n{metrics}");
    }
}

/// What a command exits with, and says.
async fn order(config: &Path, words: &[&str]) -> (Option<i32>, String) {
    let (name, rest) = words.split_first().expect("a command has a name");
    let mut program = Program::builder("mailpush").arg(name);
    // A preview of an alarm takes none.
    if *name != "preview" {
        program = program.arg("--config").arg(config);
    }
    let mut program = program.args(rest).start();
    let status = program.wait_for_end(PATIENCE).await;
    (status.code(), program.said())
}

/// A configuration that names the port of the running program, and a key of its own or none.
fn elsewhere(folder: &Scratch, admin: u16, key: Option<[u8; 32]>) -> std::path::PathBuf {
    let name = if key.is_some() { "other" } else { "none" };
    let (path, key_file) = (folder.join(&format!("{name}.toml")), folder.join(&format!("{name}.key")));
    if let Some(key) = key {
        fs::write(&key_file, key).expect("the folder is ours");
    }
    let text = format!("key_file = {key_file:?}\nadmin.listen = \"127.0.0.1:{admin}\"\n");
    fs::write(&path, text).expect("the folder is ours");
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_of_a_command_got_wrong_is_told_and_exits_with_64() {
    let (mut alone, folder) = (Alone::start().await, Scratch::new());
    let own = alone.config();
    let other = elsewhere(&folder, alone.admin_port(), Some([8; 32]));
    let none = elsewhere(&folder, alone.admin_port(), None);
    let groups = "there is no group \"nonsense\", but alarm-mail, unscheduled-mail, sieve-mail, webhook, sms";
    for (config, words, told) in [
        (&own, &["revoke", ""][..], "that is no user"),
        (&other, &["revoke", "alice"], "not that of the running program"),
        (&none, &["revoke", "alice"], "none.key cannot be read: No such file"),
        (&other, &["dead-letters", "list"], "not that of the running program"),
        (&own, &["dead-letters", "list", "nonsense"], groups),
        (&own, &["dead-letters", "show", "nonsense", "1"], groups),
        (&own, &["dead-letters", "redeliver", "nonsense", "1"], groups),
        (&own, &["dead-letters", "drop", "nonsense", "--all"], groups),
        (&own, &["dead-letters", "redeliver", "sms", "1"], "there is no such dead letter"),
        (&own, &["credit", "show", "a b"], "user is none"),
        (&own, &["credit", "show", "alcie"], "was never granted any credit"),
        (&own, &["credit", "grant", "alice", "-1", "--reference", "a"], "available credit is less than that"),
        (&own, &["preview", "alarm", "--method", "mailto"], "--method is not for alarm"),
        (&own, &["preview", "alarm", "--out", "/nowhere"], "cannot be written: No such file"),
        (&own, &["preview", "alarm", "--wording", "/nowhere"], "/nowhere cannot be read: No such file"),
    ] {
        let (code, said) = order(config, words).await;
        assert!(code == Some(64) && said.contains(told), "{words:?}: {code:?}, {said}");
    }
    let empty = order(&own, &["dead-letters", "list", "sms"]).await;
    assert_eq!(empty, (Some(0), "no dead letters\n".to_owned()), "a group without any is one");

    alone.kill().await;
    for words in [&["revoke", "alice"][..], &["dead-letters", "list"]] {
        let (code, said) = order(&own, words).await;
        assert!(code == Some(69) && said.contains("nothing answers"), "{words:?}: {code:?}, {said}");
    }
}
