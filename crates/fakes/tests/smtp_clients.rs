//! The SMTP server against clients that were not written here: lettre and Python's smtplib.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::process::Stdio;

use fakes::smtp::{DataFault, Faults, Limits, SinkSettings, SmtpSink, Verb};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, message::header::ContentType};
use tokio::{io::AsyncWriteExt, net::TcpStream, process::Command};

async fn sink(settings: SinkSettings) -> SmtpSink {
    SmtpSink::start("127.0.0.1:0".parse().unwrap(), settings).await.unwrap()
}

fn transport(sink: &SmtpSink) -> AsyncSmtpTransport<Tokio1Executor> {
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(sink.local_addr().port())
        .build()
}

fn message(text: &str) -> Message {
    let message =
        Message::builder().from("a@example.org".parse().unwrap()).to("b@example.org".parse().unwrap());
    message.subject("Café").header(ContentType::TEXT_PLAIN).body(text.to_owned()).unwrap()
}

/// Runs a script with `smtp` connected to the server; gives what it printed.
async fn python(sink: &SmtpSink, script: &str) -> String {
    lone_python(&format!("smtp = smtplib.SMTP('127.0.0.1', {})\n{script}", sink.local_addr().port())).await
}

/// The same, with nothing connected.
async fn lone_python(script: &str) -> String {
    let mut command = Command::new("/usr/bin/python3");
    let script = format!("import smtplib\n{script}");
    let output = command.arg("-c").arg(script).stdin(Stdio::null()).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn lettre_sends_and_the_watch_tells() {
    let sink = sink(SinkSettings::default()).await;
    let mut taken = sink.taken();
    let transport = transport(&sink);
    transport.send(message("One\n.\n..two\n")).await.unwrap();
    transport.send(message("Three")).await.unwrap();
    assert_eq!(*taken.wait_for(|taken| *taken >= 2).await.unwrap(), 2);
    let mails = sink.mails();
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.as_slice()),
        ("a@example.org", &["b@example.org".to_owned()][..])
    );
    let text = String::from_utf8(mails[0].octets.clone()).unwrap();
    assert!(text.contains("\r\nOne\r\n.\r\n..two\r\n"), "{text}");
}

#[tokio::test]
async fn smtplib_sends_eight_bit_mail_with_dots_to_several() {
    let sink = sink(SinkSettings::default()).await;
    let script = r"
print(sorted(smtp.ehlo()[1].decode().split('\n')[1:]))
body = 'Subject: x\r\n\r\n.dot\r\n..\r\nK\u00f6ln\r\n'.encode()
print(smtp.sendmail('a@x', ['b@x', 'c@x'], body, mail_options=['BODY=8BITMIME']))
print(smtp.helo()[0], smtp.noop()[0], smtp.rset()[0], smtp.quit()[0])
";
    let printed = python(&sink, script).await;
    let expected = "['8BITMIME', 'ENHANCEDSTATUSCODES', 'PIPELINING', 'SIZE 1048576', 'SMTPUTF8']\n{}\n250 250 250 221\n";
    assert_eq!(printed, expected);
    let mail = &sink.mails()[0];
    assert_eq!(mail.to, ["b@x", "c@x"]);
    assert_eq!(mail.octets, "Subject: x\r\n\r\n.dot\r\n..\r\nKöln\r\n".as_bytes());
}

