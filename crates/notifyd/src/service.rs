//! The program: its groups on the bus, and the ledger kept short.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bus::{Backoff, Bus, BusError, Group, GroupSettings, JobKind, Registration};
use kit::{drain::Drain, readiness::Gate};
use mailbox_event::UnixMillis;
use prometheus_client::registry::Registry;
use store::{NoticeKind, Store, StoreError};
use tokio::task::JoinSet;
use tracing::{info, warn};
use wording::Wording;

use crate::{
    AlarmMailer, KeyError, Metrics, OverrideError, Settings, WebhookError,
    dependencies::{Dependency, watch},
    mute::{MuteLinks, MutePort, Service},
    overrides,
    post::{Post, now},
    recipients::MOST_RECIPIENTS,
    sieve::{SieveMailer, Sweeper, Unset, forget_budgets, millis, sweep},
    smtp::TrustError,
    texter::{Receipts, Switchboard, Texter},
    unscheduled_mailer::UnscheduledMailer,
    webhook::Poster,
};

/// The name of the group that mails alarms; it names durable things and never changes.
pub const ALARM_MAIL: &str = "alarm-mail";
/// The name of the group that tells owners of messages that were not sent; it never changes either.
pub const UNSCHEDULED_MAIL: &str = "unscheduled-mail";

/// The name of the group that sends the mail of Sieve scripts.
pub const SIEVE_MAIL: &str = "sieve-mail";

/// The name of the group that posts what Sieve scripts ask for.
pub const WEBHOOK: &str = "webhook";
/// The name of the group that sends text messages.
pub const SMS: &str = "sms";
/// Every group, whether it does its work here or the section of it is not set.
pub const GROUPS: [&str; 5] = [ALARM_MAIL, UNSCHEDULED_MAIL, SIEVE_MAIL, WEBHOOK, SMS];

/// The growth of the waits between attempts.
pub(crate) const FACTOR: u32 = 2;
/// How often the ledger is cut.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// Texts whose credit is given back at a time.
const MOST_STALE: u32 = 1_000;
/// Times in a row. What is left after that is taken an hour later.
const MOST_TIMES: u32 = 100;

