//! Text messages of Sieve scripts.
//!
//! - [`Texter`]: runs one job; asks the pure modules whom to tell and what.
//! - [`Switchboard`]: the way of one message to one number, paid for.
//! - [`Receipts`]: what the gateway tells afterwards.

mod addressees;
mod credit;
mod group;
mod hearing;
mod notice;
pub(crate) mod preview;
mod receipts;
mod silence;
mod switchboard;
mod unsent;
mod words;

use std::sync::Arc;

use ::sieve::{Method, Texting, silence};
use async_trait::async_trait;
use bus::{Attempt, Failure, GroupListener, Message};
use store::{Admission, EffectKey, EffectKind, NoticeKind};
use tracing::trace;
use wording::{Language, Wording};

use crate::{
    dependencies::Tried,
    in_flight::Run,
    late::is_older,
    post::{is_over, now, reject, stored},
    reader::reader,
    sieve::{Ration, Taken},
    telemetry::Untold,
};
use addressees::{Addressees, addressees};
pub(crate) use notice::{Told, withdraw};
pub(crate) use receipts::Receipts;
pub(crate) use switchboard::Switchboard;
use switchboard::Text;
use unsent::Unsent;
use words::Words;

/// Runs the jobs of kind SMS. May be run again for the same job at any time: no number is paid for twice.
pub(crate) struct Texter {
    switchboard: Arc<Switchboard>,
    wording: Arc<Wording>,
    tried: Tried,
}

impl Texter {
    pub(crate) fn new(switchboard: Arc<Switchboard>, wording: Arc<Wording>) -> Self {
        Self { switchboard, wording, tried: Tried::default() }
    }

    async fn job(&self, message: &Message, attempt: Attempt, run: &Run<'_>) -> Result<(), Failure> {
        let (post, metrics) = (&self.switchboard.post, &self.switchboard.post.metrics.texts);
        let Some(taken) = Taken::read(message).map_err(reject)? else {
            metrics.untold(Untold::Method);
            return Ok(());
        };
        let Method::Text(texting) = &taken.method else {
            metrics.untold(Untold::Method);
            return Ok(());
        };
        if silence(&taken.facts, post.settings.from.address.domain()).is_some() {
            metrics.untold(Untold::Program);
            return Ok(());
        }
        let verified = post.store.numbers(&taken.owner).await.map_err(stored)?;
        let mut addressees = addressees(texting, &verified, &self.switchboard.rules);
        let result = self.tell(&taken, texting, &mut addressees, run).await;
        if is_over(&result, attempt) {
            addressees.left_out.into_iter().for_each(|why| metrics.untold(why));
        }
        result
    }

    async fn tell(
        &self,
        taken: &Taken,
        texting: &Texting,
        addressees: &mut Addressees,
        run: &Run<'_>,
    ) -> Result<(), Failure> {
        let Addressees { numbers, left_out } = addressees;
        if numbers.is_empty() {
            return Ok(());
        }
        let language = self.switchboard.language(&taken.owner).await.map_err(stored)?;
        let Some(words) = self.words(taken, texting, language) else {
            self.switchboard.post.metrics.texts.untold(Untold::Empty);
            return Ok(());
        };
        let mut result = Ok(());
        for number in numbers {
            let key = EffectKey::of(&["sms", &taken.id.to_string(), &number.to_string()]);
            let this = if is_older(taken.at, now(), self.switchboard.settings.useful_for) {
                self.switchboard.withdraw(&key).await.map_err(stored)?
            } else {
                let text = Text { key: &key, user: &taken.owner, to: number, words: &words };
                match self.send(taken, &text, run).await? {
                    // A mail says so: there is nothing left to do.
                    Err(Unsent::NoCredit) => {
                        left_out.push(Untold::NoCredit);
                        Ok(())
                    }
                    sent => sent,
                }
            };
            if let Err(Unsent::Away | Unsent::NoFunds | Unsent::Misconfigured) = this {
                result = this;
                break;
            }
            result = Unsent::after(this, result);
        }
        result.map_err(Unsent::failure)
    }

    /// A message without a word says at least that it came.
    fn words(&self, taken: &Taken, texting: &Texting, language: Language) -> Option<Words> {
        let most = self.switchboard.settings.segments;
        let own = || Words::own(&self.wording.more(1, &wording::Reader::of(language)), language);
        Words::of(taken, texting, language, most).or_else(own)
    }

    /// Counts it in its budgets, and sends it. What is over them is told of in the notice.
    async fn send(
        &self,
        taken: &Taken,
        text: &Text<'_>,
        run: &Run<'_>,
    ) -> Result<Result<(), Unsent>, Failure> {
        let post = &self.switchboard.post;
        let (script, number) = ((&taken.owner, taken.run.as_str()), text.to.to_string());
        let ration = Ration::of(&post.settings.sieve, (NoticeKind::Text, &number), script, taken.at);
        if let Some(sent) = self.switchboard.send_first(text, &ration.budgets, run).await? {
            return Ok(sent);
        }
        let (kind, budgets, merge) = (EffectKind::SieveText, &ration.budgets, ration.merge());
        match post.store.admit(text.key, kind, "", budgets, &merge, now()).await.map_err(stored)? {
            Admission::Within(_) => {
                trace!("Text is admitted");
                self.switchboard.send(text, run).await
            }
            Admission::Merged { is_first } => {
                trace!("Text is merged");
                post.metrics.merged.inc_by(is_first.into());
                Ok(Ok(()))
            }
        }
    }
}

impl Switchboard {
    /// In which `user` is written to.
    async fn language(&self, user: &mailbox_event::Account) -> Result<Language, store::StoreError> {
        let known = self.post.store.addressee(user, None).await?.reader.unwrap_or_default();
        Ok(reader(known, &self.post.settings.reader).locale.language())
    }
}

#[async_trait]
impl GroupListener for Texter {
    async fn run(&self, message: Message, attempt: Attempt) -> Result<(), Failure> {
        self.switchboard.post.run(&self.tried, async |run| self.job(&message, attempt, run).await).await
    }

    async fn recovered(&self) {
        self.switchboard.post.dependencies.recovered(&self.tried).await;
    }
}
