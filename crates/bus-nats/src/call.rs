//! Calls: one message to NATS and its answer, within a bounded time and without a lock.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use async_nats::{
    Client, HeaderMap, Message, Request, RequestErrorKind, StatusCode, Subject, connection::State,
};
use bytes::Bytes;
use serde::Deserialize;
use tokio::{sync::watch, time::timeout};

use crate::{
    error::{ApiError, CallError},
    link::{Happened, Link},
    trouble::Troubles,
};

/// How a node calls.
#[derive(Clone)]
pub(crate) struct Caller {
    client: Client,
    happened: watch::Receiver<Happened>,
    troubles: Arc<Troubles>,
    patience: Duration,
    /// The largest payload, without headers.
    largest: usize,
}

/// What a stream has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Its place in the stream.
    pub(crate) sequence: u64,
    /// Whether the stream had a message of the same id.
    pub(crate) is_duplicate: bool,
}

/// What lies in a stream.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) sequence: u64,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Bytes,
}

/// Either half of it. Not an enum, which would be read into a tree of values first.
#[derive(Deserialize)]
struct Ack {
    error: Option<ApiError>,
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("answer is none of a stream")]
struct NoAck;

impl Caller {
    pub(crate) fn new(link: &Link, patience: Duration, largest: usize) -> Self {
        let Link { client, happened, troubles, .. } = link.clone();
        Self { client, happened, troubles, patience, largest }
    }

    /// Fails at once when there is nobody to call.
    pub(crate) fn check(&self) -> Result<(), CallError> {
        if self.client.connection_state() == State::Connected { Ok(()) } else { Err(self.troubles.absence()) }
    }

    /// Refuses what is larger than a payload may be.
    pub(crate) fn check_size(&self, octets: usize) -> Result<(), CallError> {
        let limit = self.largest;
        if octets > limit { Err(CallError::TooLarge { octets, limit }) } else { Ok(()) }
    }

    /// Sends `payload` and waits for the answer.
    pub(crate) async fn call(
        &self,
        subject: String,
        headers: Option<HeaderMap>,
        payload: Bytes,
    ) -> Result<Message, CallError> {
        self.check()?;
        self.troubles.check_answers()?;
        // One timer for the whole: the client's own begins only when its queue has taken the request.
        let mut request = Request::new().payload(payload).timeout(None);
        if let Some(headers) = headers {
            request = request.headers(headers);
        }
        let subject = Subject::from(subject);
        // Calls are many, and a future that another is given by value lies in it twice.
        let answer = pin!(self.client.send_request(subject.clone(), request));
        let answer = pin!(self.unless_hopeless(&subject, answer));
        let answer = timeout(self.patience, answer).await;
        match answer.map_err(|_| self.troubles.explain(&subject))?? {
            Ok(answer) => Ok(answer),
            Err(error) if error.kind() == RequestErrorKind::NoResponders => Err(CallError::NoStream),
            Err(error) => Err(CallError::Sending(error.into())),
        }
    }

    /// What is on its way when the connection is lost has no answer to wait for, and neither has what is not allowed.
    async fn unless_hopeless<T>(
        &self,
        subject: &str,
        answer: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, CallError> {
        let (lost, watched) = (self.lost(), self.troubles.watch());
        tokio::select! {
            biased;
            answer = answer => Ok(answer),
            () = lost => Err(CallError::Away),
            error = self.troubles.denies(subject, watched) => Err(error),
        }
    }

    /// Comes when the connection is lost that there is when this is called.
    pub(crate) fn lost(&self) -> impl Future<Output = ()> + use<> {
        let mut happened = self.happened.clone();
        let before = happened.borrow_and_update().lost;
        async move {
            // Fails when the client is gone, and with it the connection.
            happened.wait_for(|happened| happened.lost != before).await.ok();
        }
    }

    /// Stores a message in the stream of its subject.
    pub(crate) async fn store(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<Stored, CallError> {
        self.check_size(payload.len())?;
        let answer = self.call(subject, Some(headers), payload).await?;
        let Ack { error, seq, duplicate } =
            serde_json::from_slice(&answer.payload).map_err(|error| CallError::Answer(error.into()))?;
        match (error, seq) {
            (Some(error), _) => Err(error.into()),
            (None, Some(sequence)) => Ok(Stored { sequence, is_duplicate: duplicate }),
            (None, None) => Err(CallError::Answer(NoAck.into())),
        }
    }

    /// The last message of `subject` in `stream`, from whichever replica answers.
    pub(crate) async fn last(&self, stream: &str, subject: &str) -> Result<Option<Found>, CallError> {
        let answer = self.call(format!("$JS.API.DIRECT.GET.{stream}.{subject}"), None, Bytes::new()).await?;
        found(answer)
    }

    /// Publishes to whoever listens. Waits for nobody but the client's own queue.
    pub(crate) async fn publish(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<(), CallError> {
        self.check()?;
        match timeout(self.patience, self.client.publish_with_headers(subject, headers, payload)).await {
            Err(_) => Err(CallError::TimedOut),
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(CallError::Sending(error.into())),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("answer is none of a direct read")]
struct NoDirectRead;

/// Reads the answer to a direct read.
fn found(answer: Message) -> Result<Option<Found>, CallError> {
    match answer.status {
        Some(StatusCode::NOT_FOUND) => return Ok(None),
        None => {}
        Some(status) => {
            let description = answer.description.unwrap_or_default();
            return Err(CallError::Refused { code: u64::from(status.as_u16()), description });
        }
    }
    let no_direct_read = || CallError::Answer(NoDirectRead.into());
    let headers = answer.headers.ok_or_else(no_direct_read)?;
    let sequence = headers.get_last("Nats-Sequence").and_then(|text| text.as_str().parse().ok());
    Ok(Some(Found { sequence: sequence.ok_or_else(no_direct_read)?, headers, payload: answer.payload }))
}
