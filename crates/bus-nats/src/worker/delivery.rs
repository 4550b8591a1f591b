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

/// What an answer without a job means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
