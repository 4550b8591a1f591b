//! Notifications of one user, very many at a time, with credit for a hundred.

use super::{
    SmsPlan,
    setup::{Setup, gateway},
};
use crate::{Outcome, peer::Peer, results::Results};

const CREDIT: usize = 100;
/// What the store queues at most is many times less than this with what notifyd asks of it for each.
const AT_A_TIME: usize = 256;

/// Fails unless a hundred are sent, and the credit is spent to the last.
pub async fn run(plan: &SmsPlan, peer: Peer, results: &Results) -> Outcome<()> {
    let gateway = gateway().await?;
    let setup = Setup::new(peer, plan.burst, 1, CREDIT).await?;
    let rate = setup.send(&gateway.base_url(), AT_A_TIME)?;
    let sent = *gateway.taken().borrow();
    if sent != u64::try_from(CREDIT)? {
        return Err(format!("the gateway took {sent} texts, with credit for {CREDIT}").into());
    }
    setup.check(0).await?;
    results.add("sms_scarce_sent", peer, sent as f64)?;
    results.add("sms_scarce_rate", peer, rate.texts)
}
