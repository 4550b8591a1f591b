//! What the gateway tells of messages, on the port that mutes come to.

use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, http::request::Parts};
use sms_gateway::{Delivery, InvalidReceipt, ReceiptRequest};
use store::{EffectKey, Receipt, ReceiptStatus, Received, StoreError};
use tracing::{debug, trace, warn};

use super::Switchboard;
use crate::{post::now, telemetry::ReceiptOutcome};

/// Receipts are some hundred octets, in the wordiest form some thousand.
const LARGEST_BODY: usize = 16 << 10;

/// Takes receipts.
pub(crate) struct Receipts {
    switchboard: Arc<Switchboard>,
    /// The URL that the gateway was told to post them to; it signs this one, whatever a proxy made of it.
    url: String,
}

impl Receipts {
    /// Nothing where no receipts are asked for.
    pub(crate) fn of(switchboard: &Arc<Switchboard>) -> Option<Self> {
        let url = switchboard.settings.gateway.receipts.clone()?;
        Some(Self { switchboard: switchboard.clone(), url })
    }

    /// Whether `path` leads here: a proxy may leave what is before its last two parts or take it away.
    pub(crate) fn are_at(&self, path: &str) -> bool {
        let mut parts = path.rsplit('/');
        parts.next() == Some(self.switchboard.settings.provider()) && parts.next() == Some("receipts")
    }

    /// Puts down what is told. A gateway that is answered 5xx may tell it again.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<String> {
        let (head, body) = request.into_parts();
        let (outcome, status) = match Limited::new(body, LARGEST_BODY).collect().await {
            Ok(body) => self.take(&head, &body.to_bytes()).await,
            Err(_) => (ReceiptOutcome::Unreadable, StatusCode::PAYLOAD_TOO_LARGE),
        };
        debug!(?outcome, "Receipt");
        self.switchboard.post.metrics.texts.receipt(outcome);
        let mut response = Response::new(String::new());
        *response.status_mut() = status;
        response
    }

    async fn take(&self, head: &Parts, body: &[u8]) -> (ReceiptOutcome, StatusCode) {
        if !matches!(head.method, Method::GET | Method::POST) {
            return (ReceiptOutcome::Unreadable, StatusCode::METHOD_NOT_ALLOWED);
        }
        let url = match head.uri.query() {
            Some(query) => format!("{}?{query}", self.url),
            None => self.url.clone(),
        };
        let request = ReceiptRequest { method: &head.method, url: &url, headers: &head.headers, body };
        let seconds = now().0 / 1000;
        match self.switchboard.gateway.receipt(&request, seconds) {
            Ok(receipt) => match self.note(&receipt).await {
                Ok(outcome) => (outcome, StatusCode::OK),
                Err(why) => {
                    warn!(cause = why.cause(), "Receipt cannot be put down");
                    (ReceiptOutcome::PutOff, StatusCode::SERVICE_UNAVAILABLE)
                }
            },
            Err(InvalidReceipt::NotAuthentic) => (ReceiptOutcome::NotAuthentic, StatusCode::FORBIDDEN),
            Err(InvalidReceipt::Unreadable) => (ReceiptOutcome::Unreadable, StatusCode::BAD_REQUEST),
        }
    }

    async fn note(&self, receipt: &sms_gateway::Receipt) -> Result<ReceiptOutcome, StoreError> {
        trace!("Receipt is genuine");
        let Some(key) = EffectKey::parse(&receipt.reference) else { return Ok(ReceiptOutcome::Stranger) };
        let (provider, refund) = (self.switchboard.settings.provider(), self.switchboard.settings.refund);
        let status = match receipt.status {
            Delivery::Taken => ReceiptStatus::Taken,
            Delivery::Delivered => ReceiptStatus::Delivered,
            Delivery::Undelivered => ReceiptStatus::Undelivered,
        };
        let told = Receipt { key: &key, provider, provider_id: &receipt.id, status };
        let received = self.switchboard.post.store.receive(&told, refund, now()).await?;
        trace!("Receipt is put down");
        Ok(match received {
            Received::Stranger => ReceiptOutcome::Stranger,
            Received::Known => ReceiptOutcome::Known,
            Received::Noted => match receipt.status {
                Delivery::Taken => ReceiptOutcome::Taken,
                Delivery::Delivered => ReceiptOutcome::Delivered,
                Delivery::Undelivered => ReceiptOutcome::Undelivered,
            },
        })
    }
}
