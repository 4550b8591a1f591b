//! The providers' own Python libraries judge signatures of both sides, and send through the fake.

use std::process::Stdio;

use fakes::sms::{Account, Form, Status};
use http::{HeaderMap, Method};
use kit::config::Secret;
use serde_json::{Value, json};
use sms_gateway::{Delivery, ReceiptRequest, signature};
use testkit::program::clients;
use tokio::process::Command;
use url::form_urlencoded;

use crate::{
    receipts::{now, request, sent},
    site::{REFERENCE, Told, fake},
};

/// Runs a script that finds `given` and ends with an expression's value in `said`.
async fn python(script: &str, given: Value) -> Value {
    let python = clients().join("bin/python");
    assert!(python.exists(), "clients are not installed: run tests/run --prepare");
    let script =
        format!("import json, sys\ngiven = json.loads(sys.argv[1])\n{script}\nprint(json.dumps(said))");
    let mut command = Command::new(python);
    let output =
        command.args(["-c", &script, &given.to_string()]).stdin(Stdio::null()).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(told: &Told) -> String {
    String::from_utf8(told.body.to_vec()).unwrap()
}

/// A form as an object.
fn fields(form: &[u8]) -> Value {
    let pairs = form_urlencoded::parse(form);
    let pairs = pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
    Value::Object(pairs.collect())
}

fn header<'a>(told: &'a Told, name: &str) -> &'a str {
    told.headers[name].to_str().unwrap()
}

#[tokio::test]
async fn twilios_validator_takes_the_fakes_callbacks_and_we_take_what_it_signs() {
    let (fake, gateway, mut told) = sent(Form::Twilio).await;
    fake.receipt(&fake.messages()[0], Status::Delivered).await.unwrap();
    let told = told.recv().await.unwrap();
    let form = fields(&told.body);
    let script = "
from twilio.request_validator import RequestValidator
judge = RequestValidator(given['token'])
said = [judge.validate(given['url'], given['form'], given['signature']),
  judge.validate(given['url'] + 'x', given['form'], given['signature']),
  judge.compute_signature(given['url'], given['mine'])]";
    let mine = json!({"MessageSid": "SM1", "MessageStatus": "failed", "Body": "a+b & ü€", "Empty": ""});
    let given = json!({"token": Account::default().twilio_token, "url": told.url, "form": form,
        "signature": header(&told, "x-twilio-signature"), "mine": mine});
    let said = python(script, given).await;
    assert_eq!((&said[0], &said[1]), (&true.into(), &false.into()));
    let pairs = mine.as_object().unwrap().iter().map(|(name, value)| (name, value.as_str().unwrap()));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let headers = HeaderMap::from_iter([(
        "x-twilio-signature".parse().unwrap(),
        said[2].as_str().unwrap().parse().unwrap(),
    )]);
    let signed = ReceiptRequest { headers: &headers, body: body.as_bytes(), ..request(&told) };
    let receipt = gateway.receipt(&signed, now()).unwrap();
    assert_eq!((receipt.id.as_str(), receipt.status), ("SM1", Delivery::Undelivered));
}

#[tokio::test]
async fn vonages_library_takes_the_fakes_receipts_and_we_take_what_it_signs() {
    let (fake, gateway, mut told) = sent(Form::Vonage).await;
    fake.receipt(&fake.messages()[0], Status::Delivered).await.unwrap();
    let told = told.recv().await.unwrap();
    let script = "
from vonage_http_client.auth import Auth
judge = Auth(api_key='a', signature_secret=given['secret'], signature_method='sha256')
changed = dict(given['fields'], status='failed')
said = [judge.check_signature(dict(given['fields'])), judge.check_signature(changed), judge.sign_params(dict(given['mine']))]";
    let mine = json!({"messageId": "A1", "status": "expired", "client-ref": REFERENCE, "timestamp": "1700000000", "odd": "a=b&c ü"});
    let fields: Value = serde_json::from_slice(&told.body).unwrap();
    let given = json!({"secret": Account::default().vonage_signature_secret, "fields": fields, "mine": mine});
    let said = python(script, given).await;
    assert_eq!((&said[0], &said[1]), (&true.into(), &false.into()));
    let mut pairs = mine.as_object().unwrap().clone();
    pairs.insert("sig".to_owned(), said[2].clone());
    let json = Value::from(pairs.clone()).to_string();
    let pairs = pairs.iter().map(|(name, value)| (name, value.as_str().unwrap()));
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let url = format!("{}?{form}", told.url);
    let none = HeaderMap::new();
    for signed in [
        ReceiptRequest { method: &Method::GET, url: &url, headers: &none, body: b"" },
        ReceiptRequest { headers: &none, body: form.as_bytes(), ..request(&told) },
        ReceiptRequest { body: json.as_bytes(), ..request(&told) },
    ] {
        let receipt = gateway.receipt(&signed, now()).unwrap();
        assert_eq!((receipt.id.as_str(), receipt.status), ("A1", Delivery::Undelivered));
    }
}

