//! Reading ahead of what is published, and understanding it, in a task of its own: on another core where there is one.
//!
//! One task does it all, so the order of the spool is kept.

use std::{panic, thread};

use cyrus::{Malformed, datagram};
use mailbox_event::RelayId;
use routing::Publications;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    decoder::{Decoder, Undecodable},
    reader::Reader,
};
use crate::{
    intake::{Exhibit, Intake},
    spool::{Record, Window},
    telemetry::{DropReason, Route},
};

/// What is read in one go, and one record more where octets are concerned: a fraction of a millisecond of understanding.
pub(super) const BATCH: Window = Window { records: 64, octets: 1 << 20 };
/// Batches that wait to be published: more than are done while the task that reads waits for its turn. With the one
/// that it has in hand this is the memory held.
const BATCHES: usize = 4;
/// Records after which another thread may go first. One that answers Cyrus waits no longer than these take.
const YIELDS_AFTER: usize = 4;

/// A record, and what the bus is to be told of it.
#[derive(Debug)]
pub(super) struct Understood {
    pub record: Record,
    pub publications: Publications,
}

/// What is read and understood, in the order of the spool.
#[derive(Debug)]
pub(crate) struct Ahead {
    batches: mpsc::Receiver<Vec<Understood>>,
    /// The one task; it ends when this is dropped.
    task: JoinSet<()>,
    is_at_end: bool,
}

impl Ahead {
    /// Begins to read where the spool's position is, until `finish` is given and what the spool held then is read.
    pub fn start(intake: Intake, decoder: Decoder, finish: CancellationToken) -> Self {
        let (sender, batches) = mpsc::channel(BATCHES);
        let reader = Reader::new(intake.clone());
        let scholar = Scholar { relay: intake.spool.id(), intake, decoder };
        let mut task = JoinSet::new();
        task.spawn(scholar.study(reader, sender, finish));
        Self { batches, task, is_at_end: false }
    }

    /// The next records, none at the end. May be dropped at any moment.
    pub(super) async fn next(&mut self) -> Vec<Understood> {
        if let Some(batch) = self.batches.recv().await {
            return batch;
        }
        // Its sender is gone, so it has ended, or panicked: then so do we, for nothing would be published any more.
        if let Some(Err(gone)) = self.task.join_next().await
            && let Ok(payload) = gone.try_into_panic()
        {
            panic::resume_unwind(payload);
        }
        self.is_at_end = true;
        Vec::new()
    }

    /// Whether there is nothing more, and will not be.
    pub(super) fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// Stops reading. Afterwards the task holds nothing of the spool.
    pub async fn end(mut self) {
        self.task.shutdown().await;
    }
}

/// Who reads.
struct Scholar {
    relay: RelayId,
    intake: Intake,
    decoder: Decoder,
}

impl Scholar {
    async fn study(
        self,
        mut reader: Reader,
        batches: mpsc::Sender<Vec<Understood>>,
        finish: CancellationToken,
    ) {
        loop {
            let records = reader.next(BATCH, &finish).await;
            if records.is_empty() || batches.send(self.understand(records)).await.is_err() {
                return;
            }
        }
    }

    fn understand(&self, records: Vec<Record>) -> Vec<Understood> {
        let (mut understood, mut malformed) = (Vec::with_capacity(records.len()), Vec::new());
        for (place, record) in records.into_iter().enumerate() {
            if place.is_multiple_of(YIELDS_AFTER) {
                // Answers go first.
                thread::yield_now();
            }
            let publications = self.publications(&record).unwrap_or_else(|| {
                malformed.push(Exhibit::of(&record));
                Publications::default()
            });
            understood.push(Understood { record, publications });
        }
        if !malformed.is_empty() {
            self.intake.quarantine(malformed);
        }
        understood
    }

    /// What is no nonsense may be the change of an account.
    fn note_fault(&self, record: &Record, why: &Undecodable) {
        match why {
            // A datagram that was cut on its way.
            Undecodable::Malformed(Malformed::Truncated) if datagram::begins_one(&record.payload) => {}
            Undecodable::Malformed(_) => return,
            Undecodable::Panicked => self.intake.telemetry.dropped(DropReason::Panicked, 1),
            Undecodable::Encode(_) => self.intake.telemetry.dropped(DropReason::Unencodable, 1),
        }
        self.intake.gaps.note();
    }

    /// What comes of a record; `None` when it is put aside.
    fn publications(&self, record: &Record) -> Option<Publications> {
        let telemetry = &self.intake.telemetry;
        match self.decoder.publications(self.relay, record, telemetry) {
            Ok(publications) => {
                if publications.state.is_none() && publications.messages.is_empty() {
                    telemetry.published(Route::Nobody);
                }
                Some(publications)
            }
            Err(why) => {
                self.note_fault(record, &why);
                self.intake.tell_malformed(record.form, record.payload.len(), &why);
                None
            }
        }
    }
}
