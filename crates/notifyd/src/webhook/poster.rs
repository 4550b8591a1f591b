//! The jobs of the group `webhook`: one notification, one POST to the URL that the script names.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use ::sieve::{Hook, Method, silence};
use async_trait::async_trait;
use bus::{Attempt, Failure, GroupListener, Message};
use store::{Effect, EffectKey, EffectKind, End, NoticeKind, Window};
use tracing::{debug, warn};
use url::Url;

use super::{Caller, Conduct, Hosts, Payload, Unposted, caller::Parcel, hosts::NotAllowed, payload::News};
use crate::{
    WebhookError, WebhookSettings,
    dependencies::{Dependency, Tried},
    due::Due,
    late::is_older,
    post::{Post, beginning, now, reject, stored},
    sieve::{Ration, Taken},
    telemetry::Unmade,
};

/// Runs the jobs of kind webhook. May be run again for the same job at any time: the URL is told the same key.
pub(crate) struct Poster {
    post: Arc<Post>,
    hosts: Hosts,
    caller: Caller,
    conduct: Mutex<Conduct>,
    settings: WebhookSettings,
    tried: Tried,
}

/// A POST before it is made.
struct Posting<'a> {
    key: &'a EffectKey,
    url: &'a Url,
    payload: Payload<'a>,
    is_late: bool,
}

impl Poster {
    pub(crate) fn new(post: Arc<Post>, settings: WebhookSettings) -> Result<Self, WebhookError> {
        let (hosts, caller) = (settings.allowed()?, Caller::new(&settings)?);
        Ok(Self { post, hosts, caller, conduct: Mutex::default(), settings, tried: Tried::default() })
    }

    pub(crate) fn settings(&self) -> &WebhookSettings {
        &self.settings
    }

    async fn job(&self, message: &Message) -> Result<(), Failure> {
        let metrics = &self.post.metrics.posts;
        let Some(taken) = Taken::read(message).map_err(reject)? else {
            metrics.unmade(Unmade::Method);
            return Ok(());
        };
        let Method::Post(Hook { url }) = &taken.method else {
            metrics.unmade(Unmade::Method);
            return Ok(());
        };
        if silence(&taken.facts, self.post.settings.from.address.domain()).is_some() {
            metrics.unmade(Unmade::Program);
            return Ok(());
        }
        if !self.may_post(url)? {
            return Ok(());
        }
        self.notify(&taken, &without_fragment(url)).await
    }

    /// A script's mistake is its user's to mend: it makes no dead letter. What is on the list and leads to where only we are
    /// is as a name that does.
    fn may_post(&self, url: &Url) -> Result<bool, Failure> {
        match self.hosts.check(url) {
            Ok(()) => Ok(true),
            Err(NotAllowed::Private) => {
                self.ended(url.host_str().unwrap_or_default(), Err(Unposted::Private)).map(|()| false)
            }
            Err(why) => {
                debug!(%why, "Does not post where a script says");
                self.post.metrics.posts.unmade(Unmade::Host);
                Ok(false)
            }
        }
    }

    async fn notify(&self, taken: &Taken, url: &Url) -> Result<(), Failure> {
        // What is known to have been taken is in the ledger before anything is posted again.
        self.post.owed.settle(now()).await.map_err(stored)?;
        let settings = &self.post.settings.sieve;
        let is_late = is_older(taken.at, now(), settings.useful_for);
        let key = post_key(taken, url);
        let run = (&taken.owner, taken.run.as_str());
        // What is of no use any more takes no room from others.
        let ration =
            (!is_late).then(|| Ration::of(settings, (NoticeKind::Post, url.as_str()), run, taken.at));
        let effect = self.post.admit(&key, EffectKind::SievePost, &key.to_string(), ration.as_ref()).await;
        let effect = effect.map_err(stored)?;
        let text = taken.text();
        let payload = Payload::of(taken, &text);
        self.send(effect, Posting { key: &key, url, payload, is_late }).await
    }

    /// Tells of what was over a budget. A refusal for good ends the notice; it counts in no budget.
    pub(crate) async fn tell(&self, window: &Window) -> Result<(), Failure> {
        match self.tell_more(window).await {
            Err(Failure::Reject(_)) => {
                warn!("A notice of merged notifications was refused for good");
                Ok(())
            }
            ended => ended,
        }
    }

