//! The way of one text message to one number: the ledger, the gateway, the ledger.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ::sieve::{Number, NumberRules};
use bus::Failure;
use mailbox_event::Account;
use sms_gateway::{Answered, Gateway, Outcome, Outgoing};
use store::{Budget, EffectKey, InDoubt, Reservation, Sms, SmsState, StoreError, Texting};
use tracing::{trace, warn};

use super::{
    credit,
    hearing::{Call, Hearing},
    unsent::Unsent,
    words::Words,
};
use crate::{
    in_flight::Run,
    post::{Post, now, put_off, stored},
    settings::SmsSettings,
    telemetry::Untold,
};

/// What every text message needs. May be asked for the same one at any time: what a gateway may have taken is not
/// given to it again, unless it takes a reference once.
pub(crate) struct Switchboard {
    pub(super) post: Arc<Post>,
    pub(super) settings: SmsSettings,
    pub(super) rules: NumberRules,
    pub(super) gateway: Box<dyn Gateway>,
    hearing: Hearing,
}

/// A text message before it is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) key: &'a EffectKey,
    /// Who pays.
    pub(super) user: &'a Account,
    pub(super) to: &'a Number,
    pub(super) words: &'a Words,
}

/// Between attempts to put down what became of a message; doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// A database that was away for longer finds the message in doubt.
const ATTEMPTS: u32 = 8;

impl Switchboard {
    pub(crate) fn new(post: Arc<Post>, settings: SmsSettings, gateway: Box<dyn Gateway>) -> Self {
        let rules = settings.rules();
        Self { post, settings, rules, gateway, hearing: Hearing::default() }
    }

    /// Sends `text`. The error of the outer result ends the job; that of the inner one is of this message.
    pub(super) async fn send(&self, text: &Text<'_>, run: &Run<'_>) -> Result<Result<(), Unsent>, Failure> {
        let _call = self.turn(run).await?;
        let number = text.to.to_string();
        let sms = self.sms(text, &number);
        match self.post.store.reserve(&sms, now()).await.map_err(stored)? {
            Reservation::Ready(texting) => self.call(texting, text, &number).await,
            Reservation::InDoubt(doubt) => self.ask_again(doubt, text, &number).await,
            Reservation::Over(SmsState::Refused) => Ok(Err(Unsent::Over)),
            Reservation::Forgotten => Ok(Err(Unsent::Forgotten)),
            Reservation::Over(_) => Ok(Ok(())),
            Reservation::NoCredit => {
                trace!("Credit does not reach");
                credit::ended(&self.post.store, text.user).await.map_err(stored)?;
                Ok(Err(Unsent::NoCredit))
            }
        }
    }

    /// Sends `text` if nobody tried to before, and it is within its budgets and its user's credit. Else nothing is done.
    pub(super) async fn send_first(
        &self,
        text: &Text<'_>,
        budgets: &[Budget; 3],
        run: &Run<'_>,
    ) -> Result<Option<Result<(), Unsent>>, Failure> {
        let _call = self.turn(run).await?;
        let number = text.to.to_string();
        let sms = self.sms(text, &number);
        match self.post.store.depart(&sms, budgets, now()).await.map_err(stored)? {
            Some(texting) => self.call(texting, text, &number).await.map(Some),
            None => Ok(None),
        }
    }

    fn sms<'a>(&self, text: &Text<'a>, number: &'a str) -> Sms<'a> {
        let Words { segments, .. } = *text.words;
        let price = segments.saturating_mul(self.settings.price(text.to));
        let (provider, words) = (self.settings.provider(), text.words.text.as_str());
        Sms { key: text.key, user: text.user, number, segments, price, provider, words }
    }

