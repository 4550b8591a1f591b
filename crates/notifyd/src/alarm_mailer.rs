//! The jobs of the group: one alarm, one mail to each recipient.

use std::time::Instant;

use async_trait::async_trait;
use bus::{Attempt, Failure, GroupListener, Message};
use lettre::Address;
use mailbox_event::{Account, AlarmAction, CalendarAlarm, Event, Notification, UnixMillis, codec};
use store::{Effect, EffectKind, EventKey, Interrupted, Planned, RecipientKey, Sending, Store, StoreError};
use tracing::warn;
use wording::{Reader, RenderError, Wording};

use crate::{
    compose::compose,
    consequence::{Consequence, consequence},
    in_flight::{InFlight, Run, Stopping},
    key,
    late::{is_late, useless},
    message,
    mute::{Mutable, MuteLinks},
    overrides,
    reader::reader,
    recipients::recipients,
    service::StartError,
    settings::{OneClick, Settings},
    smtp::{Courier, Undelivered},
    telemetry::{DropReason, Metrics},
};

/// A mail of which nobody knows whether it was taken is sent again this often: never none, at most two.
const MOST_REPEATS: u64 = 1;

/// Runs the jobs of kind alarm. May be run again for the same job at any time: who has been sent a mail gets no other.
pub struct AlarmMailer {
    settings: Settings,
    wording: Wording,
    store: Store,
    courier: Courier,
    metrics: Metrics,
    in_flight: InFlight,
    mute_links: Option<MuteLinks>,
}

/// Whom a mail is for.
struct Recipient<'a> {
    address: &'a Address,
    reader: Reader,
    mutable: Option<Mutable>,
}