    async fn tell_more(&self, window: &Window) -> Result<(), Failure> {
        // It was a URL when it was merged.
        let url: Url = window.destination.parse().map_err(reject)?;
        if !self.may_post(&url)? {
            return Ok(());
        }
        self.post.owed.settle(now()).await.map_err(stored)?;
        let (key, opened) = (window.notice(), window.opened());
        let effect =
            self.post.admit(&key, EffectKind::Notice, &key.to_string(), None).await.map_err(stored)?;
        let news = News::More { user: window.user.as_str(), count: window.telling };
        let is_late = is_older(opened, now(), self.post.settings.sieve.useful_for);
        let payload = Payload { timestamp: opened, news };
        self.send(effect, Posting { key: &key, url: &url, payload, is_late }).await
    }

    async fn send(&self, effect: Effect, posting: Posting<'_>) -> Result<(), Failure> {
        let due = match Due::of(effect) {
            Ok(Some(due)) => due,
            Ok(None) => return Ok(()),
            Err(why) => return Err(reject(why)),
        };
        if posting.is_late {
            due.drop(now()).await.map_err(stored)?;
            self.post.metrics.posts.unmade(Unmade::Late);
            return Ok(());
        }
        self.post.dependencies.worked(Dependency::Database);
        let host = posting.url.host_str().unwrap_or_default();
        // The answer, and the ledger before and after it.
        let patience = self.settings.timeout * 2;
        self.conduct().may_call(host, Instant::now(), patience).map_err(later)?;
        self.call(due, posting, host).await
    }

    async fn call(&self, due: Due, posting: Posting<'_>, host: &str) -> Result<(), Failure> {
        let (id, body) = (posting.key.to_string(), posting.payload.to_octets());
        let sending = due.begin(&self.post.owed, beginning(), now()).await.map_err(stored)?;
        let parcel = Parcel { url: posting.url, id: &id, body: &body };
        let result = self.caller.post(parcel, now().0 / 1_000).await;
        self.learn(host, &result);
        let end = match result {
            Ok(()) => Some(End::Sent),
            Err(why @ (Unposted::Refused(_) | Unposted::Private)) => {
                Some(End::Failed { reason: why.to_string() })
            }
            Err(Unposted::Later { .. } | Unposted::Unreachable(_)) => Some(End::PutOff),
            // The row stays as it is. Whoever tries again says the same key, so that once more does no harm.
            Err(Unposted::Trouble { .. } | Unposted::Silence) => None,
        };
        match end {
            Some(end) => self.post.put_down(sending, end).await?,
            None => drop(sending),
        }
        self.ended(host, result)
    }

    fn ended(&self, host: &str, result: Result<(), Unposted>) -> Result<(), Failure> {
        let metrics = &self.post.metrics.posts;
        match result {
            Ok(()) => {
                metrics.sent.inc();
                Ok(())
            }
            Err(why @ (Unposted::Refused(_) | Unposted::Private)) => {
                metrics.refused.inc();
                warn!(host, %why, "POST was refused for good");
                Err(reject(why))
            }
            Err(why) => {
                metrics.put_off.inc();
                debug!(%why, "POST is put off");
                Err(later(why))
            }
        }
    }

    fn learn(&self, host: &str, result: &Result<(), Unposted>) {
        let (why, wait) = match result {
            Ok(()) | Err(Unposted::Refused(_) | Unposted::Private) => return self.conduct().answered(host),
            Err(why @ (Unposted::Later { wait, .. } | Unposted::Trouble { wait, .. })) => (why, *wait),
            Err(why @ (Unposted::Unreachable(_) | Unposted::Silence)) => (why, None),
        };
        let is_news = self.conduct().failed(host, Instant::now(), wait);
        if is_news {
            warn!(host, %why, "POSTs to a host are put off");
        }
    }

    fn conduct(&self) -> MutexGuard<'_, Conduct> {
        // What a thread that panicked left is at worst a host too few.
        self.conduct.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What makes two POSTs the same one: the event and where it goes.
pub(crate) fn post_key(taken: &Taken, url: &Url) -> EffectKey {
    EffectKey::of(&["sieve-post", &taken.id.to_string(), url.as_str()])
}

/// What stands after `#` is for readers of a page, and is never sent.
pub(crate) fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}

/// One host's trouble is none of the group's: other jobs go on.
fn later(why: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::Retry(Box::new(why))
}

#[async_trait]
impl GroupListener for Poster {
    async fn run(&self, message: Message, _: Attempt) -> Result<(), Failure> {
        self.post.run(&self.tried, async |_| self.job(&message).await).await
    }

    async fn recovered(&self) {
        self.post.dependencies.recovered(&self.tried).await;
    }
}
