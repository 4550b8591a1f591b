//! What operators are told: the admin port, and that the documentation names metrics that are there.

use std::{path::Path, time::Duration};

use testkit::{eventually, message};
use tests::{Beside, Plan};

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
