//! The loop of the admin port.

use std::{sync::Arc, time::Duration};

use hyper::{Request, Response, body::Incoming};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::{
    answer::{answer, text},
    order::{self, Orders},
};
use crate::{port, readiness::Readiness};

/// What answers.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) readiness: Readiness,
    pub(super) registry: Arc<Registry>,
    pub(super) orders: Orders,
}

/// Operators' tools are near, and scrapers may keep their connection for a while.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(300);

pub(super) async fn run(listener: std::net::TcpListener, service: Service, stop: CancellationToken) {
    match TcpListener::from_std(listener) {
        // Leaving this function drops the runtime, which ends the connections.
        Ok(listener) => {
            let answer = move |request| {
                let service = service.clone();
                async move { service.answer(request).await }
            };
            stop.run_until_cancelled(port::serve(listener, "admin", CONNECTION_LIFETIME, answer)).await;
        }
        Err(why) => error!(error = %why, "Cannot run the admin port"),
    }
}

impl Service {
    async fn answer(&self, request: Request<Incoming>) -> Response<String> {
        if order::is_order(&request) {
            let (status, line) = order::take(request, &self.orders).await;
            text(status, format!("{line}\n"))
        } else {
            answer(request.method(), request.uri().path(), &self.readiness, &self.registry)
        }
    }
}
