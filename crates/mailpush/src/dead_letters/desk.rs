//! Where the running program takes the orders.

use std::sync::Arc;

use bus::{Bus, BusError, DeadLetterId, Group};
use hyper::StatusCode;
use kit::admin::{Act, Order, Reply};
use notifyd::GROUPS;

use super::wire::{Letter, Request};
use crate::bus_words::reason;

/// Takes them.
pub fn act(bus: Arc<dyn Bus>) -> Act {
    Arc::new(move |order| {
        let bus = bus.clone();
        Box::pin(async move { take(&*bus, &order).await })
    })
}

/// Why an order is not carried out.
enum Refused {
    Bus(BusError),
    /// There is no such group.
    Group {
        asked: String,
        known: Vec<Group>,
    },
}

impl From<BusError> for Refused {
    fn from(error: BusError) -> Self {
        Self::Bus(error)
    }
}

async fn take(bus: &dyn Bus, order: &Order) -> Reply {
    let Ok(request) = serde_json::from_slice(&order.body) else {
        return (StatusCode::BAD_REQUEST, "the order is of another release".to_owned());
    };
    match carry_out(bus, request).await {
        Ok(said) => (StatusCode::OK, said),
        Err(Refused::Group { asked, known }) => {
            let known = known.iter().map(Group::to_string).collect::<Vec<_>>().join(", ");
            (StatusCode::BAD_REQUEST, format!("there is no group {asked:?}, but {known}"))
        }
        Err(Refused::Bus(error @ BusError::UnknownDeadLetter)) => (StatusCode::GONE, error.to_string()),
        Err(Refused::Bus(error)) => (StatusCode::SERVICE_UNAVAILABLE, reason(&error)),
    }
}

async fn carry_out(bus: &dyn Bus, request: Request) -> Result<String, Refused> {
    match request {
        Request::List { group, limit } => list(bus, group, limit).await,
        Request::Show { group, number, content } => {
            let group = known(bus, group).await?;
            let found = bus.dead_letter(&group, DeadLetterId(number)).await?;
            let letter = found.ok_or(BusError::UnknownDeadLetter)?;
            Ok(told(&[Letter::new(&group, &letter, content)]))
        }
        Request::Redeliver { group, number } => {
            bus.redeliver(&known(bus, group).await?, DeadLetterId(number)).await?;
            tracing::info!(number, "Dead letter is given back");
            Ok(String::new())
        }
        Request::Drop { group, number } => {
            let (group, number) = (known(bus, group).await?, DeadLetterId(number));
            bus.dead_letter(&group, number).await?.ok_or(BusError::UnknownDeadLetter)?;
            bus.remove_dead_letter(&group, number).await?;
            tracing::info!(number = number.0, "Dead letter is dropped");
            Ok(String::new())
        }
    }
}

/// The group of this name: one of ours, or one that another release left dead letters of.
async fn known(bus: &dyn Bus, name: String) -> Result<Group, Refused> {
    let mut known = GROUPS.map(|ours| Group(ours.to_owned())).to_vec();
    let group = Group(name);
    if known.contains(&group) {
        return Ok(group);
    }
    let left = bus.groups_with_dead_letters().await?;
    if left.contains(&group) {
        return Ok(group);
    }
    known.extend(left.into_iter().filter(|left| !GROUPS.contains(&left.0.as_str())));
    Err(Refused::Group { asked: group.0, known })
}

async fn list(bus: &dyn Bus, group: Option<String>, limit: u32) -> Result<String, Refused> {
    let groups = match group {
        Some(group) => vec![known(bus, group).await?],
        None => bus.groups_with_dead_letters().await?,
    };
    let limit = usize::try_from(limit.min(super::wire::MOST_AT_ONCE)).unwrap_or(usize::MAX);
    let mut letters = Vec::new();
    for group in groups {
        let found = bus.dead_letters(&group, limit).await?;
        letters.extend(found.iter().map(|letter| Letter::new(&group, letter, false)));
    }
    Ok(told(&letters))
}

fn told(letters: &[Letter]) -> String {
    serde_json::to_string(letters).expect("texts and numbers are JSON")
}