/// Why notifyd did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No certificate of the SMTP server could be checked.
    #[error("SMTP server cannot be told from another")]
    Smtp(#[source] TrustError),
    /// A key of `dkim` cannot be used.
    #[error("mail cannot be signed")]
    Dkim(#[source] KeyError),
    /// The SMS gateway of the settings cannot be used.
    #[error("notifyd.sms.gateway cannot be used")]
    Sms(#[source] sms_gateway::InvalidSettings),
    /// The port for mutes cannot be listened on.
    #[error("notifyd.mute.listen: cannot listen on {0}")]
    Mute(SocketAddr, #[source] io::Error),
    /// An operator's words or templates cannot be used.
    #[error("words and templates cannot be used")]
    Wording(#[from] OverrideError),
    /// `webhook` makes no sense.
    #[error("notifyd.webhook: nothing can be posted")]
    Webhook(#[from] WebhookError),
    /// The bus did not take the group.
    #[error("cannot register with the bus")]
    Bus(#[from] BusError),
}

/// A notifyd at work: jobs run from the start on, until it is dropped or [`Self::run`] ends.
pub struct Notifyd {
    post: Arc<Post>,
    store: Store,
    remembered_for: Duration,
    mute_port: Option<MutePort>,
    /// Ends with this.
    _tasks: JoinSet<()>,
    _groups: Vec<Registration>,
}

impl Notifyd {
    /// Registers its groups with the bus and its metrics with `registry`, and listens for mutes where that
    /// is set. Links are signed with `site_key`, the same on all nodes.
    pub async fn start(
        settings: Settings,
        site_key: &[u8],
        bus: Arc<dyn Bus>,
        store: Store,
        registry: &mut Registry,
    ) -> Result<Self, StartError> {
        let remembered_for = settings.remembered_for;
        let metrics = Metrics::register(registry);
        let links = settings.mute.as_ref().map(|mute| MuteLinks::new(site_key, &mute.public_url));
        let wording = Arc::new(overrides::load(settings.wording.as_deref())?);
        let post = Arc::new(Post::new(settings, store.clone(), metrics)?);
        let (switchboard, poster) = (switchboard(&post)?, poster(&post)?);
        // Boxed: whoever waits for the start holds all of it.
        let mute_port = Box::pin(mute_port(&post, &wording, links.clone(), switchboard.as_ref())).await?;
        let mut groups = Box::pin(register(&bus, &post, wording.clone(), links)).await?;
        groups.push(match &switchboard {
            Some(switchboard) => register_texter(&*bus, switchboard.clone(), wording.clone()).await?,
            None => register_unset(&*bus, &post, SMS, JobKind::Sms).await?,
        });
        groups.push(match &poster {
            Some(poster) => register_webhook(&*bus, &post, poster.clone()).await?,
            None => register_unset(&*bus, &post, WEBHOOK, JobKind::Webhook).await?,
        });
        let mut tasks: JoinSet<()> =
            Dependency::ALL.into_iter().map(|dependency| watch(post.clone(), dependency)).collect();
        tasks.spawn(forget_budgets(post.clone()));
        let sweeper = Arc::new(Sweeper { post: post.clone(), wording, switchboard, poster });
        for kind in NoticeKind::ALL {
            tasks.spawn(sweep(sweeper.clone(), kind));
        }
        Ok(Self { post, store, remembered_for, mute_port, _tasks: tasks, _groups: groups })
    }

    /// Has these gates tell whether the database and the SMTP server are there.
    pub fn tell(&self, database: Gate, smtp: Gate) {
        self.post.dependencies.tell(Dependency::Database, database);
        self.post.dependencies.tell(Dependency::Smtp, smtp);
    }

    /// Where mutes are served, if they are.
    pub fn mute_addr(&self) -> Option<SocketAddr> {
        self.mute_port.as_ref().map(MutePort::local_addr)
    }

    /// Keeps the ledger short until `drain` begins; then begins no more mail, and ends when what is on its way is
    /// answered, or when the longest of the timeouts of SMTP server, gateway and hosts is over.
    pub async fn run(self, drain: Drain) {
        let mut ticks = tokio::time::interval(FORGET_EVERY);
        while drain.token().run_until_cancelled(ticks.tick()).await.is_some() {
            self.forget(&drain).await;
        }
        // The groups are held until then: the end of a registration cuts off what runs.
        let cut = self.post.finish().await;
        if cut > 0 {
            warn!(
                jobs = cut,
                "Stops in the middle of jobs: some mail may be sent twice, some texts are in doubt"
            );
        }
    }

    async fn forget(&self, drain: &Drain) {
        let ago = |time: Duration| UnixMillis(now().0.saturating_sub(millis(time)));
        let before = ago(self.remembered_for);
        // Also where texts are sent no more: what was put off until then holds credit.
        let useful_for = self.post.settings.sms.as_ref().map(|sms| sms.useful_for);
        let stale = ago(useful_for.unwrap_or(self.remembered_for) + FORGET_EVERY);
        match self.forget_before(before, stale, drain).await {
            Ok((0, 0)) => {}
            Ok((effects, texts)) => info!(effects, texts, "Forgot what was sent long ago"),
            Err(why) => warn!(error = &why as &dyn std::error::Error, "Cannot forget what was sent long ago"),
        }
    }

    /// Also gives back the credit for texts that were put off before `stale`, and to which nobody comes back.
    async fn forget_before(
        &self,
        before: UnixMillis,
        stale: UnixMillis,
        drain: &Drain,
    ) -> Result<(u64, u64), StoreError> {
        let effects = self.store.forget(before).await?;
        let texts = self.store.forget_texts(before).await?;
        let some = || self.store.withdraw_stale(stale, MOST_STALE, now());
        while_full(MOST_STALE, || drain.token().is_cancelled(), some).await?;
        Ok((effects, texts))
    }
}

/// Does `some` again for as long as it finds `most`, but not when it is to end, and no more than [`MOST_TIMES`].
async fn while_full<E, F>(most: u32, is_to_end: impl Fn() -> bool, some: impl Fn() -> F) -> Result<(), E>
where
    F: Future<Output = Result<u64, E>>,
{
    for _ in 0..MOST_TIMES {
        if some().await? < u64::from(most) || is_to_end() {
            break;
        }
    }
    Ok(())
}

/// Where text messages are sent, if they are.
fn switchboard(post: &Arc<Post>) -> Result<Option<Arc<Switchboard>>, StartError> {
    let Some(settings) = post.settings.sms.clone() else { return Ok(None) };
    let gateway = sms_gateway::open(&settings.gateway).map_err(StartError::Sms)?;
    Ok(Some(Arc::new(Switchboard::new(post.clone(), settings, gateway))))
}

/// Listens where that is set.
async fn mute_port(
    post: &Arc<Post>,
    wording: &Arc<Wording>,
    links: Option<MuteLinks>,
    switchboard: Option<&Arc<Switchboard>>,
) -> Result<Option<MutePort>, StartError> {
    let Some((mute, links)) = post.settings.mute.as_ref().zip(links) else { return Ok(None) };
    let (store, wording, metrics) = (post.store.clone(), wording.clone(), post.metrics.clone());
    let language = post.settings.reader.language.language();
    let receipts = switchboard.and_then(Receipts::of);
    let service = Service { links, store, wording, language, metrics, receipts };
    let listening = MutePort::listen(mute.listen, service).await;
    listening.map(Some).map_err(|why| StartError::Mute(mute.listen, why))
}

async fn register_texter(
    bus: &dyn Bus,
    switchboard: Arc<Switchboard>,
    wording: Arc<Wording>,
) -> Result<Registration, BusError> {
    let settings = switchboard.group_settings();
    let texter = Arc::new(Texter::new(switchboard, wording));
    let registration = bus.register_group(Group(SMS.to_owned()), settings, texter).await?;
    info!(group = SMS, "Takes jobs");
    Ok(registration)
}

/// Each kind of job in a group of its own, so that neither waits behind the other.
async fn register(
    bus: &Arc<dyn Bus>,
    post: &Arc<Post>,
    wording: Arc<Wording>,
    links: Option<MuteLinks>,
) -> Result<Vec<Registration>, BusError> {
    let settings = &post.settings;
    let unscheduled = Arc::new(UnscheduledMailer::new(post.clone(), wording.clone()));
    let sieve = Arc::new(SieveMailer::new(post.clone(), wording.clone(), bus.clone()));
    let alarms = Arc::new(AlarmMailer::with(post.clone(), wording, links));
    let of_alarms = group_settings(settings, JobKind::Alarm, settings.concurrency, MOST_RECIPIENTS);
    let of_unscheduled = group_settings(settings, JobKind::Unscheduled, settings.unscheduled.concurrency, 1);
    let of_sieve =
        group_settings(settings, JobKind::Sieve, settings.sieve.concurrency, ::sieve::MOST_DESTINATIONS);
    let groups = vec![
        bus.register_group(Group(ALARM_MAIL.to_owned()), of_alarms, alarms).await?,
        bus.register_group(Group(UNSCHEDULED_MAIL.to_owned()), of_unscheduled, unscheduled).await?,
        bus.register_group(Group(SIEVE_MAIL.to_owned()), of_sieve, sieve).await?,
    ];
    info!(groups = ?[ALARM_MAIL, UNSCHEDULED_MAIL, SIEVE_MAIL], "Takes jobs");
    Ok(groups)
}

/// Who posts, where that is set.
fn poster(post: &Arc<Post>) -> Result<Option<Arc<Poster>>, WebhookError> {
    let settings = post.settings.webhook.clone();
    settings.map(|settings| Ok(Arc::new(Poster::new(post.clone(), settings)?))).transpose()
}

async fn register_webhook(bus: &dyn Bus, post: &Post, poster: Arc<Poster>) -> Result<Registration, BusError> {
    /// The answer, and what the ledger is told and asked before and after it.
    const STEPS: u32 = 3;
    let webhook = poster.settings();
    let usual = group_settings(&post.settings, JobKind::Webhook, webhook.concurrency, 1);
    // A job ends when it is of no more use, and not before: a host may be away for hours.
    let backoff = Backoff { retries: u32::MAX, ..usual.backoff };
    let run_timeout = webhook.timeout.saturating_mul(STEPS).max(usual.run_timeout);
    let settings = GroupSettings { run_timeout, backoff, ..usual };
    let registration = bus.register_group(Group(WEBHOOK.to_owned()), settings, poster).await?;
    info!(group = WEBHOOK, "Takes jobs");
    Ok(registration)
}

/// Under the name that the group has where the section is set.
async fn register_unset(
    bus: &dyn Bus,
    post: &Arc<Post>,
    name: &str,
    kind: JobKind,
) -> Result<Registration, BusError> {
    let settings = group_settings(&post.settings, kind, 1, 1);
    let unset = Arc::new(Unset::new(post.clone(), kind));
    bus.register_group(Group(name.to_owned()), settings, unset).await
}

/// For jobs of one kind, each with no more mails than `most_mails`.
fn group_settings(
    settings: &Settings,
    kind: JobKind,
    concurrency: usize,
    most_mails: usize,
) -> GroupSettings {
    let (first, longest) = (settings.backoff.first(), settings.backoff.longest());
    GroupSettings {
        kinds: vec![kind],
        concurrency,
        run_timeout: run_timeout(settings, most_mails),
        backoff: Backoff { retries: settings.retries, first, factor: FACTOR, longest },
    }
}

/// Time for a server that answers slowly to every command of every mail; a run that is cut goes on where it was.
pub(crate) fn run_timeout(settings: &Settings, most_mails: usize) -> Duration {
    /// MAIL on an old connection; connecting, greeting, STARTTLS, the handshake, EHLO, AUTH, MAIL, RCPT, DATA, the text.
    const ANSWERS: usize = 11;
    let answers = u32::try_from(most_mails.saturating_mul(ANSWERS)).unwrap_or(u32::MAX);
    settings.smtp.timeout.saturating_mul(answers)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn stale_texts_are_taken_until_few_come_but_not_for_ever() {
        let endless = 10 * u64::from(MOST_TIMES) + 10;
        for (stale, ends_after, expected) in [
            (0, MOST_TIMES, 1),
            (9, MOST_TIMES, 1),
            (10, MOST_TIMES, 2),
            (35, MOST_TIMES, 4),
            (endless, u32::MAX, MOST_TIMES),
            (endless, 3, 3),
        ] {
            let (left, times) = (Cell::new(stale), Cell::new(0));
            let some = || {
                let found = left.get().min(10);
                left.set(left.get() - found);
                times.set(times.get() + 1);
                std::future::ready(Ok::<u64, StoreError>(found))
            };
            while_full(10, || times.get() >= ends_after, some).await.unwrap();
            assert_eq!(times.get(), expected, "{stale}");
        }
    }
}
