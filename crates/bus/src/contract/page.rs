//! The page that says what became of every case, made from the list and the results of a run.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    cases,
    james::{self, Held},
    mirrored::{self, Here},
};

/// An implementation and how each case of the suite ended on it: `true`, it passed.
#[derive(Debug)]
pub struct Results {
    /// The crate, and on what it ran.
    pub implementation: &'static str,
    /// Tests of its own for what James tests of an implementation: James' name and ours.
    pub own: &'static [(&'static str, &'static str)],
    /// By the name of the contract and of the case.
    pub passed: BTreeMap<(&'static str, &'static str), bool>,
}

const HEAD: &str = "# The bus contract

`bus::contract` is the suite that every implementation of the bus passes. It holds the cases of Apache James' event bus
contracts under their own names, and cases of our own. This page is generated from the suite's list and a run of every case on each
(`cargo run -p bus-nats --example contract_page > docs/bus-contract.md`). Each case is a test of each implementation by its
name, and another test fails when this page does not say that all of them pass.

A case that is *held by type* asks what happens when null is passed. Here that does not compile: a doctest of that name
shows it, beside its twin that does (`cargo test -p bus --doc`).

James disables two cases, each for some of its buses: `dispatchShouldCallListenerOnceWhenSeveralKeysMatching` and
`retryShouldDeliverAsManyTimesAsInitialDeliveryAttempt`. Both are on here.
";

const MIRRORED: &str = "## Tests of James' implementations

Beyond its contracts James tests each implementation: starts and stops, outages of the broker, what cannot be decoded. What
has a meaning for every bus is a case of the suite (most in `life`), or an implementation's own test, which its column names and
whose being there a test checks. *Akin* is a case that asks for what the test is after in other words, often for more than one of them. A
number behind a class is how many tests it has; the case named for it is the nearest one and does not stand for each.

A broker that starts again is here the bus that starts again, and with it goes who registered keys: he registers again. James
disables `dispatchShouldWorkAfterRestartForNewKeyRegistration`; here it is on.
";

/// The whole page, one column per implementation.
pub fn page(results: &[Results]) -> String {
    let mut page = HEAD.to_owned();
    let mut put = |text: String| page.push_str(&text);
    put(format!("\n## Cases of Apache James\n\n{}\n", counts()));
    for part in &james::PARTS {
        put(format!("\n### {}\n\n{}", part.name, heading("James' case | here", results)));
        part.cases.iter().for_each(|case| put(james_row(case, results)));
    }
    put(format!("\n{MIRRORED}\n{}\n\n{}", mirrored_counts(), heading("James' test | here", results)));
    mirrored::TESTS.iter().for_each(|&(test, here)| put(mirrored_row(test, here, results)));
    put("\n## Cases of our own\n\n".to_owned());
    put(heading("contract | case", results));
    for (contract, name) in own() {
        put(row(&format!("{contract} | `{name}`"), &cells((contract, name), results)));
    }
    page
}

fn counts() -> String {
    let held: Vec<_> =
        james::PARTS.iter().flat_map(|part| part.cases).map(|case| james::held(case)).collect();
    let count = |is: fn(&Held) -> bool| held.iter().filter(|held| is(held)).count();
    format!(
        "{} cases: {} are cases of the suite, {} are held by type, {} means something else here.",
        held.len(),
        count(|held| matches!(held, Held::Case(_))),
        count(|held| matches!(held, Held::Type(_))),
        count(|held| matches!(held, Held::Changed(..))),
    )
}

fn heading(columns: &str, results: &[Results]) -> String {
    let names: Vec<_> = results.iter().map(|results| results.implementation.to_owned()).collect();
    let rules = "---|".repeat(columns.split('|').count() + names.len());
    format!("{}|{rules}\n", row(columns, &names))
}

fn row(columns: &str, cells: &[String]) -> String {
    let mut row = format!("| {columns} |");
    for cell in cells {
        write!(row, " {cell} |").expect("a string takes all");
    }
    row.push('\n');
    row
}

fn james_row(case: &str, results: &[Results]) -> String {
    match james::held(case) {
        Held::Case(name) => row(&format!("{case} | `{name}`"), &cells(known(&name), results)),
        Held::Type(name) => {
            let by_type = vec!["does not compile".to_owned(); results.len()];
            row(&format!("{case} | *by type*: `{name}`"), &by_type)
        }
        Held::Changed(name, why) => {
            row(&format!("{case} | *changed*: `{name}`. {why}"), &cells(known(name), results))
        }
    }
}

fn is_same(test: &str, case: &str) -> bool {
    james::snake_case(test) == case
}

fn mirrored_counts() -> String {
    let count =
        |is: fn(&str, Here) -> bool| mirrored::TESTS.iter().filter(|&&(test, here)| is(test, here)).count();
    format!(
        "{} tests or classes of them: {} are cases of the suite, {} have one that is akin, {} a test of each implementation's \
         own, {} have no meaning in one process.",
        mirrored::TESTS.len(),
        count(|test, here| matches!(here, Here::Case(name) if is_same(test, name))),
        count(|test, here| matches!(here, Here::Case(name) if !is_same(test, name))),
        count(|_, here| matches!(here, Here::Own)),
        count(|_, here| matches!(here, Here::Nothing(_))),
    )
}

fn mirrored_row(test: &str, here: Here, results: &[Results]) -> String {
    let own = |missing: &str| -> Vec<_> {
        let found = |results: &Results| results.own.iter().find(|(james, _)| *james == test);
        let cell = |results| found(results).map_or(missing.to_owned(), |(_, own)| format!("`{own}`"));
        results.iter().map(cell).collect()
    };
    match here {
        Here::Case(name) => {
            let relation = if is_same(test, name) { "" } else { "*akin*: " };
            row(&format!("{test} | {relation}`{name}`"), &cells(known(name), results))
        }
        Here::Own => row(&format!("{test} | *own tests*"), &own("**none**")),
        Here::Nothing(why) => row(&format!("{test} | *no meaning in one process*: {why}"), &own("-")),
    }
}

/// The case of the suite with this name. Its list has each of James' names once: a test sees to it.
fn known(name: &str) -> (&'static str, &'static str) {
    let found = cases::all().into_iter().find(|case| case.name == name);
    found.map_or(("", ""), |case| (case.contract, case.name))
}

fn cells(case: (&'static str, &'static str), results: &[Results]) -> Vec<String> {
    let cell = |results: &Results| match results.passed.get(&case) {
        Some(true) => "passed",
        Some(false) => "**failed**",
        None => "**not run**",
    };
    results.iter().map(|results| cell(results).to_owned()).collect()
}

/// The cases of the suite that hold none of James'.
fn own() -> Vec<(&'static str, &'static str)> {
    let of_james: Vec<_> = james::PARTS
        .iter()
        .flat_map(|part| part.cases)
        .map(|case| match james::held(case) {
            Held::Case(name) | Held::Type(name) => name,
            Held::Changed(name, _) => name.to_owned(),
        })
        .collect();
    let cases = cases::all().into_iter().map(|case| (case.contract, case.name));
    cases.filter(|(_, name)| !of_james.iter().any(|known| known == name)).collect()
}
