//! How much of notifying is left.

use std::time::Duration;

use mailbox_event::{Account, UnixMillis};
use store::{Budget, Merge, NoticeKind, ScopeKey};

use crate::{Settings, settings::SieveSettings};

/// The budgets of one notification, and where it goes if they are used up.
pub(crate) struct Ration {
    pub(crate) budgets: [Budget; 3],
    user: Account,
    kind: NoticeKind,
    destination: String,
    flush_at: UnixMillis,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

impl Ration {
    /// Of a notification of `kind` that was taken at `at`, to `destination`, by the run of a script. A number and a URL are
    /// in the one form they have; the notice to an address goes to its first spelling.
    pub(crate) fn of(
        settings: &SieveSettings,
        (kind, destination): (NoticeKind, &str),
        (user, run): (&Account, &str),
        at: UnixMillis,
    ) -> Self {
        let hour = UnixMillis(at.0 - at.0 % millis(HOUR));
        let scope = kind.scope(destination);
        let budget = |scope: &[&str], most| Budget { scope: ScopeKey::of(scope), since: hour, most };
        Self {
            budgets: [
                budget(&["user", kind.name(), user.as_str()], settings.hourly_per_user),
                budget(&["destination", kind.name(), user.as_str(), &scope], settings.hourly_per_destination),
                budget(&["message", user.as_str(), run], settings.per_message),
            ],
            user: user.clone(),
            kind,
            destination: destination.to_owned(),
            flush_at: UnixMillis(at.0 + millis(settings.merge_for)),
        }
    }

    pub(crate) fn merge(&self) -> Merge<'_> {
        Merge { user: &self.user, kind: self.kind, destination: &self.destination, flush_at: self.flush_at }
    }
}

/// Spans that began before are counted in no more at `now`: what was taken in them is of no use any more. Clocks of two
/// machines may differ by an hour.
pub(crate) fn counted_from(settings: &Settings, now: UnixMillis) -> UnixMillis {
    let of_texts = settings.sms.as_ref().map(|sms| sms.useful_for).unwrap_or_default();
    let useful_for = settings.sieve.useful_for.max(of_texts);
    UnixMillis(now.0.saturating_sub(millis(useful_for.saturating_add(2 * HOUR))))
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_an_address_share_a_budget_and_urls_do_not() {
        let (settings, user) = (Settings::default(), Account::parse("alice@example.org").unwrap());
        let of = |kind, destination| {
            Ration::of(&settings.sieve, (kind, destination), (&user, "run"), UnixMillis(0))
        };
        let (upper, lower) = ("Phone@example.net", "phone@example.net");
        assert_eq!(of(NoticeKind::Mail, upper).budgets, of(NoticeKind::Mail, lower).budgets);
        assert_eq!(of(NoticeKind::Mail, upper).merge().destination, upper);
        assert_ne!(of(NoticeKind::Post, upper).budgets, of(NoticeKind::Post, lower).budgets);
    }

    #[test]
    fn what_may_still_be_sent_is_still_counted() {
        let (settings, now) = (Settings::default(), UnixMillis(1_795_356_000_123));
        let user = Account::parse("alice@example.org").unwrap();
        let oldest = UnixMillis(now.0 - millis(settings.sieve.useful_for));
        let ration = Ration::of(&settings.sieve, (NoticeKind::Mail, "a@example.net"), (&user, "run"), oldest);
        let counted_from = counted_from(&settings, now);
        assert!(ration.budgets.iter().all(|budget| budget.since >= counted_from));
    }
}
