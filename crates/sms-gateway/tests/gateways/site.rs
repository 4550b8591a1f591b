//! A fake provider, our gateway to it, and somebody who gets its receipts.

use std::{convert::Infallible, time::Duration};

use fakes::sms::{Account, Form, GatewaySettings, SmsGateway};
use http_body_util::{BodyExt, Empty};
use hyper::{
    HeaderMap, Method, Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use sms_gateway::{Gateway, Outgoing, Provider, Settings, open};
use tokio::{net::TcpListener, sync::mpsc};

pub const FORMS: [Form; 3] = [Form::Twilio, Form::Vonage, Form::Webhook];
pub const REFERENCE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A message of one part.
pub fn message() -> Outgoing<'static> {
    Outgoing {
        reference: REFERENCE,
        to: "+15551234567",
        from: "+15557654321",
        text: "Grüße & mehr = 1 €",
        segments: 1,
        unicode: false,
    }
}

pub async fn fake() -> SmsGateway {
    SmsGateway::start("127.0.0.1:0".parse().unwrap(), GatewaySettings::default()).await.unwrap()
}

/// Settings for the fake's account at this base URL.
pub fn settings(form: Form, base: &str) -> Settings {
    let account = Account::default();
    let (provider, section) = match form {
        Form::Twilio => {
            let (sid, token) = (account.twilio_sid, account.twilio_token);
            ("twilio", format!("account = '{sid}'\ntoken = '{token}'\nbase = '{base}'"))
        }
        Form::Vonage => {
            let (secret, signature) = (account.vonage_secret, account.vonage_signature_secret);
            let secrets = format!("secret = '{secret}'\nsignature_secret = '{signature}'");
            ("vonage", format!("key = '{}'\n{secrets}\nbase = '{base}'", account.vonage_key))
        }
        Form::Webhook => ("webhook", format!("url = '{base}/sms'\nsecret = '{}'", account.webhook_secret)),
    };
    toml::from_str(&format!("provider = '{provider}'\n[{provider}]\n{section}")).unwrap()
}

pub fn gateway(form: Form, fake: &SmsGateway) -> Box<dyn Gateway> {
    open(&settings(form, &fake.base_url())).unwrap()
}

/// One that does not wait for long.
pub fn hasty(form: Form, fake: &SmsGateway) -> Box<dyn Gateway> {
    let timeout = Duration::from_millis(1000);
    let connect_timeout = Duration::from_millis(900);
    open(&Settings { timeout, connect_timeout, ..settings(form, &fake.base_url()) }).unwrap()
}

pub fn provider(form: Form) -> Provider {
    match form {
        Form::Twilio => Provider::Twilio,
        Form::Vonage => Provider::Vonage,
        Form::Webhook => Provider::Webhook,
    }
}

/// What came where receipts go.
#[derive(Debug)]
pub struct Told {
    pub method: Method,
    pub url: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Listens for receipts; gives its URL and what comes.
pub async fn receiver() -> (String, mpsc::Receiver<Told>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (told, receiver) = mpsc::channel(100);
    let base = url.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|request| take(request, base.clone(), told.clone()));
            http1::Builder::new()
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service)
                .await
                .ok();
        }
    });
    (format!("{url}/receipts"), receiver)
}

async fn take(
    request: Request<Incoming>,
    base: String,
    told: mpsc::Sender<Told>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let url = format!("{base}{}", head.uri);
    told.send(Told { method: head.method, url, headers: head.headers, body }).await.unwrap();
    Ok(Response::new(Empty::new()))
}
