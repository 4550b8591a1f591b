//! Arrows point down: services → adapters → pure. `docs/ARCHITECTURE.md` tells why.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

/// Every crate of the workspace and the crates of the workspace it may use. A crate that is not here has no room.
const MAY_USE: &[(&str, &[&str])] = &[
    // Pure: no clock, no socket, no runtime.
    ("mailbox-event", &[]),
    ("cyrus", &["mailbox-event"]),
    ("state", &["mailbox-event"]),
    ("routing", &["bus", "mailbox-event", "state"]),
    ("sieve", &[]),
    ("wording", &[]),
    // The contract of the bus, then adapters.
    ("bus", &["mailbox-event"]),
    ("bus-node", &["bus", "kit", "mailbox-event"]),
    ("bus-local", &["bus", "bus-node", "kit", "mailbox-event"]),
    ("bus-nats", &["bus", "bus-node", "kit", "mailbox-event"]),
    ("store", &["kit", "mailbox-event"]),
    ("sms-gateway", &["kit"]),
    ("kit", &[]),
    ("fakes", &[]),
    // Services never use each other; they meet on the bus.
    ("relay", &["bus", "cyrus", "kit", "mailbox-event", "routing", "state"]),
    ("pusher", &["bus", "kit", "mailbox-event", "routing", "state"]),
    ("notifyd", &["bus", "kit", "mailbox-event", "routing", "sieve", "sms-gateway", "store", "wording"]),
    // Only the binary names implementations.
    (
        "mailpush",
        &[
            "bus",
            "bus-local",
            "bus-nats",
            "bus-node",
            "cyrus",
            "fakes",
            "kit",
            "mailbox-event",
            "notifyd",
            "pusher",
            "relay",
            "routing",
            "state",
            "store",
            "wording",
        ],
    ),
    // Tests only.
    ("testkit", &[]),
    ("hostile", &[]),
    ("tests", &["cyrus", "testkit"]),
    (
        "bench",
        &[
            "bus",
            "bus-local",
            "bus-nats",
            "bus-node",
            "cyrus",
            "fakes",
            "kit",
            "mailbox-event",
            "notifyd",
            "pusher",
            "relay",
            "state",
            "sms-gateway",
            "store",
            "testkit",
            "wording",
        ],
    ),
];

/// What a crate's whole tree of normal dependencies must not hold.
const MUST_NOT_HOLD: &[(&str, &[&str])] = &[
    ("pusher", &["sqlx", "sqlx-core", "lettre", "libsqlite3-sys", "rusqlite", "bus-local", "store"]),
    ("relay", &["sqlx", "sqlx-core", "lettre", "libsqlite3-sys", "rusqlite", "reqwest"]),
    ("mailbox-event", &["tokio"]),
    ("bus", &["tokio"]),
    ("cyrus", &["tokio"]),
    ("routing", &["tokio"]),
    ("state", &["tokio"]),
    ("sieve", &["tokio"]),
    ("wording", &["tokio"]),
];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo speaks UTF-8")
}

/// Normal (not dev, not build) dependencies of each workspace crate on other workspace crates.
fn uses_in_the_workspace() -> BTreeMap<String, Vec<String>> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1", "--locked"]);
    let metadata: Value = serde_json::from_str(&metadata).expect("metadata is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let uses = |package: &Value| {
        let dependencies = list(&package["dependencies"]);
        let ours = dependencies.iter().filter(|one| one["kind"].is_null() && one["path"].is_string());
        ours.map(|one| text(&one["name"])).collect()
    };
    list(&metadata["packages"]).iter().map(|package| (text(&package["name"]), uses(package))).collect()
}

#[test]
fn every_crate_uses_only_what_lies_below_it() {
    let allowed: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let uses_in_the_workspace = uses_in_the_workspace();
    assert_eq!(uses_in_the_workspace.len(), MAY_USE.len(), "every crate with a place is there");
    for (name, uses) in uses_in_the_workspace {
        let may_use =
            allowed.get(name.as_str()).unwrap_or_else(|| panic!("crate {name} has no place in the layers"));
        for used in uses {
            assert!(may_use.contains(&used.as_str()), "{name} must not use {used}");
        }
    }
}

#[test]
fn the_fast_path_holds_no_sql_and_the_pure_crates_no_runtime() {
    for (name, banned) in MUST_NOT_HOLD {
        let tree = cargo(&["tree", "--locked", "--package", name, "--edges", "normal", "--prefix", "none"]);
        let held: Vec<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(held.contains(name), "the tree of {name} was read");
        for crate_name in *banned {
            assert!(!held.contains(crate_name), "{name} must not hold {crate_name}");
        }
    }
}
