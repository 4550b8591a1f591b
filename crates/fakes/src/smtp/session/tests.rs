use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits { message: 100, recipients: 2, line: 80 };

/// Plays lines and gives the reply codes (`-` for none) and the mails.
fn play(lines: &[&str], faults: &Faults) -> (String, Vec<Mail>) {
    let mut session = Session::new(LIMITS);
    let (mut codes, mut mails) = (Vec::new(), Vec::new());
    for line in lines {
        let step = session.line(&Line::Whole(format!("{line}\r\n").into_bytes()), faults);
        codes.push(step.reply.map_or_else(|| "-".to_owned(), |reply| reply[..3].to_owned()));
        mails.extend(step.mail);
    }
    (codes.join(" "), mails)
}

#[test]
fn mail_is_taken_with_dots_unstuffed() {
    let lines =
        ["EHLO me", "mail from:<a@x> SIZE=20", "RCPT TO:<b@x>", "DATA", "Hi: x", "", "..dot", ".", "QUIT"];
    let (codes, mails) = play(&lines, &Faults::default());
    assert_eq!(codes, "250 250 250 354 - - - 250 221");
    let mail = Mail { from: "a@x".into(), to: vec!["b@x".into()], octets: b"Hi: x\r\n\r\n.dot\r\n".to_vec() };
    assert_eq!(mails, [mail]);
}

#[test]
fn commands_out_of_order_are_refused() {
    let lines =
        ["MAIL FROM:<a@x>", "HELO me", "RCPT TO:<b@x>", "DATA", "MAIL FROM:<>", "DATA", "MAIL FROM:<a@x>"];
    assert_eq!(play(&lines, &Faults::default()).0, "503 250 503 503 250 503 503");
    let lines = ["EHLO me", "MAIL FROM:<a@x>", "RSET", "RCPT TO:<b@x>", "NOOP", "TURN", "MAIL a@x"];
    assert_eq!(play(&lines, &Faults::default()).0, "250 250 250 503 250 502 501");
}

#[test]
fn limits_hold() {
    let lines = ["EHLO me", "MAIL FROM:<a@x> SIZE=101"];
    assert_eq!(play(&lines, &Faults::default()).0, "250 552");
    let lines = ["EHLO me", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "RCPT TO:<c@x>", "RCPT TO:<d@x>", "DATA"];
    assert_eq!(play(&lines, &Faults::default()).0, "250 250 250 250 452 354");
    let long = "x".repeat(60);
    let lines = ["EHLO me", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "DATA", &long, &long, ".", "NOOP"];
    assert_eq!(play(&lines, &Faults::default()), ("250 250 250 354 - - 552 250".into(), vec![]));
}

#[test]
fn line_that_is_too_long_refuses_the_message_or_the_command() {
    let mut session = Session::new(LIMITS);
    let faults = Faults::default();
    let code = |step: Step| step.reply.map(|reply| reply[..3].to_owned());
    assert_eq!(code(session.line(&Line::TooLong, &faults)).as_deref(), Some("500"));
    for line in ["EHLO me", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "DATA"] {
        session.line(&Line::Whole(format!("{line}\r\n").into_bytes()), &faults);
    }
    assert_eq!(session.line(&Line::TooLong, &faults), Step::default());
    let end = session.line(&Line::Whole(b".\r\n".to_vec()), &faults);
    assert_eq!((end.mail.clone(), code(end).as_deref()), (None, Some("500")));
}

#[test]
fn only_a_dot_between_line_breaks_of_two_octets_ends_a_message() {
    let mut session = Session::new(LIMITS);
    let faults = Faults::default();
    for line in ["EHLO me\r\n", "MAIL FROM:<a@x>\r\n", "RCPT TO:<b@x>\r\n", "DATA\r\n", ".\n", "QUIT\r\n"] {
        session.line(&Line::Whole(line.into()), &faults);
    }
    assert!(session.line(&Line::Whole(b".\r\n".to_vec()), &faults).mail.is_some());
}

#[test]
fn faults_are_as_told() {
    let to =
        |address: &str, code| Faults { recipients: [(address.to_owned(), code)].into(), ..Faults::default() };
    let lines = ["EHLO me", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "RCPT TO:<c@x>", "DATA", "x", "."];
    let (codes, mails) = play(&lines, &to("b@x", 550));
    assert_eq!(
        (codes.as_str(), mails[0].to.as_slice()),
        ("250 250 550 250 354 - 250", &["c@x".to_owned()][..])
    );
    let from = |address: &str| Faults { senders: [(address.to_owned(), 553)].into(), ..Faults::default() };
    assert_eq!(play(&lines, &from("a@x")).0, "250 553 503 503 503 502 502");
    assert_eq!(play(&lines, &from("")).0, "250 250 250 250 354 - 250");
    let refused = |verb| Faults { refused: [(verb, 451)].into(), ..Faults::default() };
    for (verb, codes) in [
        (Verb::Connect, "250 250 250 250 354 - 250"),
        (Verb::Hello, "451 503 503 503 503 502 502"),
        (Verb::Mail, "250 451 503 503 503 502 502"),
        (Verb::Recipient, "250 250 451 451 503 502 502"),
        (Verb::Data, "250 250 250 250 451 502 502"),
        (Verb::End, "250 250 250 250 354 - 451"),
    ] {
        let (answers, mails) = play(&lines, &refused(verb));
        assert_eq!((&*answers, mails.len()), (codes, usize::from(verb == Verb::Connect)), "{verb:?}");
    }
    let greeting = Session::greeting(&refused(Verb::Connect));
    assert!(greeting.closes && greeting.reply.unwrap().starts_with("451 "));
    let hang_up = Faults { data: DataFault::HangUp, ..Faults::default() };
    let (codes, mails) = play(&lines, &hang_up);
    assert_eq!((codes.as_str(), mails.len()), ("250 250 250 250 354 - -", 1));
    let lose = Faults { data: DataFault::Lose, ..Faults::default() };
    assert_eq!(play(&lines, &lose), ("250 250 250 250 354 - -".into(), vec![]));
}

proptest! {
    #[test]
    fn no_lines_panic_or_outgrow_the_limits(
        lines in prop::collection::vec("(EHLO|MAIL FROM:|RCPT TO:|DATA|RSET|\\.)?[ -~]{0,30}(<[a-z@]{0,9}>)?", 0..60),
    ) {
        let mut session = Session::new(LIMITS);
        for line in lines {
            let step = session.line(&Line::Whole(format!("{line}\r\n").into_bytes()), &Faults::default());
            if let Some(mail) = step.mail {
                prop_assert!(mail.octets.len() <= LIMITS.message && mail.to.len() <= LIMITS.recipients);
            }
        }
    }
}
