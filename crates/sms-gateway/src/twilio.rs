//! Twilio's Messages resource (twilio.com/docs/messaging/api/message-resource).

mod answer;
mod proof;

use async_trait::async_trait;
use http::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder};
use url::{Url, form_urlencoded};

use crate::{
    Answered, Delivery, Gateway, InvalidReceipt, InvalidSettings, Outgoing, Provider, Receipt,
    ReceiptRequest, Settings, TwilioSettings,
    exchange::ask,
    receipt,
    settings::{endpoint, is_name, is_secret},
};

pub struct Twilio {
    client: Client,
    messages: Url,
    settings: TwilioSettings,
    receipts: Option<String>,
    validity: u64,
}

impl Twilio {
    pub fn new(
        client: Client,
        settings: &Settings,
        account: &TwilioSettings,
    ) -> Result<Self, InvalidSettings> {
        let keys = account.api_key.is_some() == account.api_secret.is_some();
        let names = [Some(&account.account), account.api_key.as_ref()];
        let secrets = [Some(&account.token), account.api_secret.as_ref()];
        let are_right = names.into_iter().flatten().all(|name| is_name(name))
            && secrets.into_iter().flatten().all(is_secret);
        if !(keys && are_right) {
            return Err(InvalidSettings::Account);
        }
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", account.account);
        let messages = endpoint(&account.base, &path)?;
        let (receipts, validity) = (settings.receipts.clone(), settings.validity.as_secs());
        Ok(Self { client, messages, settings: account.clone(), receipts, validity })
    }

    fn request(&self, text: &Outgoing<'_>) -> RequestBuilder {
        let TwilioSettings { account, token, api_key, api_secret, .. } = &self.settings;
        let (user, secret) = api_key.as_ref().zip(api_secret.as_ref()).unwrap_or((account, token));
        let request = self.client.post(self.messages.clone()).basic_auth(user, Some(secret.expose()));
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(self.form(text))
    }

    fn form(&self, text: &Outgoing<'_>) -> String {
        let is_service = text.from.len() == 34 && text.from.starts_with("MG");
        let from = if is_service { "MessagingServiceSid" } else { "From" };
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs([("To", text.to), (from, text.from), ("Body", text.text)]);
        form.append_pair("ValidityPeriod", &self.validity.to_string());
        if let Some(receipts) = &self.receipts {
            form.append_pair("StatusCallback", &format!("{receipts}?reference={}", text.reference));
        }
        form.finish()
    }
}

#[async_trait]
impl Gateway for Twilio {
    async fn send(&self, text: &Outgoing<'_>) -> Answered {
        ask(Provider::Twilio, self.request(text), answer::outcome).await
    }

    fn receipt(&self, request: &ReceiptRequest<'_>, _now: u64) -> Result<Receipt, InvalidReceipt> {
        let form = receipt::fields(request.body);
        if !proof::is_authentic(&self.settings.token, request.url, &form, request.headers) {
            return Err(InvalidReceipt::NotAuthentic);
        }
        let query = receipt::fields(receipt::query(request.url).as_bytes());
        let status = receipt::field(&form, "MessageStatus").ok_or(InvalidReceipt::Unreadable)?;
        Receipt::new(
            receipt::field(&query, "reference"),
            receipt::field(&form, "MessageSid"),
            delivery(status),
        )
    }

    fn is_idempotent(&self) -> bool {
        false
    }

    fn provider(&self) -> Provider {
        Provider::Twilio
    }
}

/// A word that is not known tells no end: `accepted`, `queued`, `sending`, `sent` and what may come to them.
fn delivery(status: &str) -> Delivery {
    match status {
        "delivered" | "read" => Delivery::Delivered,
        "undelivered" | "failed" | "canceled" => Delivery::Undelivered,
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
            ("scheduled", Delivery::Taken),
            ("queued", Delivery::Taken),
            ("sending", Delivery::Taken),
            ("sent", Delivery::Taken),
            ("delivered", Delivery::Delivered),
            ("read", Delivery::Delivered),
            ("undelivered", Delivery::Undelivered),
            ("failed", Delivery::Undelivered),
            ("canceled", Delivery::Undelivered),
            ("of tomorrow", Delivery::Taken),
        ] {
            assert_eq!(delivery(status), end, "{status}");
        }
    }
}
