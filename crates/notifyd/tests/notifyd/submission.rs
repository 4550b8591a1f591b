//! TLS and logins, against a server that nobody here wrote; and what somebody in between can do.

use std::{env, net::SocketAddr};

use bus::Failure;
use kit::config::Secret;
use notifyd::{Login, Settings, Tls};
use testkit::{Scratch, certificate::Certificate};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::Command,
};

use crate::{
    aiosmtpd::{Aiosmtpd, Wanted},
    setup::{World, alarm, header, job, settings, sink},
};

/// Where a child of ours finds the server.
const SERVER: &str = "NOTIFYD_TEST_TLS_SERVER";

/// For `server`, whose certificate is the one to trust.
fn protected(server: &Aiosmtpd, tls: Tls) -> Settings {
    let mut settings = settings(server.address);
    settings.smtp.tls = Some(tls);
    settings.smtp.ca = Some(server.certificate.chain.clone());
    settings.smtp.login = Some(Login { user: "calendar".into(), password: Secret::new("pässword") });
    settings
}

/// How one mail fares.
async fn one_mail(settings: Settings) -> Result<(), Failure> {
    World::with(settings).await.run(&job(alarm(&["bob@example.org"]))).await
}

/// Why the server was found to be of no use.
async fn outage(settings: Settings) -> String {
    match one_mail(settings).await {
        Err(Failure::Outage(why)) => why.to_string(),
        other => panic!("no outage but {other:?}"),
    }
}

#[tokio::test]
async fn mail_goes_over_starttls_and_over_tls_with_either_way_to_log_in() {
    for (name, tls) in [("starttls", Tls::Starttls), ("tls", Tls::Tls)] {
        for (without, used) in [("LOGIN", "PLAIN"), ("PLAIN", "LOGIN")] {
            let without: &[_] = if without == "PLAIN" { &["PLAIN"] } else { &["LOGIN"] };
            let mut server = Aiosmtpd::start(Wanted { tls: name, without, ..Wanted::default() }).await;
            let world = World::with(protected(&server, tls)).await;
            for to in ["bob@example.org", "carol@example.org"] {
                world.run(&job(alarm(&[to]))).await.unwrap();
            }
            assert_eq!((server.mails(), server.login().await.as_str()), (2, used), "{name}");
        }
    }
}

#[tokio::test]
async fn server_is_named_in_its_certificate_or_gets_nothing() {
    let server = Aiosmtpd::start(Wanted { tls: "starttls", ..Wanted::default() }).await;
    let mut settings = protected(&server, Tls::Starttls);
    settings.smtp.host = "localhost".into();
    one_mail(settings).await.unwrap();
    // Not in the certificate, and the same machine.
    let server = Aiosmtpd::start(Wanted { tls: "starttls", address: "127.0.0.2", ..Wanted::default() }).await;
    let why = outage(protected(&server, Tls::Starttls)).await;
    assert_eq!(why, "mail was not taken at Protection: Certificate(OtherName)");
    assert_eq!(server.mails(), 0);
}

#[tokio::test]
async fn certificate_that_nobody_trusted_has_signed_gets_nothing() {
    for (name, tls) in [("starttls", Tls::Starttls), ("tls", Tls::Tls)] {
        let server = Aiosmtpd::start(Wanted { tls: name, ..Wanted::default() }).await;
        let (scratch, mut settings) = (Scratch::new(), protected(&server, tls));
        settings.smtp.ca = Some(Certificate::make(&scratch).chain);
        let why = outage(settings).await;
        assert_eq!(why, "mail was not taken at Protection: Certificate(UnknownIssuer)");
    }
}

