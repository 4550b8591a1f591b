use futures_util::FutureExt;
use hyper::header::{self, HeaderValue};
use jsonwebtoken::{EncodingKey, Header};
use kit::config::Secret;
use serde_json::json;

use super::*;

const KEY: &str = "a shared key of thirty-two octets";
const NOW: u64 = 1_900_000_000;

fn settings() -> JwtSettings {
    JwtSettings { key: Some(Secret::new(KEY)), ..JwtSettings::new(JwtAlgorithm::HS256, "mailpush") }
}

fn presented(claims: &Value, algorithm: Algorithm, key: &str) -> Presented {
    let key = EncodingKey::from_secret(key.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap();
    Presented { field: header::AUTHORIZATION, value: format!("Bearer {token}").parse().unwrap() }
}

fn check(settings: &JwtSettings, presented: &Presented) -> Option<(String, String, u64)> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let verifier = JwtVerifier::new(settings).unwrap();
    // A key that is at hand is not waited for.
    match verifier.check(presented, &Naming::new("example.org"), now).now_or_never().unwrap() {
        Outcome::Accepted(it) => {
            Some((it.account.as_str().to_owned(), it.account_id.to_string(), it.lasts.unwrap().as_secs()))
        }
        Outcome::Refused => None,
        Outcome::Unverifiable => panic!("a token can always be verified"),
    }
}

fn checked(claims: &Value) -> Option<(String, String, u64)> {
    check(&settings(), &presented(claims, Algorithm::HS256, KEY))
}

#[test]
fn token_names_the_account_by_user_id_or_by_address() {
    let alice = Some(("alice@example.org".to_owned(), "alice".to_owned(), 60));
    assert_eq!(checked(&json!({"sub": "alice", "aud": "mailpush", "exp": NOW + 60})), alice);
    assert_eq!(
        checked(&json!({"sub": "Alice@Example.org", "aud": ["x", "mailpush"], "exp": NOW + 60})),
        alice
    );
    let configured = JwtSettings { claim: "email".to_owned(), ..settings() };
    let claims = json!({"email": "alice@example.org", "aud": "mailpush", "exp": NOW + 60});
    assert_eq!(check(&configured, &presented(&claims, Algorithm::HS256, KEY)), alice);
}

#[test]
fn expiry_and_audience_are_compulsory() {
    assert_eq!(checked(&json!({"sub": "alice", "aud": "mailpush"})), None);
    assert_eq!(checked(&json!({"sub": "alice", "exp": NOW + 60})), None);
    assert_eq!(checked(&json!({"aud": "mailpush", "exp": NOW + 60})), None);
    assert_eq!(checked(&json!({"sub": "alice", "aud": "another", "exp": NOW + 60})), None);
    assert_eq!(checked(&json!({"sub": "alice", "aud": "mailpush", "exp": NOW})), None);
    assert_eq!(checked(&json!({"sub": "a b", "aud": "mailpush", "exp": NOW + 60})), None);
}

#[test]
fn other_keys_algorithms_and_schemes_are_refused() {
    let claims = json!({"sub": "alice", "aud": "mailpush", "exp": NOW + 60});
    assert_eq!(check(&settings(), &presented(&claims, Algorithm::HS256, "another key")), None);
    assert_eq!(check(&settings(), &presented(&claims, Algorithm::HS384, KEY)), None);
    let good = presented(&claims, Algorithm::HS256, KEY);
    let token = good.bearer().unwrap();
    let unsigned = format!("Bearer eyJhbGciOiJub25lIn0.{}.", token.split('.').nth(1).unwrap());
    for value in [format!("Basic {token}"), token.to_owned(), unsigned, "Bearer".to_owned()] {
        let field = header::AUTHORIZATION;
        assert_eq!(check(&settings(), &Presented { field, value: value.parse().unwrap() }), None);
    }
    let cookie = Presented {
        field: header::COOKIE,
        value: HeaderValue::from_str(&format!("Bearer {token}")).unwrap(),
    };
    assert_eq!(check(&settings(), &cookie), None);
}

#[test]
fn public_keys_are_read_from_a_file_and_must_fit_the_algorithm() {
    // RFC 8037 §A.2 as PEM.
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    let with = |algorithm, public_key| JwtSettings { algorithm, key: None, public_key, ..settings() };
    let path = Some(file.path().to_owned());
    assert!(JwtVerifier::new(&with(JwtAlgorithm::EdDSA, path.clone())).is_ok());
    assert!(matches!(JwtVerifier::new(&with(JwtAlgorithm::RS256, path)), Err(InvalidJwtSettings::Key(_))));
    assert!(matches!(
        JwtVerifier::new(&with(JwtAlgorithm::ES256, None)),
        Err(InvalidJwtSettings::MissingKey(_))
    ));
    let gone = Some("/nowhere/at/all".into());
    assert!(matches!(JwtVerifier::new(&with(JwtAlgorithm::EdDSA, gone)), Err(InvalidJwtSettings::File(..))));
}

#[test]
fn weak_settings_are_refused() {
    let short = JwtSettings { key: Some(Secret::new("short")), ..settings() };
    assert!(matches!(JwtVerifier::new(&short), Err(InvalidJwtSettings::ShortKey)));
    let anyone = JwtSettings { audience: String::new(), ..settings() };
    assert!(matches!(JwtVerifier::new(&anyone), Err(InvalidJwtSettings::Audience)));
}

#[test]
fn dates_may_have_fractions_which_are_dropped() {
    let exp =
        |exp: Value| checked(&json!({"sub": "alice", "aud": "mailpush", "exp": exp})).map(|found| found.2);
    assert_eq!(exp(json!(NOW as f64 + 60.9)), Some(60));
    assert_eq!(exp(json!(NOW as f64 + 0.9)), None);
    for nonsense in [json!(-1), json!(-1.5), json!(1e300), json!("1900000060"), json!(null)] {
        assert_eq!(exp(nonsense.clone()), None, "{nonsense}");
    }
    let iat = |iat: Value| checked(&json!({"sub": "alice", "aud": "mailpush", "exp": NOW + 60, "iat": iat}));
    assert!(iat(json!(NOW as f64 - 0.5)).is_some());
    assert!(iat(json!("yesterday")).is_none());
}

#[test]
fn what_must_be_understood_and_is_not_is_refused() {
    let claims = json!({"sub": "alice", "aud": "mailpush", "exp": NOW + 60});
    let header = Header { crit: Some(vec!["x-strict".to_owned()]), ..Header::new(Algorithm::HS256) };
    let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(KEY.as_bytes())).unwrap();
    let value = format!("Bearer {token}").parse().unwrap();
    assert_eq!(check(&settings(), &Presented { field: header::AUTHORIZATION, value }), None);
}
