//! How many notifications may go to whom, and what becomes of those that are too many: they are merged into one.

use std::fmt;

use mailbox_event::{Account, UnixMillis};

use crate::{
    Effect, EffectKey, EffectKind, NoticeKind, Store, StoreError,
    digest::Digest,
    effect::Outcome,
    statement::{
        Value::{self, Number, Text},
        millis,
    },
    together::{Step, Together},
};

/// Whose notifications are counted together, without saying it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScopeKey(Digest);

impl ScopeKey {
    /// The key of `parts`: the kind of scope first, then whom it is of.
    pub fn of(parts: &[&str]) -> Self {
        Self(Digest::of(parts))
    }
}

/// How many notifications of a scope there may be in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Which are counted.
    pub scope: ScopeKey,
    /// When the span began.
    pub since: UnixMillis,
    /// The most of them.
    pub most: u32,
}

impl Budget {
    /// Its scope, as it stands in the table.
    pub(crate) fn name(&self) -> String {
        self.scope.0.to_string()
    }

    /// What counts in it.
    pub(crate) fn values<'a>(&self, name: &'a str) -> [Value<'a>; 3] {
        [Text(name), Number(millis(self.since)), Number(self.most.into())]
    }
}

/// Where a notification goes that is too many: into the one notice to this destination.
#[derive(Clone, Copy)]
pub struct Merge<'a> {
    /// Whose script.
    pub user: &'a Account,
    /// What kind of notice it is to be.
    pub kind: NoticeKind,
    /// An address or a number; of an address, the spelling of the first counts.
    pub destination: &'a str,
    /// When the notice is due, if it is the first.
    pub flush_at: UnixMillis,
}

/// Hides whose it is, and where it goes.
impl fmt::Debug for Merge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Merge");
        shown.field("kind", &self.kind).field("flush_at", &self.flush_at).finish_non_exhaustive()
    }
}

/// What came of asking.
#[derive(Debug)]
pub enum Admission {
    /// It is within every budget, or was when it was first asked for.
    Within(Effect),
    /// It is over a budget and was added to the notice.
    Merged {
        /// By this call, and not by one before.
        is_first: bool,
    },
}

pub(crate) const USE: &str = "INSERT INTO budgets (scope, since, used) VALUES ($1, $2, 1) \
    ON CONFLICT (scope, since) DO UPDATE SET used = budgets.used + 1 WHERE budgets.used < $3";
/// Unlike the ledger's own statement it stops a transaction that is about an effect which is there.
pub(crate) const FIRST: &str = "INSERT INTO effects (key, kind, state, message_id, attempts, repeats, created, updated) \
    VALUES ($1, $2, $5, $3, 0, 0, $4, $4) ON CONFLICT (key) DO NOTHING";
const MERGE: &str = "INSERT INTO windows (id, user_id, kind, destination, opened, flush_at, more, telling, claimed_until) \
    VALUES ($1, $2, $3, $4, $5, $6, 1, 0, 0) ON CONFLICT (id) DO UPDATE SET more = windows.more + 1";
const FORGET: &str = "DELETE FROM budgets WHERE since < $1";

impl Store {
    /// Puts the effect down and counts it in each of `budgets`, once however often it is asked for. If one of them is
    /// used up, it counts in none and is added to the notice of `merge` instead. A budget with room for none merges all.
    pub async fn admit(
        &self,
        key: &EffectKey,
        kind: EffectKind,
        message_id: &str,
        budgets: &[Budget],
        merge: &Merge<'_>,
        now: UnixMillis,
    ) -> Result<Admission, StoreError> {
        let id = key.to_string();
        let effect =
            |state| [Text(&id), Text(kind.name()), Text(message_id), Number(millis(now)), Text(state)];
        if !budgets.iter().any(|budget| budget.most == 0) {
            match self.use_up(&effect("planned"), budgets).await? {
                Together::Done | Together::Stopped(0) => {
                    return self.admitted(key, kind, message_id, now).await;
                }
                Together::Stopped(_) => {}
            }
        }
        if self.merge(&effect("dropped"), merge, now).await? == Together::Done {
            return Ok(Admission::Merged { is_first: true });
        }
        // Another worker may have asked for the same one and found room.
        self.admitted(key, kind, message_id, now).await
    }

    async fn use_up(&self, effect: &[Value<'_>], budgets: &[Budget]) -> Result<Together, StoreError> {
        let scopes: Vec<String> = budgets.iter().map(Budget::name).collect();
        let uses: Vec<_> = budgets.iter().zip(&scopes).map(|(budget, scope)| budget.values(scope)).collect();
        let steps: Vec<Step<'_>> = [Step::must(FIRST, effect)]
            .into_iter()
            .chain(uses.iter().map(|values| Step::must(USE, values)))
            .collect();
        Ok(self.database().await?.together(&steps).await?)
    }

    async fn merge(
        &self,
        effect: &[Value<'_>],
        merge: &Merge<'_>,
        now: UnixMillis,
    ) -> Result<Together, StoreError> {
        let user = merge.user.as_str();
        let kind = merge.kind.name();
        let scope = merge.kind.scope(merge.destination);
        let id = Digest::of(&["window", user, kind, &scope]).to_string();
        let [id, user, kind, destination] = [id.as_str(), user, kind, merge.destination].map(Text);
        let window = [id, user, kind, destination, Number(millis(now)), Number(millis(merge.flush_at))];
        let steps = [Step::must(FIRST, effect), Step::must(MERGE, &window)];
        Ok(self.database().await?.together(&steps).await?)
    }

    async fn admitted(
        &self,
        key: &EffectKey,
        kind: EffectKind,
        message_id: &str,
        now: UnixMillis,
    ) -> Result<Admission, StoreError> {
        Ok(match self.plan(key, kind, message_id, now).await? {
            Effect::Over(Outcome::Dropped) => Admission::Merged { is_first: false },
            effect => Admission::Within(effect),
        })
    }

    /// Takes away the counts of spans that began before `before`; how many.
    pub async fn forget_budgets(&self, before: UnixMillis) -> Result<u64, StoreError> {
        Ok(self.database().await?.execute(FORGET, &[Number(millis(before))]).await?)
    }
}