/// The system's authorities are a process's own: this test sends its mail in another one, which it is itself.
#[tokio::test]
async fn without_a_file_of_ours_the_systems_authorities_count() {
    if let Ok(server) = env::var(SERVER) {
        let mut settings = settings(server.parse().unwrap());
        settings.smtp.tls = Some(Tls::Tls);
        settings.smtp.login = Some(Login { user: "calendar".into(), password: Secret::new("pässword") });
        return one_mail(settings).await.unwrap();
    }
    let server = Aiosmtpd::start(Wanted { tls: "tls", ..Wanted::default() }).await;
    let scratch = Scratch::new();
    let (others, its_own) = (Certificate::make(&scratch).chain, &server.certificate.chain);
    for (trusted, is_taken) in [(&others, false), (its_own, true)] {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "submission::without_a_file_of_ours_the_systems_authorities_count"]);
        child
            .env(SERVER, server.address.to_string())
            .env("SSL_CERT_FILE", trusted)
            .env_remove("SSL_CERT_DIR");
        let output = child.output().await.unwrap();
        assert_eq!(
            (output.status.success(), server.mails()),
            (is_taken, usize::from(is_taken)),
            "{output:?}"
        );
        let why = String::from_utf8_lossy(&output.stdout).contains("Certificate(UnknownIssuer)");
        assert_eq!(why, !is_taken, "{output:?}");
    }
}

#[tokio::test]
async fn refused_login_is_an_outage_that_names_the_answer() {
    for (refusal, expected) in [
        ("535 5.7.8 No", "mail was not taken at Login: Reply(535)"),
        ("454 4.7.0 Not now", "mail was not taken at Login: Reply(454)"),
    ] {
        let server =
            Aiosmtpd::start(Wanted { tls: "starttls", refuses_login: refusal, ..Wanted::default() }).await;
        assert_eq!(outage(protected(&server, Tls::Starttls)).await, expected);
    }
    let server = Aiosmtpd::start(Wanted { tls: "starttls", ..Wanted::default() }).await;
    let mut settings = protected(&server, Tls::Starttls);
    settings.smtp.login = Some(Login { user: "calendar".into(), password: Secret::new("wrong") });
    assert_eq!(outage(settings).await, "mail was not taken at Login: Reply(535)");
    let without: &[_] = &["PLAIN", "LOGIN"];
    let server = Aiosmtpd::start(Wanted { tls: "starttls", without, ..Wanted::default() }).await;
    let why = outage(protected(&server, Tls::Starttls)).await;
    assert_eq!(why, "mail was not taken at Login: NotOffered");
}

#[tokio::test]
async fn refused_login_is_not_tried_again_by_the_next_mails() {
    let server = Aiosmtpd::start(Wanted { tls: "starttls", ..Wanted::default() }).await;
    let mut settings = protected(&server, Tls::Starttls);
    settings.smtp.login = Some(Login { user: "calendar".into(), password: Secret::new("wrong") });
    let world = World::with(settings).await;
    let mails = ["bob@example.org", "carol@example.org", "dave@example.org"].map(|to| job(alarm(&[to])));
    for _ in 0..2 {
        let [one, two, three] = mails.each_ref().map(|mail| world.run(mail));
        let (one, two, three) = tokio::join!(one, two, three);
        for ended in [one, two, three] {
            let Err(Failure::Outage(why)) = ended else { panic!("no outage but {ended:?}") };
            assert_eq!(why.to_string(), "mail was not taken at Login: Reply(535)");
        }
    }
    assert_eq!((server.mails(), server.logins().await), (0, 1));
}

#[tokio::test]
async fn server_that_asks_for_a_login_and_gets_none_is_an_outage() {
    let server = Aiosmtpd::start(Wanted { tls: "starttls", ..Wanted::default() }).await;
    let mut settings = protected(&server, Tls::Starttls);
    settings.smtp.login = None;
    assert_eq!(outage(settings).await, "mail was not taken at Sender: Reply(530)");
}

#[tokio::test]
async fn without_starttls_nothing_is_sent() {
    let sink = sink().await;
    let mut settings = settings(sink.local_addr());
    settings.smtp.tls = Some(Tls::Starttls);
    assert_eq!(outage(settings).await, "mail was not taken at Protection: NotOffered");
    assert_eq!(sink.mails().len(), 0);
}

