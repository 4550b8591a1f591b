//! Three servers that keep copies of everything, and one of them dies.

use bus::DeadLetters;
use bus_nats::{Consent, NatsSettings, provision};
use bus_node::Surroundings;
use testkit::{
    eventually, free_port,
    nats::{Nats, Version},
};

use crate::{
    scene::{Node, Outcome, PATIENCE, Runs, job, settings},
    server::installation,
};

const JOBS: u64 = 150;

async fn cluster(version: Version) -> [Nats; 3] {
    let ports = [free_port(), free_port(), free_port()];
    let routes: Vec<_> = ports.iter().map(|port| format!("nats-route://127.0.0.1:{port}")).collect();
    let start = |node: usize| {
        let port = ports[node];
        let text = format!(
            "server_name: n{node}\ncluster {{ name: c, host: \"127.0.0.1\", port: {port}, routes: {routes:?} }}"
        );
        Nats::builder(version).config(&text).start()
    };
    tokio::join!(start(0), start(1), start(2)).into()
}

fn on_all(cluster: &[Nats; 3]) -> NatsSettings {
    let servers = cluster.iter().map(Nats::url).collect();
    NatsSettings { servers, replicas: 3, ..installation(&cluster[0]) }
}

pub async fn jobs_go_on_when_one_of_three_servers_dies(version: Version) {
    let mut cluster = cluster(version).await;
    let on_all = on_all(&cluster);
    // A leader of all is chosen within seconds of the start.
    eventually(PATIENCE, "every stream has its copies", async || {
        provision(on_all.clone(), Surroundings::default(), Consent::default()).await.ok()
    })
    .await;
    let copies = cluster[0].jsz().await["account_details"][0]["stream_detail"].clone();
    for stream in copies.as_array().unwrap() {
        assert_eq!(stream["config"]["num_replicas"], 3, "{stream}");
    }
    let (node, other) = (Node::start(&on_all).await, Node::start(&on_all).await);
    // Each job fails once and waits for its second attempt.
    let runs = Runs::new(|_, attempt| if attempt.number == 1 { Outcome::Fail } else { Outcome::Done });
    let soon = std::time::Duration::from_millis(50);
    let _held =
        [node.register(settings(10, soon), &runs).await, other.register(settings(10, soon), &runs).await];
    for sequence in 0..JOBS {
        if sequence == JOBS / 3 {
            cluster[1].kill();
        }
        node.dispatch_until_taken(job(sequence)).await;
    }
    let is_done = async || {
        let done = runs.all().into_iter().filter(|(_, attempt)| *attempt > 1);
        let done: std::collections::BTreeSet<_> = done.map(|(sequence, _)| sequence).collect();
        (done.len() as u64 == JOBS).then_some(())
    };
    eventually(PATIENCE * 2, "each job was done", is_done).await;
    node.until_done().await;
    assert_eq!(node.bus.groups_with_dead_letters().await.unwrap(), []);
}
