//! The way of one mail to one recipient: the ledger, the server, the ledger.

use std::time::Instant;

use bus::{Attempt, Failure};
use lettre::Address;
use mailbox_event::{Account, UnixMillis, codec};
use store::{
    Addressee, Admission, Beginning, Effect, EffectKey, EffectKind, End, Outcome, RecipientKey, Sending,
    Store, StoreError,
};
use tracing::{trace, warn};
use wording::{Reader, RenderError};

use crate::{
    consequence::{Consequence, consequence},
    dependencies::{Dependencies, Dependency, Tried},
    dkim::{KeyError, Signer},
    due::{Due, GivenUp},
    envelope::deliverable,
    in_flight::{InFlight, Run, Stopping},
    mute::Mutable,
    owed::Owed,
    reader,
    service::StartError,
    settings::Settings,
    sieve::Ration,
    smtp::{Courier, Text, Undelivered},
    telemetry::{DropReason, Metrics},
};

/// What every kind of mail needs. May be asked for the same mail at any time: who has been sent it gets no other.
pub(crate) struct Post {
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
    pub(crate) in_flight: InFlight,
    pub(crate) dependencies: Dependencies,
    pub(crate) store: Store,
    pub(crate) courier: Courier,
    signer: Signer,
    pub(crate) owed: Owed,
}

/// A mail before it is written.
#[derive(Clone, Copy)]
pub(crate) struct Letter<'a> {
    pub(crate) key: &'a EffectKey,
    pub(crate) kind: EffectKind,
    /// Counts if the ledger has none yet.
    pub(crate) message_id: &'a str,
    pub(crate) to: &'a Address,
    /// Why it is of no use any more, if so.
    pub(crate) useless: Option<DropReason>,
    /// What its recipient may have muted.
    pub(crate) mutable: Option<&'a Mutable>,
    /// What it is counted in, and where it goes when that is used up.
    pub(crate) ration: Option<&'a Ration>,
    /// Whether nobody is to be told that it could not be delivered.
    pub(crate) has_null_sender: bool,
}

