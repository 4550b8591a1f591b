//! The way to NATS under TLS: who is trusted, and who is not spoken to.

use std::{error::Error, path::PathBuf, time::Duration};

use bus::{Bus, BusError};
use bus_nats::{NatsBus, NatsSettings, Tls};
use bus_node::Surroundings;
use testkit::{
    Scratch,
    certificate::Certificate,
    nats::{Nats, Version},
};

/// A busy machine takes a while to be let in; who is not waits as long.
const LET_IN: Duration = Duration::from_secs(30);
const NOT_LET_IN: Duration = Duration::from_secs(2);

async fn connect(server: String, tls: Tls, patience: Duration) -> Result<NatsBus, BusError> {
    let settings =
        NatsSettings { servers: vec![server], tls, connect_timeout: patience, ..NatsSettings::default() };
    NatsBus::connect(settings, Surroundings::default()).await
}

const NO_TLS: &str = "server cannot be reached: it and we do not agree on TLS (bus.nats.tls)";

fn refused(connected: Result<NatsBus, BusError>) -> String {
    let refused = connected.err().expect("it is not let in");
    refused.source().expect("it is told why").to_string()
}

fn trusting(ca: PathBuf) -> Tls {
    Tls { required: true, ca: Some(ca), ..Tls::default() }
}

#[tokio::test]
async fn a_server_under_tls_is_spoken_to_if_its_authority_is_trusted() {
    for version in Version::ALL {
        let scratch = Scratch::new();
        let certificate = Certificate::make(&scratch);
        let (chain, key) = (certificate.chain.display(), certificate.key.display());
        let block = format!("tls {{ cert_file: \"{chain}\", key_file: \"{key}\" }}");
        let nats = Nats::builder(version).config(&block).start().await;
        let url = format!("tls://127.0.0.1:{}", nats.port());
        let bus = connect(url.clone(), trusting(certificate.chain.clone()), LET_IN).await.unwrap();
        bus.health().await.unwrap();
        let other = Certificate::make(&Scratch::new());
        for tls in [Tls::default(), trusting(other.chain)] {
            assert_eq!(
                refused(connect(url.clone(), tls, NOT_LET_IN).await),
                NO_TLS,
                "{version:?}: nobody signed it"
            );
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_it_is_required() {
    for version in Version::ALL {
        let nats = Nats::start(version).await;
        let scratch = Scratch::new();
        let tls = trusting(Certificate::make(&scratch).chain);
        assert_eq!(refused(connect(nats.url(), tls, NOT_LET_IN).await), NO_TLS, "{version:?}");
    }
}
