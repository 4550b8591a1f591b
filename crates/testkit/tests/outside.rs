//! The browser, the SMTP server and the follower of streams are real and tell the truth.

use std::time::Duration;

use testkit::chromium::Page;
use testkit::program::Program;
use testkit::smtp::RealSmtp;
use testkit::sse::Stream;
use testkit::{Scratch, lmtp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SOON: Duration = Duration::from_secs(30);

/// Serves every request on a port of its own with one answer; the port.
async fn serve(answer: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            // A browser opens connections on suspicion: those send nothing and want nothing.
            if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                stream.write_all(answer.as_bytes()).await.ok();
            }
        }
    });
    port
}

fn answer(kind: &str, body: &str) -> String {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n", body.len());
    format!("{head}Connection: close\r\n\r\n{body}")
}

#[tokio::test]
async fn the_browser_opens_a_page() {
    let html = "<!doctype html><meta name=viewport content='width=device-width'><link rel=icon href='data:,'>\
        <title>Hello</title><p id=p>0</p><script>setTimeout(() => { p.textContent = '1'; console.error('told') }, 50)</script>";
    let port = serve(answer("text/html", html)).await;
    let page = Page::open().await;
    page.goto(&format!("http://127.0.0.1:{port}/")).await;
    assert_eq!(page.eval("document.title").await, "Hello");
    page.wait_until("document.getElementById('p').textContent === '1'", SOON).await;
    page.resize(390, 844).await;
    page.wait_until("innerWidth === 390 && innerHeight === 844", SOON).await;
    let errors = page.console_errors().await;
    assert!(errors.len() == 1 && errors[0].contains("told"), "{errors:?}");
    let scratch = Scratch::new();
    page.screenshot(&scratch.join("page.png")).await;
    let image = std::fs::read(scratch.join("page.png")).expect("the screenshot is there");
    assert_eq!(image[..4], *b"\x89PNG");
}

#[tokio::test]
async fn a_real_smtp_server_keeps_the_mail() {
    let smtp = RealSmtp::start().await;
    assert!(smtp.mails().await.is_empty());
    let text = testkit::message("=?utf-8?q?Gr=C3=BC=C3=9Fe?=").body("Bis morgen, J\u{f6}rg\r\n.\r\n").text();
    send(smtp.port(), "alice@example.org", &text).await;
    let mails = smtp.wait_for_mails(1, SOON).await;
    assert_eq!(mails[0].header("subject"), Some("Gr\u{fc}\u{df}e"));
    assert_eq!(mails[0].header("x-rcptto"), Some("alice@example.org"));
    assert!(mails[0].text().is_some_and(|text| text.contains("J\u{f6}rg")), "{:?}", mails[0]);
}

/// Sends a mail as an SMTP client does; SMTP differs from LMTP in the greeting alone.
async fn send(port: u16, to: &str, text: &str) {
    lmtp::send(port, "EHLO client.example", to, text).await.expect("the server takes the mail");
}

#[tokio::test]
async fn a_stream_is_followed_frame_by_frame() {
    let body = ": hello\n\nretry: 100\n\nevent: state\nid: 7\ndata: {}\n\n";
    let port = serve(answer("text/event-stream", body)).await;
    let mut stream = Stream::connect(&format!("http://127.0.0.1:{port}/"), &[]).await;
    let state = stream.next_event(SOON).await;
    assert_eq!((state.event.as_deref(), state.id.as_deref()), (Some("state"), Some("7")));
    assert_eq!(stream.seen().len(), 3);
    assert_eq!(stream.try_next().await, None, "the server ended the stream");
}

#[tokio::test]
#[should_panic(expected = "not within 20ms: never")]
async fn what_does_not_come_true_fails_the_test() {
    testkit::eventually(Duration::from_millis(20), "never", async || None::<()>).await;
}

#[test]
#[should_panic(expected = "build it first: cargo build -p no-such-program")]
fn a_program_that_is_not_built_fails_with_the_command_that_builds_it() {
    drop(testkit::program::Program::builder("no-such-program"));
}

#[tokio::test]
async fn a_program_is_run_watched_and_asked_to_end() {
    let mut program = Program::builder("testkit-listener").start();
    let line = program.wait_for_line("listening on", SOON).await;
    let port = line.rsplit(' ').next().and_then(|port| port.parse().ok()).expect("the line ends in a port");
    program.wait_for_port(port, SOON).await;
    program.terminate();
    let status = program.wait_for_end(SOON).await;
    assert!(!status.success(), "it was ended by a signal");
}