/// A job that no retry could help.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("payload cannot be decoded")]
    Payload(#[from] codec::DecodeError),
    #[error("payload is none of this group")]
    Other,
    #[error("account is no mail address")]
    Address(#[source] lettre::address::AddressError),
    #[error("mail cannot be worded")]
    Wording(#[from] RenderError),
    #[error("mail cannot be written")]
    Message(#[from] lettre::error::Error),
    #[error("mail cannot be signed")]
    Signature(#[from] KeyError),
}

/// What became of one recipient, where the others can go on.
pub(crate) enum Ended {
    /// Nothing is left to do.
    Well,
    /// To be tried again.
    Later(Undelivered),
    /// Refused for good.
    Refused(Undelivered),
    /// Nobody will know whether it was taken.
    GivenUp(GivenUp),
    /// No mail to this recipient can be written.
    Unwritable(Unfit),
}

impl Post {
    /// Connects to nothing yet. Fails when the settings of TLS make no sense.
    pub(crate) fn new(settings: Settings, store: Store, metrics: Metrics) -> Result<Self, StartError> {
        let courier = Courier::new(&settings.smtp).map_err(StartError::Smtp)?;
        let signer = Signer::new(&settings.dkim, &settings.from.address).map_err(StartError::Dkim)?;
        let (in_flight, owed) = (InFlight::default(), Owed::default());
        let dependencies = Dependencies::new(store.place(), courier.server(), metrics.clone());
        Ok(Self { settings, metrics, in_flight, dependencies, store, courier, signer, owed })
    }

    /// Begins no more mail, and waits for what is on its way for as long as the server has for an answer. How many
    /// runs were still at work then.
    pub(crate) async fn finish(&self) -> usize {
        let cut = self.in_flight.finish(self.settings.answer_patience()).await;
        self.courier.close().await;
        if let Err(why) = self.owed.settle(now()).await {
            warn!(error = %why, "Cannot put down what became of mails, and some may be sent twice");
        }
        cut
    }

    /// The frame of every job: it is counted while it runs, so that stopping waits for it; it is timed; and how it ended says
    /// what is there and what is away. `tried` is its group's.
    pub(crate) async fn run(
        &self,
        tried: &Tried,
        job: impl AsyncFnOnce(&Run<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let began = self.dependencies.begin();
        let run = self.in_flight.begin().map_err(put_off)?;
        trace!("Job is taken");
        let started = Instant::now();
        let result = job(&run).await;
        self.metrics.job_took(started.elapsed());
        self.dependencies.ended(began, &result, tried);
        trace!("Job is done");
        result
    }

    /// Sends `letter`, which `write` makes for a reader and with a Message-ID.
    pub(crate) async fn send(
        &self,
        letter: Letter<'_>,
        write: impl FnOnce(&Reader, &str) -> Result<Vec<u8>, Unfit> + Send,
    ) -> Result<Ended, Failure> {
        self.owed.settle(now()).await.map_err(stored)?;
        let (effect, addressee) = self.look(&letter).await.map_err(stored)?;
        let due = match Due::of(effect) {
            Ok(Some(due)) if due.is_spent() => return self.give_up(due).await,
            Ok(Some(due)) => due,
            Ok(None) => return Ok(Ended::Well),
            Err(why) => return Ok(Ended::GivenUp(why)),
        };
        trace!("Mail is due");
        let Addressee { reader, is_muted } = addressee;
        // A mail that may have left is none to hold back any more.
        let muted = (is_muted && !due.is_repeat()).then_some(DropReason::Muted);
        if let Some(reason) = letter.useless.or(muted) {
            due.drop(now()).await.map_err(stored)?;
            self.metrics.dropped(reason, 1);
            return Ok(Ended::Well);
        }
        self.dependencies.worked(Dependency::Database);
        match write(&reader::reader(reader.unwrap_or_default(), &self.settings.reader), due.message_id())
            .and_then(|mail| Ok(self.signer.sign(mail, now())?))
        {
            // Boxed: the state of a connection is large.
            Ok(mail) => Box::pin(self.deliver(due, &letter, &mail)).await,
            Err(why) => self.unwritable(due, why).await,
        }
    }

    /// Where the mail stands, in whose language, zone and hour cycle it is to be, and whether they want it.
    async fn look(&self, letter: &Letter<'_>) -> Result<(Effect, Addressee), StoreError> {
        let Letter { key, kind, message_id, to, mutable, ration, .. } = *letter;
        let muting = mutable.map(|mutable| (&mutable.recipient, &mutable.event));
        // An address of a form that no account has is nobody's who could mute it.
        let account = Account::parse(to.as_ref()).ok();
        if let (Some(account), None) = (&account, ration) {
            return self.store.look(key, kind, message_id, account, muting).await;
        }
        let addressee = async {
            match &account {
                Some(account) => self.store.addressee(account, muting).await,
                None => Ok(Addressee::default()),
            }
        };
        // Neither needs the other's answer.
        tokio::try_join!(self.admit(key, kind, message_id, ration), addressee)
    }

    /// Puts the effect down and counts it where it is counted; over if it was merged. `name` names it outside.
    pub(crate) async fn admit(
        &self,
        key: &EffectKey,
        kind: EffectKind,
        name: &str,
        ration: Option<&Ration>,
    ) -> Result<Effect, StoreError> {
        let Some(ration) = ration else { return self.store.plan(key, kind, name, now()).await };
        match self.store.admit(key, kind, name, &ration.budgets, &ration.merge(), now()).await? {
            Admission::Within(effect) => Ok(effect),
            Admission::Merged { is_first } => {
                self.metrics.merged.inc_by(is_first.into());
                Ok(Effect::Over(Outcome::Dropped))
            }
        }
    }

    /// The row says that the mail leaves from the last moment on at which it is certain that it has not, when the server
    /// has all but the text's end: a death before that uses up nothing. Of deaths after it, the ledger cannot tell those
    /// before the end has left from those after it.
    async fn deliver(&self, due: Due, letter: &Letter<'_>, mail: &[u8]) -> Result<Ended, Failure> {
        let from = (!letter.has_null_sender).then_some(&self.settings.from.address);
        let text = match self.text(from, &deliverable(letter.to), mail).await {
            Ok(text) => text,
            Err(why) => return self.unopened(due, why).await,
        };
        // Stopping waits for one answer's time from its beginning on: a text's end that leaves later may be cut off in doubt.
        self.in_flight.go_on().map_err(put_off)?;
        let is_repeat = due.is_repeat();
        let sending = due.begin(&self.owed, beginning(), now()).await.map_err(stored)?;
        if is_repeat {
            self.metrics.ambiguous.inc();
        }
        trace!("Ledger says that the mail leaves");
        let result = text.end().await;
        trace!("Server has answered");
        self.ended(sending, result).await
    }

    async fn text<'a>(
        &'a self,
        from: Option<&Address>,
        to: &Address,
        mail: &'a [u8],
    ) -> Result<Text<'a>, Undelivered> {
        let dialogue = self.courier.open(from, to).await?;
        trace!("Server waits for the text");
        dialogue.text(mail).await
    }

    /// Nothing has left: the row stays as it is where the mail may be tried again.
    async fn unopened(&self, due: Due, why: Undelivered) -> Result<Ended, Failure> {
        let consequence = self.consequence(&why).await;
        if consequence == Consequence::Refused {
            due.fail(&why, now()).await.map_err(stored)?;
        }
        self.undelivered(consequence, why)
    }

    async fn ended(&self, sending: Sending, result: Result<(), Undelivered>) -> Result<Ended, Failure> {
        let Err(why) = result else {
            self.metrics.sent.inc();
            self.dependencies.worked(Dependency::Smtp);
            self.put_down(sending, End::Sent).await?;
            return Ok(Ended::Well);
        };
        // First what is known of the mail; what is known of the server takes another look at it.
        match consequence(why.phase, why.fault) {
            Consequence::Away | Consequence::Doubtful | Consequence::Later => {
                self.put_down(sending, End::PutOff).await?;
            }
            Consequence::Refused => self.put_down(sending, End::Failed { reason: why.to_string() }).await?,
            // The row stays as it is: the next attempt finds it interrupted.
            Consequence::Unknown => drop(sending),
        }
        let consequence = self.consequence(&why).await;
        self.undelivered(consequence, why)
    }

    pub(crate) async fn put_down(&self, sending: Sending, end: End) -> Result<(), Failure> {
        self.owed.debt(sending.end(end)).write(now()).await.map_err(stored)?;
        trace!("Ledger says how it ended");
        Ok(())
    }

    /// A person may ask the recipient; one more mail would most often be one too many.
    async fn give_up(&self, due: Due) -> Result<Ended, Failure> {
        due.fail(&GivenUp::Unknown, now()).await.map_err(stored)?;
        self.metrics.dropped(DropReason::Unknown, 1);
        warn!("Mail was sent five times and it is not known whether it was taken");
        Ok(Ended::GivenUp(GivenUp::Unknown))
    }

    /// A server that falls silent over one mail and answers the next caller is no outage: other mail goes on.
    async fn consequence(&self, why: &Undelivered) -> Consequence {
        let known = consequence(why.phase, why.fault);
        if known != Consequence::Doubtful {
            return known;
        }
        trace!("Server is asked whether it answers others");
        if self.courier.probe().await.is_ok() { Consequence::Later } else { Consequence::Away }
    }

    fn undelivered(&self, consequence: Consequence, why: Undelivered) -> Result<Ended, Failure> {
        let (phase, fault) = (why.phase, why.fault);
        match consequence {
            Consequence::Away | Consequence::Doubtful => Err(Failure::Outage(why.into())),
            Consequence::Later | Consequence::Unknown => Ok(Ended::Later(why)),
            Consequence::Refused => {
                self.dependencies.worked(Dependency::Smtp);
                self.metrics.refused.inc();
                warn!(?phase, ?fault, "Mail was refused for good");
                Ok(Ended::Refused(why))
            }
        }
    }

    async fn unwritable(&self, due: Due, why: Unfit) -> Result<Ended, Failure> {
        due.fail(&why, now()).await.map_err(stored)?;
        self.metrics.dropped(DropReason::Malformed, 1);
        warn!("Mail to a recipient cannot be written");
        Ok(Ended::Unwritable(why))
    }
}

impl Ended {
    /// What it means for a job to which `before` had befallen already: what can be tried again goes before what cannot.
    pub(crate) fn after(self, before: Result<(), Failure>) -> Result<(), Failure> {
        match (self, before) {
            (Self::Later(why), _) => Err(Failure::Retry(why.into())),
            (Self::Refused(why), Ok(())) => Err(reject(why)),
            (Self::GivenUp(why), Ok(())) => Err(reject(why)),
            (Self::Unwritable(why), Ok(())) => Err(reject(why)),
            (Self::Refused(_) | Self::GivenUp(_) | Self::Unwritable(_) | Self::Well, before) => before,
        }
    }
}

/// What `address` is called where mutes are kept; nothing for an address of a form that no account has.
pub(crate) fn recipient(address: &Address) -> Option<RecipientKey> {
    Some(RecipientKey::of(&Account::parse(address.as_ref()).ok()?))
}

pub(crate) fn reject(why: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Reject(Box::new(why))
}

/// Whether a job that ended so runs no more: what is to be counted once for it is counted then. An outage is no attempt, and
/// one follows the other.
pub(crate) fn is_over(result: &Result<(), Failure>, attempt: Attempt) -> bool {
    match result {
        Ok(()) | Err(Failure::Reject(_)) => true,
        Err(Failure::Retry(_)) => attempt.is_last,
        Err(Failure::Outage(_)) => false,
    }
}

/// The job waits as if it had not been run.
pub(crate) fn put_off(why: Stopping) -> Failure {
    Failure::Outage(Box::new(why))
}

/// Without the ledger nothing may be sent, so every job waits for it.
pub(crate) fn stored(why: StoreError) -> Failure {
    match why {
        StoreError::Database(_) | StoreError::Unprepared(_) => Failure::Outage(Box::new(why)),
        StoreError::Taken => Failure::Retry(Box::new(why)),
        StoreError::Unreadable => Failure::Reject(Box::new(why)),
    }
}

/// Another one each time.
pub(crate) fn beginning() -> Beginning {
    Beginning(rand::random())
}

pub(crate) fn now() -> UnixMillis {
    UnixMillis(kit::clock::unix_millis())
}
