//! What jobs that wait cost in memory: the server answers nobody.

use std::time::Duration;

use fakes::smtp::{Faults, Verb};

use super::{MailPlan, jobs, servers};
use crate::{Outcome, peer::Peer, procfs::Family, results::Results, scenario::place::Place};

/// notifyd takes what it ever takes within this time.
const SETTLES_WITHIN: Duration = Duration::from_secs(5);

pub async fn run(plan: &MailPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let mut sizes = Vec::new();
    for waiting in [0, plan.backlog] {
        let (place, sink) = (Place::new(peer).await?, servers::sink().await?);
        let bus = place.bus().await?;
        jobs::dispatch(&bus, waiting).await?;
        drop(bus);
        sink.set_faults(Faults { stalled: Some(Verb::Mail), ..Faults::default() });
        let notifyd = place.notifyd(&sink.local_addr().to_string(), plan.at_a_time, plan.connections, 0)?;
        tokio::time::sleep(SETTLES_WITHIN).await;
        let mebibytes = |process| Outcome::Ok(Family::of(process).memory()? as f64 / f64::from(1 << 20));
        sizes.push((mebibytes(notifyd.id())?, place.nats().map(mebibytes).transpose()?));
    }
    for (name, (notifyd, nats)) in ["mail_idle", "mail_backlog"].into_iter().zip(sizes) {
        results.add(&format!("{name}_mb"), peer, notifyd)?;
        if let Some(nats) = nats {
            results.add(&format!("{name}_nats_mb"), peer, nats)?;
        }
    }
    Ok(())
}
