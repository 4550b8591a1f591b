//! A gateway of one's own that speaks the signed form of `docs/sms-webhook.md`.

mod answer;

use async_trait::async_trait;
use http::header::CONTENT_TYPE;
use kit::clock::unix_millis;
use reqwest::{Client, RequestBuilder};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    Answered, Delivery, Gateway, InvalidReceipt, InvalidSettings, Outgoing, Provider, Receipt,
    ReceiptRequest, Settings, WebhookSettings,
    exchange::ask,
    settings::endpoint,
    signature::{self, SigningKey},
};

pub struct Webhook {
    client: Client,
    url: Url,
    key: SigningKey,
    receipts: Option<String>,
    /// Seconds.
    validity: u64,
}

/// What is posted.
#[derive(Serialize)]
struct Message<'a> {
    reference: &'a str,
    to: &'a str,
    from: &'a str,
    text: &'a str,
    segments: u32,
    validity: u64,
    receipts: Option<&'a str>,
}

/// What is told of a message.
#[derive(Deserialize)]
struct Told {
    reference: String,
    id: String,
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Taken,
    Delivered,
    Undelivered,
}

impl Webhook {
    pub fn new(
        client: Client,
        settings: &Settings,
        gateway: &WebhookSettings,
    ) -> Result<Self, InvalidSettings> {
        let (url, key) = (endpoint(&gateway.url, "")?, SigningKey::new(&gateway.secret)?);
        Ok(Self {
            client,
            url,
            key,
            receipts: settings.receipts.clone(),
            validity: settings.validity.as_secs(),
        })
    }

    fn request(&self, text: &Outgoing<'_>, now: u64) -> RequestBuilder {
        let Outgoing { reference, to, from, text, segments, .. } = *text;
        let receipts = self.receipts.as_deref();
        let message = Message { reference, to, from, text, segments, validity: self.validity, receipts };
        let body = serde_json::to_vec(&message).expect("texts and numbers are JSON");
        let signature = signature::sign(&self.key, reference, now, &body);
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let request = request.header("idempotency-key", reference).header(signature::ID, reference);
        request.header(signature::TIMESTAMP, now).header(signature::SIGNATURE, signature).body(body)
    }
}

#[async_trait]
impl Gateway for Webhook {
    async fn send(&self, text: &Outgoing<'_>) -> Answered {
        let request = self.request(text, unix_millis() / 1000);
        ask(Provider::Webhook, request, |answer| (None, answer::outcome(answer, text.reference))).await
    }

    fn receipt(&self, request: &ReceiptRequest<'_>, now: u64) -> Result<Receipt, InvalidReceipt> {
        signature::verify(&self.key, request.headers, request.body, now)
            .map_err(|_| InvalidReceipt::NotAuthentic)?;
        let told: Told = serde_json::from_slice(request.body).map_err(|_| InvalidReceipt::Unreadable)?;
        let status = match told.status {
            Status::Taken => Delivery::Taken,
            Status::Delivered => Delivery::Delivered,
            Status::Undelivered => Delivery::Undelivered,
        };
        Receipt::new(Some(&told.reference), Some(&told.id), status)
    }

    fn is_idempotent(&self) -> bool {
        true
    }

    fn provider(&self) -> Provider {
        Provider::Webhook
    }
}
