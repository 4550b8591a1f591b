//! What comes to a worker's inbox: jobs, and answers that are none.

use async_nats::{Message, StatusCode, Subject, jetstream};
use bytes::Bytes;

use super::job::{Job, Poison};
use crate::groups::{Place, Source, millis};

/// A job that this node was given. It is ours until the server has waited too long for a sign of life.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// Which consumer gave it, by its place in the list.
    pub(crate) source: usize,
    /// How many more the consumer has.
    pub(crate) pending: u64,
    /// Where it is answered for.
    pub(crate) reply: Subject,
    /// The job, or why it is none.
    pub(crate) job: Result<Job, (Job, Poison)>,
}

/// What an answer without a job means, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refused {
    /// The consumer has none, or others wait for it already.
    Empty,
    /// The server cannot at this moment.
    Busy,
    /// There is no such consumer, or nobody who serves it.
    Gone,
}

/// One message of the inbox.
#[derive(Debug)]
pub(crate) enum Arrival {
    Job(Box<Delivery>),
    Refused {
        source: usize,
        number: u64,
        why: Refused,
    },
    /// A sign of life, or nothing of ours.
    Nothing,
}

/// Reads a message. `consumers` are the names of the sources, in their order.
pub(crate) fn read(
    message: Message,
    place: &Place,
    sources: &[(Source, String)],
    context: &jetstream::Context,
) -> Arrival {
    if let Some(status) = message.status {
        return refused(&message, status).unwrap_or(Arrival::Nothing);
    }
    let message = jetstream::Message { message, context: context.clone() };
    let Ok(info) = message.info() else { return Arrival::Nothing };
    let Some(source) = sources.iter().position(|(_, name)| name == info.consumer) else {
        return Arrival::Nothing;
    };
    let (sequence, pending) = (info.stream_sequence, info.pending);
    let stored = millis(info.published.unix_timestamp_nanos());
    let message = message.message;
    let topic = place.topic(&message.subject);
    let headers = message.headers.unwrap_or_default();
    let job = Job::read(&headers, topic, message.payload.clone(), stored).map_err(|poison| {
        let job = Job::unreadable(sequence, message.payload, stored);
        // Its subject may say more.
        (
            topic.map_or(job.clone(), |topic| Job { message: bus::Message { topic, ..job.message }, ..job }),
            poison,
        )
    });
    let Some(reply) = message.reply else { return Arrival::Nothing };
    Arrival::Job(Box::new(Delivery { source, pending, reply, job }))
}

/// The inbox of a request ends in the place of its source and its number.
fn refused(message: &Message, status: StatusCode) -> Option<Arrival> {
    let mut tokens = message.subject.rsplit('.');
    let number = tokens.next()?.parse().ok()?;
    let source = tokens.next()?.parse().ok()?;
    let description = message.description.as_deref().unwrap_or_default();
    let why = match status.as_u16() {
        404 | 408 => Refused::Empty,
        503 => Refused::Gone,
        409 if description.eq_ignore_ascii_case("consumer deleted") => Refused::Gone,
        409 => Refused::Busy,
        _ => return None,
    };
    Some(Arrival::Refused { source, number, why })
}

/// What a request for one job says.
pub(crate) fn request(is_probe: bool) -> Bytes {
    if is_probe {
        return Bytes::from_static(br#"{"batch":1,"no_wait":true}"#);
    }
    format!(r#"{{"batch":1,"expires":{}}}"#, super::pulls::STANDING.as_nanos()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, description: &str) -> Option<(usize, u64, Refused)> {
        let status = StatusCode::from_u16(status).unwrap();
        let message = Message {
            subject: "_INBOX.mailpush.worker.3.17".into(),
            reply: None,
            payload: Bytes::new(),
            headers: None,
            status: Some(status),
            description: Some(description.to_owned()),
            length: 0,
        };
        match refused(&message, status)? {
            Arrival::Refused { source, number, why } => Some((source, number, why)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_server_that_has_no_job_says_why() {
        for (status, description, why) in [
            (404, "No Messages", Refused::Empty),
            (408, "Request Timeout", Refused::Empty),
            (409, "Exceeded MaxWaiting", Refused::Busy),
            (409, "Leadership Change", Refused::Busy),
            (409, "Consumer Deleted", Refused::Gone),
            (503, "", Refused::Gone),
        ] {
            assert_eq!(answer(status, description), Some((3, 17, why)), "{status} {description}");
        }
    }

    #[test]
    fn a_sign_of_life_refuses_nothing() {
        assert_eq!(answer(100, "Idle Heartbeat"), None);
    }

    #[test]
    fn a_probe_is_answered_at_once_and_a_standing_request_in_its_time() {
        assert_eq!(request(true), r#"{"batch":1,"no_wait":true}"#);
        assert_eq!(request(false), r#"{"batch":1,"expires":5000000000}"#);
    }
}
