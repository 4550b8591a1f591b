//! An issuer of tokens that publishes its keys.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http_body_util::Full;
use hyper::{Response, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The name of a key, its private part and its public part (RFC 8032 §7.1, tests 1 and 2).
pub type Pair = (&'static str, [u8; 32], [u8; 32]);

pub fn first() -> Pair {
    (
        "first",
        octets("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
        octets("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
    )
}

pub fn second() -> Pair {
    (
        "second",
        octets("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
        octets("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
    )
}

pub struct Issuer {
    pub address: SocketAddr,
    inner: Mutex<Inner>,
}

struct Inner {
    status: u16,
    body: Vec<u8>,
    asked: usize,
}

impl Issuer {
    pub async fn start(pairs: &[Pair]) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Mutex::new(Inner { status: 200, body: Vec::new(), asked: 0 });
        let this = Arc::new(Self { address: listener.local_addr().unwrap(), inner });
        this.publish(pairs);
        let serving = this.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let issuer = serving.clone();
                let answer = service_fn(move |_| {
                    let issuer = issuer.clone();
                    async move { Ok::<_, Infallible>(issuer.answer()) }
                });
                tokio::spawn(async move {
                    let builder = http1::Builder::new();
                    // A client that goes away is no matter.
                    builder.serve_connection(TokioIo::new(socket), answer).await.ok();
                });
            }
        });
        this
    }

    pub fn url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    pub fn publish(&self, pairs: &[Pair]) {
        let keys: Vec<Value> = pairs.iter().map(public).collect();
        self.say(200, json!({"keys": keys}).to_string().into_bytes());
    }

    pub fn say(&self, status: u16, body: Vec<u8>) {
        let mut inner = self.inner.lock().unwrap();
        (inner.status, inner.body) = (status, body);
    }

    /// How often it was asked for its keys.
    pub fn asked(&self) -> usize {
        self.inner.lock().unwrap().asked
    }

    fn answer(&self) -> Response<Full<Bytes>> {
        let mut inner = self.inner.lock().unwrap();
        inner.asked += 1;
        Response::builder().status(inner.status).body(Full::from(inner.body.clone())).unwrap()
    }
}

fn public((name, _, public): &Pair) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": name, "x": URL_SAFE_NO_PAD.encode(public)})
}

/// A token of Alice, under this key and this name of a key.
pub fn signed((_, private, _): &Pair, kid: Option<&str>) -> String {
    let expires_at =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + Duration::from_secs(600);
    let claims = json!({"sub": "alice", "aud": "mailpush", "exp": expires_at.as_secs()});
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
    // RFC 8410 §7.
    let mut key = octets::<16>("302e020100300506032b657004220420").to_vec();
    key.extend_from_slice(private);
    format!("Bearer {}", jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(&key)).unwrap())
}

fn octets<const N: usize>(text: &str) -> [u8; N] {
    std::array::from_fn(|place| u8::from_str_radix(&text[2 * place..2 * place + 2], 16).unwrap())
}
