//! Jobs are read as they were written, and nothing else is.

use bus::{JobKind, LiveKind, Urgency};
use mailbox_event::AccountToken;
use proptest::prelude::*;

use super::*;

const ID: &str = "Mailpush-Id";
const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

fn topic() -> impl Strategy<Value = Topic> {
    let account = any::<[u8; 16]>().prop_map(AccountToken);
    (account, 0..17usize).prop_map(|(account, form)| match form {
        0 => Topic::State(account),
        1 => Topic::Live(account, LiveKind::Revoked),
        job => Topic::Job(Urgency::ALL[job % 3], JobKind::ALL[(job - 2) / 3], account),
    })
}

fn job() -> impl Strategy<Value = Job> {
    let message = (any::<u64>(), any::<u64>(), topic(), any::<Vec<u8>>());
    (message, any::<u32>(), any::<u64>(), any::<u64>()).prop_map(
        |((relay, sequence, topic, payload), attempts, life, since)| Job {
            message: Message {
                id: EventId { relay: RelayId(relay), sequence },
                topic,
                payload: payload.into(),
            },
            attempts,
            life,
            since: UnixMillis(since),
        },
    )
}

proptest! {
    #[test]
    fn a_job_is_read_from_its_headers(job in job()) {
        let read = Job::read(&job.headers(), None, job.message.payload.clone(), NOW);
        prop_assert_eq!(read, Ok(job));
    }

    #[test]
    fn a_stay_is_told_from_every_other_and_is_part_of_a_subject(one in job(), other in job()) {
        prop_assert_eq!(one.stay() == other.stay(), (one.life, one.attempts, one.message.id, one.message.topic)
            == (other.life, other.attempts, other.message.id, other.message.topic));
        let stay = one.stay();
        prop_assert!(stay.split('.').all(|token| !token.is_empty()));
        prop_assert!(stay.bytes().all(|octet| octet.is_ascii_alphanumeric() || b".-".contains(&octet)));
    }

    #[test]
    fn a_reason_is_one_line_and_read_back(reason in "(\\PC|[ %;\r\n\t\u{0}a-f0-9]){0,40}") {
        let line = escape(&reason);
        prop_assert!(!line.contains(['\r', '\n', '\0']));
        prop_assert_eq!(line.trim(), line.as_str());
        prop_assert_eq!(unescape(&line), reason);
    }

    #[test]
    fn no_line_chokes_the_reader(line in "[%;0-9a-fé ]{0,20}") {
        unescape(&line);
    }
}

#[test]
fn a_fresh_job_has_its_topic_from_its_subject_and_no_attempts() {
    let topic = Topic::Job(Urgency::High, JobKind::Sieve, AccountToken([7; 16]));
    let mut headers = HeaderMap::new();
    headers.insert(ID, "00000000000000ff-3");
    let job = Job::read(&headers, Some(topic), Bytes::from_static(b"x"), NOW).unwrap();
    assert_eq!(job.message.id, EventId { relay: RelayId(255), sequence: 3 });
    assert_eq!((job.message.topic, job.attempts, job.life, job.since), (topic, 0, 0, NOW));
}

#[test]
fn what_is_no_job_says_why() {
    let topic = Some(Topic::State(AccountToken([7; 16])));
    let read = |name: &str, value: &str, topic| {
        let mut headers = HeaderMap::new();
        headers.insert(ID, "00000000000000ff-3");
        headers.insert(name, value);
        Job::read(&headers, topic, Bytes::new(), NOW)
    };
    for event in ["", "00000000000000ff", "x-3", "00000000000000ff-", "00000000000000ff-y"] {
        assert_eq!(read(ID, event, topic), Err(Poison::Event), "{event}");
    }
    assert_eq!(read("Other", "x", None), Err(Poison::Topic));
    assert_eq!(read(TOPIC, "job.soon", topic), Err(Poison::Topic));
    for header in [ATTEMPTS, LIFE, SINCE] {
        assert_eq!(read(header, "many", topic), Err(Poison::Number), "{header}");
    }
    assert_eq!(read(READ_FROM, "KV_mailpush_verdicts", topic), Err(Poison::Read));
}

#[test]
fn due_times_and_deaths_are_read_back() {
    let mut headers = HeaderMap::new();
    assert_eq!(due(&headers), UnixMillis(0), "what does not say is due at once");
    set_due(&mut headers, UnixMillis(5));
    set_death(&mut headers, "line\r\nline", UnixMillis(6));
    assert_eq!(due(&headers), UnixMillis(5));
    assert_eq!(death(&headers), Ok(("line\r\nline".to_owned(), UnixMillis(6))));
}

#[test]
fn a_reason_is_written_as_it_is_but_for_what_a_line_would_lose() {
    for (reason, line) in [
        ("no use at all", "no use at all"),
        (" blank\tends ", "%20;blank%9;ends%20;"),
        ("100%41; of\r\nit", "100%25;41; of%d;%a;it"),
        ("\u{a0}", "%a0;"),
    ] {
        assert_eq!((escape(reason).as_str(), unescape(line).as_ref()), (line, reason));
    }
}

#[test]
fn a_job_that_does_not_say_since_when_it_is_there_is_there_since_it_was_stored() {
    let mut headers = HeaderMap::new();
    assert_eq!(since(&headers, NOW), NOW);
    headers.insert(SINCE, "7");
    assert_eq!(since(&headers, NOW), UnixMillis(7));
}

#[test]
fn what_cannot_be_read_is_named_by_its_place() {
    let job = Job::unreadable(9, Bytes::from_static(b"x"), NOW);
    assert_eq!(job.message.id, EventId { relay: RelayId(0), sequence: 9 });
    assert_eq!((&job.message.payload[..], job.attempts, job.life, job.since), (&b"x"[..], 0, 0, NOW));
}
