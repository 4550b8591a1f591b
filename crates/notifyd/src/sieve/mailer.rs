//! The jobs of the group `sieve-mail`: one notification, one mail to each address that the script names.

use std::{borrow::Cow, sync::Arc};

use ::sieve::{Mailto, Method, OwnMail, silence};
use async_trait::async_trait;
use bus::{Attempt, Bus, Failure, GroupListener, Message};
use lettre::Address;
use store::{EffectKey, EffectKind, NoticeKind};
use wording::{Reader, Wording};

use super::{Ration, Taken, plain::Plain};
use crate::{
    dependencies::Tried,
    in_flight::Run,
    key,
    late::is_older,
    message::{self, AutoSubmitted, Draft},
    post::{Letter, Post, Unfit, is_over, now, put_off, reject},
    telemetry::DropReason,
};

/// Runs the jobs of kind sieve. May be run again for the same job at any time: who has been sent a mail gets no other.
pub(crate) struct SieveMailer {
    post: Arc<Post>,
    wording: Arc<Wording>,
    plain: Plain,
    tried: Tried,
}

impl SieveMailer {
    pub(crate) fn new(post: Arc<Post>, wording: Arc<Wording>, bus: Arc<dyn Bus>) -> Self {
        Self { post, wording, plain: Plain::new(bus), tried: Tried::default() }
    }

    async fn job(&self, run: &Run<'_>, message: &Message, attempt: Attempt) -> Result<(), Failure> {
        let metrics = &self.post.metrics;
        let Some(taken) = Taken::read(message).map_err(reject)? else {
            metrics.unfollowed.inc();
            return Ok(());
        };
        let mailto = match &taken.method {
            Method::Mail(mailto) => Cow::Borrowed(mailto),
            Method::Plain => match self.plain.follow(&self.post, &taken, message).await? {
                Some(mailto) => Cow::Owned(mailto),
                None => return Ok(()),
            },
            Method::Text(_) | Method::Post(_) => {
                metrics.unfollowed.inc();
                return Ok(());
            }
        };
        if silence(&taken.facts, self.post.settings.from.address.domain()).is_some() {
            metrics.dropped(DropReason::Program, 1);
            return Ok(());
        }
        let (mut result, mut malformed) = (Ok(()), 0);
        for to in mailto.to.iter().chain(&mailto.cc) {
            let Ok(to) = to.parse::<Address>() else {
                malformed += 1;
                continue;
            };
            run.go_on().map_err(put_off)?;
            result = self.mail(&taken, &mailto, &to, result).await?;
        }
        if is_over(&result, attempt) {
            metrics.dropped(DropReason::TooMany, mailto.left_out.try_into().unwrap_or(u64::MAX));
            metrics.dropped(DropReason::Malformed, malformed);
        }
        result
    }

    async fn mail(
        &self,
        taken: &Taken,
        mailto: &Mailto,
        to: &Address,
        before: Result<(), Failure>,
    ) -> Result<Result<(), Failure>, Failure> {
        let settings = &self.post.settings;
        let key = EffectKey::of(&["sieve-mail", &taken.id.to_string(), to.as_ref()]);
        let run = (&taken.owner, taken.run.as_str());
        let ration = Ration::of(&settings.sieve, (NoticeKind::Mail, to.as_ref()), run, taken.at);
        let is_late = is_older(taken.at, now(), settings.sieve.useful_for);
        let letter = Letter {
            key: &key,
            kind: EffectKind::SieveMail,
            message_id: &key::message_id(&key, OwnMail::Sieve, settings.from.address.domain()),
            to,
            useless: is_late.then_some(DropReason::Late),
            mutable: None,
            // What is of no use any more takes no room from others.
            ration: (!is_late).then_some(&ration),
            // RFC 5436 §2.7.1: nobody is to be told that a notification of a bounce could not be delivered.
            has_null_sender: taken.facts.has_null_sender,
        };
        let write = |reader: &Reader, message_id: &str| self.write(taken, mailto, to, reader, message_id);
        Ok(self.post.send(letter, write).await?.after(before))
    }

    fn write(
        &self,
        taken: &Taken,
        mailto: &Mailto,
        to: &Address,
        reader: &Reader,
        message_id: &str,
    ) -> Result<Vec<u8>, Unfit> {
        let text = taken.text();
        let draft = Draft {
            mail: self.wording.notice(&taken.notice(mailto, &text), reader)?,
            from: &self.post.settings.from,
            to,
            message_id,
            mute_link: None,
            event: None,
            auto_submitted: AutoSubmitted::Notified { owner: taken.owner.as_str().to_owned() },
        };
        Ok(message::write(draft, now())?)
    }
}

#[async_trait]
impl GroupListener for SieveMailer {
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        self.post.run(&self.tried, async |run| self.job(run, &message, attempt).await).await
    }

    async fn recovered(&self) {
        self.post.dependencies.recovered(&self.tried).await;
    }
}