/// Stands before `server` and changes, with `forge`, what it says in the clear.
async fn in_between(server: SocketAddr, forge: fn(&str) -> String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(server).await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
        let mut chunk = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_server.read(&mut chunk).await {
            let forged = std::str::from_utf8(&chunk[..length]).map(forge);
            let octets = forged.as_ref().map_or(&chunk[..length], |text| text.as_bytes());
            to_client.write_all(octets).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn starttls_that_is_taken_out_on_the_way_gets_neither_mail_nor_password() {
    let mut server = Aiosmtpd::start(Wanted { tls: "starttls", ..Wanted::default() }).await;
    let mut settings = protected(&server, Tls::Starttls);
    let forge = |said: &str| said.replace("STARTTLS", "AUTH PLAIN LOGIN");
    settings.smtp.port = in_between(server.address, forge).await.port();
    assert_eq!(outage(settings).await, "mail was not taken at Protection: NotOffered");
    // Who logs in next is the first who does.
    one_mail(Settings { smtp: protected(&server, Tls::Starttls).smtp, ..protected(&server, Tls::Starttls) })
        .await
        .unwrap();
    assert_eq!((server.login().await.as_str(), server.mails()), ("PLAIN", 1));
}

#[tokio::test]
async fn answers_put_behind_starttls_on_the_way_are_not_taken_for_the_servers() {
    let server = Aiosmtpd::start(Wanted { tls: "starttls", ..Wanted::default() }).await;
    let mut settings = protected(&server, Tls::Starttls);
    let forge = |said: &str| match said.starts_with("220 Ready") {
        true => format!("{said}250-forged\r\n250 AUTH PLAIN\r\n"),
        false => said.to_owned(),
    };
    settings.smtp.port = in_between(server.address, forge).await.port();
    assert_eq!(outage(settings).await, "mail was not taken at Protection: Silence");
    assert_eq!(server.mails(), 0);
}

#[tokio::test]
async fn address_beyond_ascii_goes_where_the_server_takes_it_and_is_refused_elsewhere() {
    let to = "δοκιμή@example.org";
    let sink = sink().await;
    let world = World::before(sink.local_addr()).await;
    world.run(&job(alarm(&[to]))).await.unwrap();
    assert_eq!((&*sink.mails()[0].to, &*header(&sink.mails()[0], "To")), (&[to.to_owned()][..], to));
    let server = Aiosmtpd::start(Wanted::default()).await;
    World::before(server.address).await.run(&job(alarm(&[to]))).await.unwrap();
    assert_eq!(server.mails(), 1);
    let server = Aiosmtpd::start(Wanted { smtputf8: false, ..Wanted::default() }).await;
    let world = World::before(server.address).await;
    let both = job(alarm(&[to, "bob@example.org"]));
    match world.run(&both).await {
        Err(Failure::Reject(why)) => {
            assert_eq!(why.to_string(), "mail was not taken at Recipient: NotOffered");
        }
        other => panic!("not rejected but {other:?}"),
    }
    assert_eq!(server.mails(), 1, "the other recipient's");
    assert_eq!(world.metric("notifyd_mails_refused_total"), "1");
}

#[tokio::test]
async fn domain_beyond_ascii_needs_nothing_of_the_server() {
    let server = Aiosmtpd::start(Wanted { smtputf8: false, ..Wanted::default() }).await;
    World::before(server.address).await.run(&job(alarm(&["bob@bücher.example"]))).await.unwrap();
    let sink = sink().await;
    World::before(sink.local_addr()).await.run(&job(alarm(&["bob@bücher.example"]))).await.unwrap();
    assert_eq!(sink.mails()[0].to, ["bob@xn--bcher-kva.example"]);
    assert_eq!(header(&sink.mails()[0], "To"), "bob@xn--bcher-kva.example");
}
