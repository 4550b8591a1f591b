//! The jobs of the group `alarm-mail`: one alarm, one mail to each recipient.

use std::sync::Arc;

use ::sieve::OwnMail;
use async_trait::async_trait;
use bus::{Attempt, Failure, GroupListener, Message};
use jiff::Timestamp;
use lettre::Address;
use mailbox_event::{AlarmAction, CalendarAlarm, Event, Notification, UnixMillis, codec};
use store::{EffectKind, EventKey, Store};
use wording::{Alarm, Reader, Wording};

use crate::{
    compose::compose,
    dependencies::Tried,
    in_flight::Run,
    key,
    late::{is_late, useless, went_off},
    message::{self, AutoSubmitted, Draft},
    mute::{MailLinks, Mutable, MuteLinks},
    overrides,
    post::{self, Ended, Letter, Post, Unfit, is_over, now, put_off, reject},
    recipients::recipients,
    service::StartError,
    settings::{OneClick, Settings},
    telemetry::{DropReason, Metrics},
};

/// Runs the jobs of kind alarm. May be run again for the same job at any time: who has been sent a mail gets no other.
pub struct AlarmMailer {
    post: Arc<Post>,
    wording: Arc<Wording>,
    mute_links: Option<MuteLinks>,
    tried: Tried,
}

/// An alarm that went off.
struct Taken {
    alarm: CalendarAlarm,
    /// When relay took it from the mail server.
    at: UnixMillis,
}

impl Taken {
    fn went_off(&self) -> UnixMillis {
        went_off(&self.alarm, self.at)
    }
}

impl AlarmMailer {
    /// Reads the operator's words and templates, if there are any. Fails when they cannot be used, and when the
    /// settings of TLS make no sense. Connects to nothing yet.
    pub fn new(settings: Settings, store: Store, metrics: Metrics) -> Result<Self, StartError> {
        let wording = overrides::load(settings.wording.as_deref())?;
        let post = Post::new(settings, store, metrics)?;
        Ok(Self::with(Arc::new(post), Arc::new(wording), None))
    }

    /// With `mute_links`, each mail has links by which its recipient can mute the event or all alarms.
    pub(crate) fn with(post: Arc<Post>, wording: Arc<Wording>, mute_links: Option<MuteLinks>) -> Self {
        Self { post, wording, mute_links, tried: Tried::default() }
    }

    /// An outage ends the job at once; whatever else befalls a recipient, the others go on.
    async fn job(&self, run: &Run<'_>, message: &Message, attempt: Attempt) -> Result<(), Failure> {
        let taken = taken(message).map_err(reject)?;
        let recipients = recipients(&taken.alarm);
        let mut result = Ok(());
        for recipient in &recipients.valid {
            run.go_on().map_err(put_off)?;
            result = self.mail(&taken, recipient).await?.after(result);
        }
        if is_over(&result, attempt) {
            self.post.metrics.dropped(DropReason::Malformed, recipients.malformed);
            self.post.metrics.dropped(DropReason::TooMany, recipients.too_many);
        }
        result
    }

    async fn mail(&self, taken: &Taken, to: &Address) -> Result<Ended, Failure> {
        let settings = &self.post.settings;
        let (now, key) = (now(), key::effect(&taken.alarm, to));
        let mutable = self.mutable(&taken.alarm, to);
        let letter = Letter {
            key: &key,
            kind: EffectKind::AlarmMail,
            message_id: &key::message_id(&key, OwnMail::Alarm, settings.from.address.domain()),
            to,
            useless: useless(&taken.alarm, taken.went_off(), now, settings.useful_for),
            mutable: mutable.as_ref(),
            ration: None,
            has_null_sender: false,
        };
        let write =
            |reader: &Reader, message_id: &str| self.write(taken, to, mutable.as_ref(), reader, message_id);
        self.post.send(letter, write).await
    }

    /// What `to` may mute.
    fn mutable(&self, alarm: &CalendarAlarm, to: &Address) -> Option<Mutable> {
        let one_click = self.post.settings.mute.as_ref().map(|mute| mute.one_click);
        Some(Mutable {
            recipient: post::recipient(to)?,
            event: EventKey::of(&alarm.account, &alarm.uid),
            one_click_is_event: one_click == Some(OneClick::Event),
        })
    }

    fn write(
        &self,
        taken: &Taken,
        to: &Address,
        mutable: Option<&Mutable>,
        reader: &Reader,
        message_id: &str,
    ) -> Result<Vec<u8>, Unfit> {
        let links = self.mute_links.as_ref().zip(mutable);
        let links = links.map(|(links, mutable)| links.of_mail(mutable, reader.locale.language()));
        let alarm = compose(&taken.alarm, is_late(taken.went_off(), now()), links.as_ref());
        let mail = self.wording.alarm(&alarm, reader)?;
        let (from, event) = (&self.post.settings.from, self.event(taken, &alarm));
        let draft = Draft {
            mail,
            from,
            to,
            message_id,
            mute_link: links.as_ref().map(MailLinks::one_click),
            event,
            auto_submitted: AutoSubmitted::Generated,
        };
        Ok(message::write(draft, now())?)
    }

    /// What is attached, if anything is to be.
    fn event(&self, taken: &Taken, alarm: &Alarm<'_>) -> Option<String> {
        let Settings { attach_event, from, .. } = &self.post.settings;
        let stamp =
            i64::try_from(taken.at.0).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
        let uid = key::event_uid(&taken.alarm, from.address.domain());
        attach_event.then(|| alarm.calendar_object(&uid, stamp.unwrap_or_default())).flatten()
    }
}

#[async_trait]
impl GroupListener for AlarmMailer {
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        self.post.run(&self.tried, async |run| self.job(run, &message, attempt).await).await
    }

    async fn recovered(&self) {
        self.post.dependencies.recovered(&self.tried).await;
    }
}

fn taken(message: &Message) -> Result<Taken, Unfit> {
    let event: Event = codec::decode(&message.payload)?;
    match event.notification {
        Notification::Alarm(alarm) if alarm.action == AlarmAction::Email => {
            Ok(Taken { alarm: *alarm, at: event.taken_at })
        }
        _ => Err(Unfit::Other),
    }
}
