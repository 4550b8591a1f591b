//! Vonage's SMS API (developer.vonage.com/messaging/sms).

mod answer;
mod proof;

use async_trait::async_trait;
use http::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use url::{Url, form_urlencoded};

use crate::{
    Answered, Delivery, Gateway, InvalidReceipt, InvalidSettings, Outgoing, Provider, Receipt,
    ReceiptRequest, Settings, VonageSettings,
    exchange::ask,
    receipt,
    settings::{endpoint, is_name, is_secret},
};

pub struct Vonage {
    client: Client,
    messages: Url,
    settings: VonageSettings,
    receipts: Option<String>,
    /// Milliseconds.
    validity: u128,
}

impl Vonage {
    pub fn new(
        client: Client,
        settings: &Settings,
        account: &VonageSettings,
    ) -> Result<Self, InvalidSettings> {
        let secrets = [&account.secret, &account.signature_secret];
        if !is_name(&account.key) || !secrets.into_iter().all(is_secret) {
            return Err(InvalidSettings::Account);
        }
        let messages = endpoint(&account.base, "/sms/json")?;
        let (receipts, validity) = (settings.receipts.clone(), settings.validity.as_millis());
        Ok(Self { client, messages, settings: account.clone(), receipts, validity })
    }

    fn request(&self, text: &Outgoing<'_>) -> RequestBuilder {
        let VonageSettings { key, secret, .. } = &self.settings;
        let request = self.client.post(self.messages.clone()).basic_auth(key, Some(secret.expose()));
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(self.form(text))
    }

    fn form(&self, text: &Outgoing<'_>) -> String {
        // Vonage writes E.164 without the plus.
        let bare = |number: &'_ str| number.trim_start_matches('+').to_owned();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs([("from", bare(text.from)), ("to", bare(text.to))]);
        form.extend_pairs([("text", text.text), ("type", if text.unicode { "unicode" } else { "text" })]);
        form.append_pair("client-ref", text.reference).append_pair("ttl", &self.validity.to_string());
        if let Some(receipts) = &self.receipts {
            form.append_pair("status-report-req", "1").append_pair("callback", receipts);
        }
        form.finish()
    }
}

#[async_trait]
impl Gateway for Vonage {
    async fn send(&self, text: &Outgoing<'_>) -> Answered {
        ask(Provider::Vonage, self.request(text), answer::outcome).await
    }

    /// The time in a receipt is not looked at: Vonage repeats one for a day, and a repeated one does no harm.
    fn receipt(&self, request: &ReceiptRequest<'_>, _now: u64) -> Result<Receipt, InvalidReceipt> {
        let fields = proof::fields(request);
        if !proof::is_authentic(&self.settings.signature_secret, &fields) {
            return Err(InvalidReceipt::NotAuthentic);
        }
        let field = |name| receipt::field(&fields, name);
        let status = field("status").ok_or(InvalidReceipt::Unreadable)?;
        Receipt::new(field("client-ref"), field("messageId"), delivery(status))
    }

    fn is_idempotent(&self) -> bool {
        false
    }

    fn provider(&self) -> Provider {
        Provider::Vonage
    }
}

/// A word that is not known tells no end: `accepted`, `buffered`, `unknown` and what may come to them.
fn delivery(status: &str) -> Delivery {
    match status {
        "delivered" => Delivery::Delivered,
        "failed" | "rejected" | "expired" | "undelivered" | "deleted" => Delivery::Undelivered,
        _ => Delivery::Taken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_is_an_end_or_open() {
        for (status, end) in [
            ("accepted", Delivery::Taken),
            ("buffered", Delivery::Taken),
            ("unknown", Delivery::Taken),
            ("delivered", Delivery::Delivered),
            ("failed", Delivery::Undelivered),
            ("rejected", Delivery::Undelivered),
            ("expired", Delivery::Undelivered),
        ] {
            assert_eq!(delivery(status), end, "{status}");
        }
    }
}