#[tokio::test]
async fn standard_webhooks_takes_what_both_sign_and_we_take_what_it_signs() {
    let (fake, gateway, mut told) = sent(Form::Webhook).await;
    fake.receipt(&fake.messages()[0], Status::Delivered).await.unwrap();
    let told = told.recv().await.unwrap();
    let secret = Account::default().webhook_secret;
    let key = signature::SigningKey::new(&Secret::new(secret.as_str())).unwrap();
    let ours = signature::sign(&key, "ours", now(), text(&told).as_bytes());
    let script = "
from datetime import datetime, timezone
from standardwebhooks.webhooks import Webhook
judge = Webhook(given['secret'])
head = lambda id, at, signature: {'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature}
judge.verify(given['body'], head(given['id'], given['at'], given['signature']))
judge.verify(given['body'], head('ours', given['now'], given['ours']))
said = judge.sign('theirs', datetime.fromtimestamp(int(given['now']), timezone.utc), given['mine'])";
    let mine = json!({"reference": REFERENCE, "id": "m1", "status": "undelivered", "more": "ü"}).to_string();
    let at = now().to_string();
    let given = json!({"secret": secret, "body": text(&told), "id": header(&told, "webhook-id"),
        "at": header(&told, "webhook-timestamp"), "signature": header(&told, "webhook-signature"),
        "now": at, "ours": ours, "mine": mine});
    let said = python(script, given).await;
    let headers =
        [("webhook-id", "theirs"), ("webhook-timestamp", &at), ("webhook-signature", said.as_str().unwrap())];
    let headers =
        headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let signed = ReceiptRequest { headers: &headers, body: mine.as_bytes(), ..request(&told) };
    let receipt = gateway.receipt(&signed, now()).unwrap();
    assert_eq!((receipt.id.as_str(), receipt.status), ("m1", Delivery::Undelivered));
}

#[tokio::test]
async fn the_providers_own_clients_send_through_the_fake() {
    let fake = fake().await;
    let script = "
from twilio.rest import Client
from twilio.http.http_client import TwilioHttpClient
class Here(TwilioHttpClient):
  def request(self, method, url, *rest, **named):
    return super().request(method, url.replace('https://api.twilio.com', given['base']), *rest, **named)
account = given['account']
sent = Client(account['sid'], account['token'], http_client=Here()).messages.create(to='+15551234567', from_='+15557654321',
  body='x' * 161, status_callback='http://127.0.0.1:9/?reference=abc')
from requests.adapters import HTTPAdapter
from vonage_http_client import HttpClient, Auth
from vonage_sms import Sms, SmsMessage
class There(HTTPAdapter):
  def send(self, request, **named):
    request.url = request.url.replace('https://rest.nexmo.com', given['base'])
    return super().send(request, **named)
client = HttpClient(Auth(api_key=account['key'], api_secret=account['secret']))
client._session.mount('https://', There())
parts = Sms(client).send(SmsMessage(to='15551234567', from_='Me', text='y' * 161, client_ref='def')).messages
said = [[sent.sid, sent.num_segments, sent.status], [part.message_id for part in parts]]";
    let account = Account::default();
    let account = json!({"sid": account.twilio_sid, "token": account.twilio_token, "key": account.vonage_key,
        "secret": account.vonage_secret});
    let said = python(script, json!({"base": fake.base_url(), "account": account})).await;
    let kept = fake.messages();
    assert_eq!(said, json!([[kept[0].ids[0], "2", "queued"], kept[1].ids]));
    let references: Vec<_> = kept.iter().map(|message| message.reference.as_str()).collect();
    assert_eq!((references, kept[1].ids.len()), (vec!["abc", "def"], 2));
}
