use super::*;

fn complaint(words: &str) -> Complaint {
    Complaint::read(words).unwrap()
}

fn publish(subject: &str) -> Complaint {
    complaint(&format!("Permissions Violation for Publish to \"{subject}\""))
}

fn subscribe(subject: &str) -> Complaint {
    complaint(&format!("Permissions Violation for Subscription to \"{subject}\" using queue \"q\""))
}

const TOKEN: &str = "4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a";

#[test]
fn a_permission_names_its_kind_of_subject_and_no_account() {
    for (subject, told) in [
        (format!("mailpush.state.10.{TOKEN}"), "mailpush.state.>"),
        (format!("mailpush.job.high.alarm.{TOKEN}"), "mailpush.job.>"),
        (format!("$KV.mailpush_revocations.{TOKEN}"), "$KV.mailpush_revocations.>"),
        (
            format!("$JS.API.DIRECT.GET.mailpush_STATE.mailpush.state.10.{TOKEN}"),
            "$JS.API.DIRECT.GET.mailpush_STATE.>",
        ),
        ("$JS.API.DIRECT.GET.mailpush_DEAD".to_owned(), "$JS.API.DIRECT.GET.mailpush_DEAD"),
        ("$JS.API.STREAM.CREATE.mailpush_JOBS".to_owned(), "$JS.API.STREAM.CREATE.mailpush_JOBS"),
        (
            "$JS.API.CONSUMER.DURABLE.CREATE.mailpush_JOBS.high".to_owned(),
            "$JS.API.CONSUMER.DURABLE.CREATE.mailpush_JOBS.>",
        ),
        ("$JS.ACK.mailpush_JOBS.a.1.2.3.4.5".to_owned(), "$JS.ACK.>"),
        ("_INBOX_relay.abc.def".to_owned(), "_INBOX_relay.>"),
    ] {
        assert_eq!(publish(&subject).permission().to_string(), format!("publish to {told:?}"));
    }
    let live = subscribe(&format!("mailpush.live.10.{TOKEN}.*"));
    assert_eq!(live.permission().to_string(), "subscribe to \"mailpush.live.>\"");
}

#[test]
fn not_being_let_change_a_stream_is_no_trouble() {
    let (told, now) = (Troubles::new("_INBOX_notifyd"), Instant::now());
    assert!(!told.denied(publish("$JS.API.STREAM.UPDATE.mailpush_JOBS"), now));
    assert!(told.check(now).is_ok());
    assert!(told.denied(publish("$JS.API.STREAM.CREATE.mailpush_JOBS"), now));
    assert!(told.check(now).is_err());
}

#[test]
fn other_words_are_no_complaint_of_a_permission() {
    for words in
        ["Authorization Violation", "Permissions Violation", "Permissions Violation for Publish to x"]
    {
        assert_eq!(Complaint::read(words), None, "{words}");
    }
}

#[test]
fn what_the_client_says_is_understood() {
    for (kind, why) in [
        (ConnectErrorKind::AuthorizationViolation, Some(Unreachable::Credentials)),
        (ConnectErrorKind::Io, Some(Unreachable::Cut)),
        (ConnectErrorKind::TimedOut, Some(Unreachable::Silent)),
        (ConnectErrorKind::MaxReconnects, None),
    ] {
        assert_eq!(Unreachable::of(&kind.to_string()), why);
    }
}

#[tokio::test]
async fn a_refused_publication_is_forgotten_and_a_refused_subscription_is_not() {
    let (troubles, begin) = (Troubles::new("_INBOX_relay"), Instant::now());
    assert!(troubles.check(begin).is_ok());
    assert!(troubles.denied(publish("a.b.c"), begin));
    assert!(!troubles.denied(publish("a.b.d"), begin), "the same permission is no news");
    assert!(matches!(troubles.check(begin), Err(CallError::Denied(_))));
    let later = begin + REMEMBERED;
    assert!(troubles.check(later).is_ok());
    assert!(troubles.denied(subscribe("a.live.x"), begin));
    assert!(troubles.check(later).is_err());
    assert!(troubles.check_answers().is_ok());
    troubles.connected();
    assert!(troubles.check(begin).is_ok());
}

#[tokio::test]
async fn who_may_not_hear_answers_waits_for_none() {
    let troubles = Troubles::new("_INBOX_relay");
    let watched = troubles.watch();
    troubles.denied(subscribe("_INBOX_relay.a.*"), Instant::now());
    assert!(matches!(troubles.check_answers(), Err(CallError::Denied(_))));
    assert!(matches!(troubles.denies("any", watched).await, CallError::Denied(_)));
}

#[tokio::test]
async fn permissions_that_are_remembered_are_bounded() {
    let (troubles, now) = (Troubles::new("i"), Instant::now());
    let news = (0..100).filter(|n| troubles.denied(publish(&format!("a.{n}.x")), now)).count();
    assert_eq!(news, MOST);
}

#[tokio::test]
async fn another_subjects_refusal_is_not_ones_own() {
    let troubles = Troubles::new("i");
    let watched = troubles.watch();
    troubles.denied(publish("a.b"), Instant::now());
    let mut denies = std::pin::pin!(troubles.denies("a.c", watched));
    tokio::select! {
        biased;
        _ = &mut denies => panic!("it is another's"),
        () = std::future::ready(()) => {}
    }
    troubles.denied(publish("a.c"), Instant::now());
    denies.await;
}

#[test]
fn each_reason_of_several_servers_is_told_once_in_an_outage() {
    let told = Troubles::new("_INBOX_notifyd");
    let outage = || [Unreachable::Cut, Unreachable::Silent].map(|why| told.failed(why).1);
    assert_eq!([outage(), outage()], [[true, true], [false, false]]);
    assert_eq!(told.absence().to_string(), "server cannot be reached: it does not answer", "the last one");
    told.connected();
    assert_eq!(told.failed(Unreachable::Cut), (Unreachable::Cut, true), "another outage");
}

#[test]
fn what_a_server_complains_of_again_and_again_is_told_once() {
    let told = Troubles::new("_INBOX_notifyd");
    let complain = |words: &str| told.complained(words.to_owned());
    let turns = ["busy", "busy", "full", "busy", "full"].map(complain);
    assert_eq!(turns, [true, false, true, false, false], "two that take turns are no news either");
    let others = (0..100).filter(|n| complain(&n.to_string())).count();
    assert_eq!(others, MOST - 2, "as many say enough");
    told.connected();
    assert!(told.complained("full".to_owned()));
}
