//! Where the running program takes the orders.

use std::sync::Arc;

use bus::{Bus, BusError, DeadLetterId, Group};
use hyper::StatusCode;
use kit::admin::{Act, Order, Reply};

use super::wire::{Letter, Request};
use crate::bus_words::reason;

/// Takes them.
pub fn act(bus: Arc<dyn Bus>) -> Act {
    Arc::new(move |order| {
        let bus = bus.clone();
        Box::pin(async move { take(&*bus, &order).await })
    })
}

async fn take(bus: &dyn Bus, order: &Order) -> Reply {
    let Ok(request) = serde_json::from_slice(&order.body) else {
        return (StatusCode::BAD_REQUEST, "the order is of another release".to_owned());
    };
    match carry_out(bus, request).await {
        Ok(said) => (StatusCode::OK, said),
        Err(error @ BusError::UnknownDeadLetter) => (StatusCode::GONE, error.to_string()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, reason(&error)),
    }
}

async fn carry_out(bus: &dyn Bus, request: Request) -> Result<String, BusError> {
    match request {
        Request::List { group, limit } => list(bus, group, limit).await,
        Request::Show { group, number, content } => {
            let group = Group(group);
            let found = bus.dead_letter(&group, DeadLetterId(number)).await?;
            let letter = found.ok_or(BusError::UnknownDeadLetter)?;
            Ok(told(&[Letter::new(&group, &letter, content)]))
        }
        Request::Redeliver { group, number } => {
            bus.redeliver(&Group(group), DeadLetterId(number)).await?;
            tracing::info!(number, "Dead letter is given back");
            Ok(String::new())
        }
        Request::Drop { group, number } => {
            let (group, number) = (Group(group), DeadLetterId(number));
            bus.dead_letter(&group, number).await?.ok_or(BusError::UnknownDeadLetter)?;
            bus.remove_dead_letter(&group, number).await?;
            tracing::info!(number = number.0, "Dead letter is dropped");
            Ok(String::new())
        }
    }
}

async fn list(bus: &dyn Bus, group: Option<String>, limit: u32) -> Result<String, BusError> {
    let groups = match group {
        Some(group) => vec![Group(group)],
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
