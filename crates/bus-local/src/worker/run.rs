//! One run of one job, and its settlement.

use std::{error::Error, sync::Arc};

use bus::{Group, GroupListener, GroupSettings};
use bus_node::attempt;

use crate::{shared::Shared, tables::TakenJob};

/// What the worker makes of the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The job is finished, parked or dead.
    Settled,
    /// It waits as before, and so should the group until the listener says that what was away is back.
    Outage,
    /// It waits as before, for what became of it cannot be stored. The listener knows nothing of that.
    Unsettled,
}

/// Runs `job` and settles it. Its claim is dropped last: when this is cut off, the job is free again.
pub(super) async fn run(
    shared: Arc<Shared>,
    group: Arc<Group>,
    settings: GroupSettings,
    listener: Arc<dyn GroupListener>,
    job: TakenJob,
) -> Ended {
    let TakenJob { id, message, attempts, claim } = job;
    let ended = attempt(&shared.surroundings, &settings, &*listener, message, attempts).await;
    let Some(settlement) = ended else { return Ended::Outage };
    let (now, remember) = (shared.now(), shared.settings.remember_finished);
    let name = group.clone();
    let settled =
        shared.writer.call(move |tables| tables.settle(id, &name, &settlement, (now, remember))).await;
    drop(claim);
    match settled {
        Ok(()) => Ended::Settled,
        Err(error) => {
            tracing::warn!(group = %group, error = &error as &dyn Error, "Job cannot be settled and will run again");
            Ended::Unsettled
        }
    }
}