    /// The call counts as under way from before the ledger says so.
    async fn turn(&self, run: &Run<'_>) -> Result<Call<'_>, Failure> {
        let turn = self.hearing.turn(self.gateway.is_idempotent(), Instant::now);
        let call = turn.await.map_err(Unsent::failure)?;
        // It may have been waited for.
        run.go_on().map_err(put_off)?;
        Ok(call)
    }

    /// The message of `key` is of no use any more.
    pub(super) async fn withdraw(&self, key: &EffectKey) -> Result<Result<(), Unsent>, StoreError> {
        Ok(match self.post.store.withdraw(key, now()).await? {
            None => {
                self.post.metrics.texts.untold(Untold::Late);
                Ok(())
            }
            Some(SmsState::Reserved) => Err(Unsent::TooLate),
            Some(SmsState::Sending | SmsState::Unknown) => Err(Unsent::Unknown),
            Some(SmsState::Refused) => Err(Unsent::Over),
            Some(SmsState::Accepted | SmsState::Delivered | SmsState::Undelivered) => Ok(()),
        })
    }

    /// Only who was asked before can know, and only if it takes a reference once it may be asked.
    async fn ask_again(
        &self,
        doubt: InDoubt,
        text: &Text<'_>,
        number: &str,
    ) -> Result<Result<(), Unsent>, Failure> {
        if self.gateway.is_idempotent() && doubt.provider() == self.settings.provider() {
            let texting = doubt.again(now()).await.map_err(stored)?;
            return self.call(texting, text, number).await;
        }
        doubt.leave(now()).await.map_err(stored)?;
        Ok(Err(Unsent::Unknown))
    }

    async fn call(
        &self,
        texting: Texting,
        text: &Text<'_>,
        number: &str,
    ) -> Result<Result<(), Unsent>, Failure> {
        let before = texting.worded().and_then(|worded| text.words.again(worded));
        let words = before.as_ref().unwrap_or(text.words);
        let outgoing = Outgoing {
            reference: texting.reference(),
            to: number,
            from: &self.settings.from,
            text: &words.text,
            segments: words.segments,
            unicode: words.is_unicode,
        };
        trace!("Ledger says that the text leaves");
        let answered = self.gateway.send(&outgoing).await;
        trace!("Gateway has answered");
        // Before the ledger, which may be slow: who waits for a turn is to know.
        self.hearing.note(&answered, Instant::now());
        self.put_down(&texting, &answered.outcome).await.map_err(stored)?;
        trace!("Ledger says what became of the text");
        Ok(self.judge(answered, words.segments))
    }

    /// Credit that was spent and is not put down would leave the message in doubt: the database is waited for.
    async fn put_down(&self, texting: &Texting, outcome: &Outcome) -> Result<(), StoreError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.write(texting, outcome).await {
                Err(StoreError::Database(_) | StoreError::Unprepared(_)) => tokio::time::sleep(pause).await,
                // A receipt was quicker, or another worker has it.
                Err(StoreError::Taken) => return Ok(()),
                written => return written,
            }
            pause *= 2;
        }
        self.write(texting, outcome).await
    }

    async fn write(&self, texting: &Texting, outcome: &Outcome) -> Result<(), StoreError> {
        match outcome {
            Outcome::Accepted { id, .. } => texting.accepted(id, now()).await,
            Outcome::Refused { .. } => texting.refused(now()).await,
            Outcome::Unknown if self.gateway.is_idempotent() => texting.unanswered(now()).await,
            Outcome::Unknown => texting.unknown(now()).await,
            Outcome::Later | Outcome::GatewayAway | Outcome::NoFunds | Outcome::Misconfigured => {
                texting.put_off(now()).await
            }
        }
    }

    /// Counts it, and says what it means for the message.
    fn judge(&self, answered: Answered, counted: u32) -> Result<(), Unsent> {
        let metrics = &self.post.metrics.texts;
        let outcome = answered.outcome;
        let is_down = matches!(outcome, Outcome::GatewayAway | Outcome::NoFunds | Outcome::Misconfigured);
        metrics.gateway_is_up(!is_down && !self.hearing.is_silent());
        match outcome {
            Outcome::Accepted { segments, .. } => {
                metrics.sent(counted);
                if segments.is_some_and(|segments| segments != counted) {
                    metrics.miscounted.inc();
                }
                Ok(())
            }
            Outcome::Refused { reason } => {
                metrics.refused.inc();
                warn!(?reason, "Text was refused for good");
                Err(Unsent::Refused(reason))
            }
            Outcome::Unknown => {
                metrics.unknown.inc();
                Err(if self.gateway.is_idempotent() { Unsent::Unanswered } else { Unsent::Unknown })
            }
            Outcome::Later => Err(Unsent::Later),
            Outcome::GatewayAway => Err(Unsent::Away),
            Outcome::NoFunds => Err(Unsent::NoFunds),
            Outcome::Misconfigured => Err(Unsent::Misconfigured),
        }
    }
}
