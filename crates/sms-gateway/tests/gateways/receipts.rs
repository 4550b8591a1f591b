use std::{
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

use fakes::sms::{Form, SmsGateway, Status};
use http::{HeaderMap, Method};
use proptest::prelude::*;
use sms_gateway::{Delivery, Gateway, InvalidReceipt, Outgoing, ReceiptRequest, Settings, open};
use tokio::sync::mpsc;

use crate::site::{FORMS, REFERENCE, Told, fake, message, receiver, settings};

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub fn request(told: &Told) -> ReceiptRequest<'_> {
    ReceiptRequest { method: &told.method, url: &told.url, headers: &told.headers, body: &told.body }
}

/// A fake that took one message of two parts, with who hears of it.
pub async fn sent(form: Form) -> (SmsGateway, Box<dyn Gateway>, mpsc::Receiver<Told>) {
    let (fake, (url, told)) = (fake().await, receiver().await);
    let gateway = open(&Settings { receipts: Some(url), ..settings(form, &fake.base_url()) }).unwrap();
    let text = "a".repeat(161);
    gateway.send(&Outgoing { text: &text, segments: 2, ..message() }).await;
    assert_eq!(fake.messages()[0].reference, REFERENCE, "{form:?}");
    (fake, gateway, told)
}

#[tokio::test]
async fn receipts_come_repeated_and_out_of_order_and_each_is_read() {
    for form in FORMS {
        let (fake, gateway, mut told) = sent(form).await;
        let message = fake.messages()[0].clone();
        for (status, delivery) in [
            (Status::Delivered, Delivery::Delivered),
            (Status::Sent, Delivery::Taken),
            (Status::Delivered, Delivery::Delivered),
            (Status::Undelivered, Delivery::Undelivered),
        ] {
            let parts = if form == Form::Vonage { 2 } else { 1 };
            assert_eq!(fake.receipt(&message, status).await.unwrap(), vec![200; parts]);
            for id in &message.ids {
                let told = told.recv().await.unwrap();
                let receipt = gateway.receipt(&request(&told), now()).unwrap();
                assert_eq!((receipt.reference.as_str(), receipt.id.as_str()), (REFERENCE, id.as_str()));
                assert_eq!(receipt.status, delivery, "{form:?}");
            }
        }
    }
}

#[tokio::test]
async fn receipt_with_anything_changed_is_not_authentic() {
    for form in FORMS {
        let (fake, gateway, mut told) = sent(form).await;
        fake.receipt(&fake.messages()[0], Status::Undelivered).await.unwrap();
        let told = told.recv().await.unwrap();
        let verdict = |request: &ReceiptRequest<'_>| gateway.receipt(request, now()).unwrap_err();
        let changed = String::from_utf8(told.body.to_vec()).unwrap();
        let changed = changed.replace("undelivered", "delivered").replace("failed", "delivered");
        let wrong = ReceiptRequest { body: changed.as_bytes(), ..request(&told) };
        assert_eq!(verdict(&wrong), InvalidReceipt::NotAuthentic, "{form:?} body");
        let empty = ReceiptRequest { body: b"", ..request(&told) };
        assert_eq!(verdict(&empty), InvalidReceipt::NotAuthentic, "{form:?} empty");
        let other = told.url.replace('0', "1") + "&x=y";
        let elsewhere = gateway.receipt(&ReceiptRequest { url: &other, ..request(&told) }, now());
        assert_eq!(elsewhere.is_err(), form == Form::Twilio, "Twilio signs the URL: {form:?}");
        let bare = ReceiptRequest { headers: &HeaderMap::new(), ..request(&told) };
        assert_eq!(verdict(&bare), InvalidReceipt::NotAuthentic, "{form:?} headers");
        let got = ReceiptRequest { method: &Method::GET, body: b"", ..request(&told) };
        assert_eq!(verdict(&got), InvalidReceipt::NotAuthentic, "{form:?} method");
    }
}

#[tokio::test]
async fn signed_receipt_is_too_old_after_five_minutes() {
    let (fake, gateway, mut told) = sent(Form::Webhook).await;
    fake.receipt(&fake.messages()[0], Status::Delivered).await.unwrap();
    let told = told.recv().await.unwrap();
    assert!(gateway.receipt(&request(&told), now() + 290).is_ok());
    assert_eq!(gateway.receipt(&request(&told), now() + 301), Err(InvalidReceipt::NotAuthentic));
}

/// One of each, to nobody.
static GATEWAYS: LazyLock<[Box<dyn Gateway>; 3]> =
    LazyLock::new(|| FORMS.map(|form| open(&settings(form, "http://127.0.0.1:9")).unwrap()));

proptest! {
    #[test]
    fn nothing_that_nobody_signed_is_a_receipt(
        body: Vec<u8>,
        url in ".*",
        proof in "[!-~]{0,60}",
        get: bool,
        json: bool,
    ) {
        let method = if get { Method::GET } else { Method::POST };
        let names = ["x-twilio-signature", "webhook-signature", "webhook-id"];
        let mut headers: HeaderMap =
            names.into_iter().map(|name| (name.parse().unwrap(), proof.parse().unwrap())).collect();
        headers.insert("webhook-timestamp", now().into());
        headers.insert("content-type", if json { "application/json" } else { "text/plain" }.parse().unwrap());
        for gateway in &*GATEWAYS {
            let request = ReceiptRequest { method: &method, url: &url, headers: &headers, body: &body };
            prop_assert_eq!(gateway.receipt(&request, now()), Err(InvalidReceipt::NotAuthentic));
        }
    }
}