/// A job that no retry could help.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("payload cannot be decoded")]
    Payload(#[from] codec::DecodeError),
    #[error("payload is no alarm of action email")]
    NoEmailAlarm,
    #[error("mail cannot be worded")]
    Wording(#[from] RenderError),
    #[error("mail cannot be written")]
    Message(#[from] lettre::error::Error),
}

/// What became of one recipient, where the others can go on.
enum Ended {
    /// Nothing is left to do.
    Well,
    /// To be tried again.
    Later(Undelivered),
    /// Refused for good.
    Refused(Undelivered),
    /// No mail to this recipient can be written.
    Unwritable(Unfit),
}

impl AlarmMailer {
    /// Reads the operator's words and templates, if there are any. Fails when they cannot be used, and when the
    /// settings of TLS make no sense. Connects to nothing yet.
    pub fn new(settings: Settings, store: Store, metrics: Metrics) -> Result<Self, StartError> {
        let courier = Courier::new(settings.smtp.clone(), settings.concurrency).map_err(StartError::Smtp)?;
        let wording = overrides::load(settings.wording.as_deref())?;
        let in_flight = InFlight::default();
        Ok(Self { settings, wording, store, courier, metrics, in_flight, mute_links: None })
    }

    /// Puts a link into each mail, by which its recipient can mute the event or all alarms.
    pub(crate) fn with_mute_links(self, mute_links: Option<MuteLinks>) -> Self {
        Self { mute_links, ..self }
    }

    /// Begins no more mail, and waits for what is on its way for as long as the server has for an answer. How many
    /// runs were still at work then. Jobs that come after this are put off.
    pub async fn finish(&self) -> usize {
        self.in_flight.finish(self.settings.smtp.timeout).await
    }

    /// An outage ends the job at once; whatever else befalls a recipient, the others go on.
    async fn job(&self, run: &Run<'_>, message: &Message, attempt: Attempt) -> Result<(), Failure> {
        let (alarm, taken_at) = alarm(message).map_err(reject)?;
        let recipients = recipients(&alarm);
        if attempt.number == 1 {
            self.metrics.dropped(DropReason::Malformed, recipients.malformed);
            self.metrics.dropped(DropReason::TooMany, recipients.too_many);
        }
        let mut result = Ok(());
        for recipient in &recipients.valid {
            run.go_on().map_err(put_off)?;
            match (self.mail(&alarm, taken_at, recipient).await?, &result) {
                (Ended::Later(why), _) => result = Err(Failure::Retry(why.into())),
                (Ended::Refused(why), Ok(())) => result = Err(reject(why)),
                (Ended::Unwritable(why), Ok(())) => result = Err(reject(why)),
                (Ended::Refused(_) | Ended::Unwritable(_), Err(_)) | (Ended::Well, _) => {}
            }
        }
        result
    }

    async fn mail(
        &self,
        alarm: &CalendarAlarm,
        taken_at: UnixMillis,
        to: &Address,
    ) -> Result<Ended, Failure> {
        let now = now();
        let key = key::effect(alarm, to);
        let message_id = key::message_id(&key, self.settings.from.address.domain());
        let useless = useless(alarm, taken_at, now, self.settings.useful_for);
        let mutable = self.mutable(alarm, to);
        let effect = self.store.plan(&key, EffectKind::AlarmMail, &message_id, now).await.map_err(stored)?;
        if matches!(effect, Effect::Over(_)) {
            return Ok(Ended::Well);
        }
        // Before the row says that the mail leaves: without an answer here, nothing has left.
        let reader = self.reader(to).await.map_err(stored)?;
        let useless = match useless {
            None if matches!(effect, Effect::Planned(_)) => {
                self.muted(mutable.as_ref()).await.map_err(stored)?
            }
            known => known,
        };
        let sending = match effect {
            Effect::Over(_) => None,
            Effect::Planned(planned) => self.begin(planned, useless, now).await.map_err(stored)?,
            Effect::Interrupted(interrupted) => {
                self.begin_again(interrupted, useless, now).await.map_err(stored)?
            }
        };
        match sending {
            None => Ok(Ended::Well),
            Some(sending) => {
                let to = Recipient { address: to, reader, mutable };
                let mail = self.write(alarm, is_late(taken_at, now), &to, sending.message_id());
                self.send(mail, to.address, sending).await
            }
        }
    }

    /// What `to` may mute; nothing for an address of a form that no account has.
    fn mutable(&self, alarm: &CalendarAlarm, to: &Address) -> Option<Mutable> {
        let one_click = self.settings.mute.as_ref().map(|mute| mute.one_click);
        Some(Mutable {
            recipient: RecipientKey::of(&Account::parse(to.as_ref()).ok()?),
            event: EventKey::of(&alarm.account, &alarm.uid),
            one_click_is_event: one_click == Some(OneClick::Event),
        })
    }

    /// A mail that may have left is none to hold back any more: only what is planned is looked up.
    async fn muted(&self, mutable: Option<&Mutable>) -> Result<Option<DropReason>, StoreError> {
        let Some(Mutable { recipient, event, .. }) = mutable else { return Ok(None) };
        Ok(self.store.is_muted(recipient, event).await?.then_some(DropReason::Muted))
    }

    async fn begin(
        &self,
        planned: Planned,
        useless: Option<DropReason>,
        now: UnixMillis,
    ) -> Result<Option<Sending>, StoreError> {
        let Some(reason) = useless else { return planned.begin(now).await.map(Some) };
        planned.drop(now).await?;
        self.metrics.dropped(reason, 1);
        Ok(None)
    }

    async fn begin_again(
        &self,
        interrupted: Interrupted,
        useless: Option<DropReason>,
        now: UnixMillis,
    ) -> Result<Option<Sending>, StoreError> {
        let spent = (interrupted.repeats() >= MOST_REPEATS).then_some(DropReason::Unknown);
        let Some(reason) = spent.or(useless) else {
            let sending = interrupted.begin_again(now).await?;
            self.metrics.ambiguous.inc();
            return Ok(Some(sending));
        };
        interrupted.give_up(now).await?;
        self.metrics.dropped(reason, 1);
        Ok(None)
    }

    fn write(
        &self,
        alarm: &CalendarAlarm,
        is_late: bool,
        to: &Recipient,
        message_id: &str,
    ) -> Result<Vec<u8>, Unfit> {
        let link = self.mute_links.as_ref().zip(to.mutable.as_ref());
        let link = link.map(|(links, mutable)| links.link(mutable));
        let mail = self.wording.alarm(&compose(alarm, is_late), &to.reader)?;
        Ok(message::write(mail, &self.settings.from, to.address, message_id, link.as_deref(), now())?)
    }

    /// Whose language, zone and hour cycle the mail to `address` has.
    async fn reader(&self, address: &Address) -> Result<Reader, StoreError> {
        let known = match Account::parse(address.as_ref()) {
            Ok(account) => self.store.reader(&account).await?,
            Err(_) => None,
        };
        Ok(reader(known.unwrap_or_default(), &self.settings.reader))
    }

    async fn send(
        &self,
        mail: Result<Vec<u8>, Unfit>,
        to: &Address,
        sending: Sending,
    ) -> Result<Ended, Failure> {
        let mail = match mail {
            Ok(mail) => mail,
            Err(why) => {
                sending.failed(now()).await.map_err(stored)?;
                self.metrics.dropped(DropReason::Malformed, 1);
                warn!("Mail to a recipient cannot be written");
                return Ok(Ended::Unwritable(why));
            }
        };
        match self.courier.deliver(&self.settings.from.address, to, &mail).await {
            Ok(()) => {
                self.metrics.sent.inc();
                sending.sent(now()).await.map_err(stored)?;
                Ok(Ended::Well)
            }
            Err(why) => self.undelivered(sending, why).await,
        }
    }

    async fn undelivered(&self, sending: Sending, why: Undelivered) -> Result<Ended, Failure> {
        match consequence(why.phase, why.fault) {
            Consequence::Away => {
                sending.put_off(now()).await.map_err(stored)?;
                warn!(phase = ?why.phase, fault = ?why.fault, "SMTP server is of no use");
                Err(Failure::Outage(why.into()))
            }
            Consequence::Later => {
                sending.put_off(now()).await.map_err(stored)?;
                Ok(Ended::Later(why))
            }
            Consequence::Refused => {
                sending.failed(now()).await.map_err(stored)?;
                self.metrics.refused.inc();
                warn!(phase = ?why.phase, fault = ?why.fault, "Mail was refused for good");
                Ok(Ended::Refused(why))
            }
            // The row stays as it is: the next attempt finds it interrupted.
            Consequence::Unknown => Ok(Ended::Later(why)),
        }
    }
}

#[async_trait]
impl GroupListener for AlarmMailer {
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        let run = self.in_flight.begin().map_err(put_off)?;
        let began = Instant::now();
        let result = self.job(&run, &message, attempt).await;
        self.metrics.job_took(began.elapsed());
        result
    }
}

fn alarm(message: &Message) -> Result<(CalendarAlarm, UnixMillis), Unfit> {
    let event: Event = codec::decode(&message.payload)?;
    match event.notification {
        Notification::Alarm(alarm) if alarm.action == AlarmAction::Email => Ok((*alarm, event.taken_at)),
        _ => Err(Unfit::NoEmailAlarm),
    }
}

fn reject(why: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Reject(Box::new(why))
}

/// The job waits as if it had not been run.
fn put_off(why: Stopping) -> Failure {
    Failure::Outage(Box::new(why))
}

/// Without the ledger nothing may be sent, so every job waits for it.
fn stored(why: StoreError) -> Failure {
    match why {
        StoreError::Database(_) | StoreError::Unprepared(_) => Failure::Outage(Box::new(why)),
        StoreError::Taken => Failure::Retry(Box::new(why)),
        StoreError::Unreadable => Failure::Reject(Box::new(why)),
    }
}

fn now() -> UnixMillis {
    UnixMillis(kit::clock::unix_millis())
}