#[tokio::test]
async fn smtplib_sees_refusals_as_they_are_meant() {
    let sink = sink(SinkSettings {
        limits: Limits { message: 2000, ..Limits::default() },
        ..SinkSettings::default()
    })
    .await;
    sink.set_faults(Faults {
        recipients: [("b@x".into(), 550), ("c@x".into(), 451)].into(),
        ..Faults::default()
    });
    let script = r"
print({who: code for who, (code, _) in smtp.sendmail('a@x', ['b@x', 'c@x', 'd@x'], 'S: x\r\n\r\nhi').items()})
try: smtp.sendmail('a@x', ['d@x'], 'x' * 3000)
except smtplib.SMTPSenderRefused as e: print(e.smtp_code)
smtp.esmtp_features.pop('size')
try: smtp.sendmail('a@x', ['d@x'], ('x' * 70 + '\r\n') * 50)
except smtplib.SMTPDataError as e: print(e.smtp_code)
print(smtp.docmd('NOOP ' + 'x' * 9000)[0], smtp.docmd('TURN')[0], smtp.noop()[0])
";
    let printed = python(&sink, script).await;
    assert_eq!(printed, "{'b@x': 550, 'c@x': 451}\n552\n552\n500 502 250\n");
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_order() {
    let sink = sink(SinkSettings::default()).await;
    let script = r"
smtp.ehlo()
smtp.send('MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<>\r\nDATA\r\n')
print([smtp.getreply()[0] for _ in range(4)])
smtp.send('Subject: x\r\n\r\nhi\r\n.\r\nMAIL FROM:<a@x>\r\nQUIT\r\n')
print([smtp.getreply()[0] for _ in range(3)])
";
    assert_eq!(python(&sink, script).await, "[250, 250, 501, 354]\n[250, 250, 221]\n");
}

#[tokio::test]
async fn hanging_up_keeps_the_mail_and_tells_the_client_nothing() {
    let sink = sink(SinkSettings::default()).await;
    sink.set_faults(Faults { data: DataFault::HangUp, ..Faults::default() });
    let error = transport(&sink).send(message("x")).await.unwrap_err();
    assert!(!error.is_permanent() && !error.is_transient());
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn smtplib_is_refused_at_each_verb() {
    for (verb, said) in [
        (Verb::Connect, "SMTPConnectError 451"),
        (Verb::Hello, "SMTPHeloError 451"),
        (Verb::Mail, "SMTPSenderRefused 451"),
        (Verb::Recipient, "SMTPRecipientsRefused"),
        (Verb::Data, "SMTPDataError 451"),
        (Verb::End, "SMTPDataError 451"),
    ] {
        let sink = sink(SinkSettings::default()).await;
        sink.set_faults(Faults { refused: [(verb, 451)].into(), ..Faults::default() });
        let script = format!(
            "
try: smtplib.SMTP('127.0.0.1', {}).sendmail('a@x', ['b@x'], 'S: x\\r\\n\\r\\nhi')
except smtplib.SMTPException as e: print(type(e).__name__, getattr(e, 'smtp_code', ''))
",
            sink.local_addr().port()
        );
        let printed = lone_python(&script).await;
        assert_eq!((printed.trim(), sink.mails().len()), (said, 0), "{verb:?}");
    }
}

#[tokio::test]
async fn answer_that_is_held_back_comes_when_the_stall_is_over() {
    for verb in Verb::ALL {
        let sink = sink(SinkSettings::default()).await;
        sink.set_faults(Faults { stalled: Some(verb), ..Faults::default() });
        let mut stalled = sink.stalled();
        let transport = transport(&sink);
        let sending = tokio::spawn(async move { transport.send(message("x")).await });
        stalled.wait_for(|stalled| *stalled == 1).await.unwrap();
        assert_eq!(sink.mails().len(), usize::from(verb == Verb::End), "{verb:?}");
        assert!(!sending.is_finished(), "{verb:?}");
        sink.set_faults(Faults::default());
        sending.await.unwrap().unwrap();
        assert_eq!((sink.mails().len(), *stalled.borrow()), (1, 1), "{verb:?}");
    }
}

#[tokio::test]
async fn client_that_goes_during_a_stall_frees_its_place() {
    let sink = sink(SinkSettings { connections: 1, ..SinkSettings::default() }).await;
    sink.set_faults(Faults { stalled: Some(Verb::Connect), ..Faults::default() });
    let mut stalled = sink.stalled();
    for count in 1..=3 {
        let client = TcpStream::connect(sink.local_addr()).await.unwrap();
        stalled.wait_for(|stalled| *stalled == count).await.unwrap();
        drop(client);
    }
}

#[tokio::test]
async fn mail_that_is_lost_is_not_kept_and_the_client_is_told_nothing() {
    let sink = sink(SinkSettings::default()).await;
    sink.set_faults(Faults { data: DataFault::Lose, ..Faults::default() });
    let error = transport(&sink).send(message("x")).await.unwrap_err();
    assert!(!error.is_permanent() && !error.is_transient());
    assert_eq!(sink.mails().len(), 0);
}

#[tokio::test]
async fn only_the_last_mails_are_kept() {
    let sink = sink(SinkSettings { kept: 2, ..SinkSettings::default() }).await;
    for text in ["one", "two", "three"] {
        transport(&sink).send(message(text)).await.unwrap();
    }
    let last: Vec<_> = sink.mails().iter().map(|mail| mail.octets.ends_with(b"three\r\n")).collect();
    assert_eq!((last, *sink.taken().borrow()), (vec![false, true], 3));
}

#[tokio::test]
async fn waiting_connections_are_served_when_others_end_and_all_end_with_the_sink() {
    let sink = sink(SinkSettings { connections: 1, ..SinkSettings::default() }).await;
    let mut first = TcpStream::connect(sink.local_addr()).await.unwrap();
    first.write_all(b"QUIT\r\n").await.unwrap();
    transport(&sink).send(message("x")).await.unwrap();
    let last = TcpStream::connect(sink.local_addr()).await.unwrap();
    drop((first, sink));
    let mut octets = vec![0; 1000];
    while last.readable().await.is_ok() {
        match last.try_read(&mut octets) {
            Ok(0) => break,
            Err(why) if why.kind() != std::io::ErrorKind::WouldBlock => break,
            Ok(_) | Err(_) => {}
        }
    }
}
