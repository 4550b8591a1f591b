//! The usual beginning of a text message in one go: nobody asked for it before, there is room in its budgets, and there
//! is credit.

use std::sync::{Arc, LazyLock};

use mailbox_event::UnixMillis;

use super::{
    PLAN, Sms,
    entries::{ENTRY, RESERVE},
    texting::{Seen, Texting},
};
use crate::{
    Budget, EffectKind, Store, StoreError,
    budget::{FIRST, USE},
    database::Engine,
    group_commit::{
        Many,
        OwnValue::{self, Number, Text},
        Wanted,
    },
    statement::{Value, millis},
    together::{Step, Together},
};

/// PostgreSQL's, for many messages. Rows: id, user, number, segments, price, provider, now; three times scope, beginning
/// and most of a budget; words.
///
/// Credit is locked first and in the order of users, so that no two such statements wait for each other. A message goes if
/// the credit reaches for it and for those of its user before it. What it finds of budgets may be older than its locks, so
/// that is looked at once more when they are counted: a budget that is used beyond its end divides by zero, which takes
/// everything back, and the messages go one by one. One that does not go has no row in the answer.
static DEPART: LazyLock<Arc<Many>> = LazyLock::new(|| {
    let used_up = |scope: u8| {
        let (since, most) = (scope + 1, scope + 2);
        format!(
            "AND NOT EXISTS (SELECT 1 FROM budgets AS b WHERE b.scope = a.column{scope} AND b.since = a.column{since} \
             AND b.used >= a.column{most})"
        )
    };
    let tail = format!(
        "), purse AS (SELECT user_id, available FROM sms_credit WHERE user_id IN (SELECT column2 FROM asked) \
         ORDER BY user_id FOR UPDATE), \
         fit AS (SELECT a.*, SUM(a.column5) OVER (PARTITION BY a.column2 ORDER BY a.column1) AS spent FROM asked AS a \
         WHERE NOT EXISTS (SELECT 1 FROM effects AS e WHERE e.key = a.column1) \
         AND NOT EXISTS (SELECT 1 FROM sms_messages AS m WHERE m.id = a.column1) {} {} {}), \
         go AS (SELECT f.* FROM fit AS f JOIN purse AS p ON p.user_id = f.column2 WHERE f.spent <= p.available), \
         counted AS (INSERT INTO budgets (scope, since, used) \
         SELECT s.scope, s.since, COUNT(*) FROM go CROSS JOIN LATERAL (VALUES (1, go.column8, go.column9), \
         (2, go.column11, go.column12), (3, go.column14, go.column15)) AS s (nth, scope, since) \
         GROUP BY go.column2, s.nth, s.scope, s.since ORDER BY go.column2, s.nth, s.scope \
         ON CONFLICT (scope, since) DO UPDATE SET used = budgets.used + EXCLUDED.used RETURNING scope, used), \
         planned AS (INSERT INTO effects (key, kind, state, message_id, attempts, repeats, created, updated) \
         SELECT column1, '{}', 'planned', '', 0, 0, column7, column7 FROM go), \
         leaving AS (INSERT INTO sms_messages (id, user_id, number, segments, price, state, attempts, provider, created, \
         updated, words) SELECT column1, column2, column3, column4, column5, 'sending', 1, column6, column7, column7, \
         column17 FROM go), \
         held AS (UPDATE sms_credit AS c SET available = c.available - u.price, reserved = c.reserved + u.price \
         FROM (SELECT column2 AS user_id, CAST(SUM(column5) AS BIGINT) AS price FROM go GROUP BY column2) AS u \
         WHERE c.user_id = u.user_id), \
         noted AS (INSERT INTO credit_entries (reference, kind, user_id, available_change, reserved_change, created) \
         SELECT column1, 'reserve', column2, -column5, column5, column7 FROM go) \
         SELECT go.column1 AS name, 1 / (CASE WHEN EXISTS (SELECT 1 FROM counted WHERE counted.used > CASE counted.scope \
         WHEN go.column8 THEN go.column10 WHEN go.column11 THEN go.column13 WHEN go.column14 THEN go.column16 \
         ELSE counted.used END) THEN 0 ELSE 1 END) AS within FROM go",
        used_up(8),
        used_up(11),
        used_up(14),
        EffectKind::SieveText.name(),
    );
    Arc::new(Many::new("WITH asked AS (SELECT v.* FROM", 17, &tail).at_once())
});

impl Store {
    /// Does what [`Self::admit`] and [`Self::reserve`] do of a message of a Sieve script that nobody asked for before, that
    /// is within each of `budgets`, and for which the credit reaches, together. In any other case nothing is written: these
    /// two say what is the matter.
    pub async fn depart(
        &self,
        sms: &Sms<'_>,
        budgets: &[Budget; 3],
        now: UnixMillis,
    ) -> Result<Option<Texting>, StoreError> {
        let departs = match &self.database().await?.engine {
            Engine::Postgres(_) => self.depart_with_others(sms, budgets, now).await?,
            Engine::Sqlite(..) => self.depart_in_steps(sms, budgets, now).await?,
        };
        Ok(departs.then(|| Texting::first(Seen::first(self, sms))))
    }

    async fn depart_with_others(
        &self,
        sms: &Sms<'_>,
        budgets: &[Budget; 3],
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let wanted = Wanted { name: sms.key.to_string(), values: row(sms, budgets, now) };
        match self.group_commit().await?.row(&DEPART, wanted).await {
            Ok(row) => Ok(row.is_some()),
            // A budget's end, or another worker with the same message. Whatever else it is befalls the long way too.
            Err(sqlx::Error::Database(_)) => Ok(false),
            Err(why) => Err(why.into()),
        }
    }

    /// SQLite changes one table in a statement. The steps of those who come at the same time share a transaction.
    async fn depart_in_steps(
        &self,
        sms: &Sms<'_>,
        budgets: &[Budget; 3],
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        use Value::{Number, Text};
        if budgets.iter().any(|budget| budget.most == 0) {
            return Ok(false);
        }
        let (id, price, now) = (sms.key.to_string(), i64::from(sms.price), Number(millis(now)));
        let [user, number, provider, words] =
            [sms.user.as_str(), sms.number, sms.provider, sms.words].map(Text);
        let effect = [Text(&id), Text(EffectKind::SieveText.name()), Text(""), now, Text("planned")];
        let scopes = budgets.each_ref().map(Budget::name);
        let uses: Vec<_> = budgets.iter().zip(&scopes).map(|(budget, scope)| budget.values(scope)).collect();
        let segments = Number(sms.segments.into());
        let message = [Text(&id), user, number, segments, Number(price), provider, now, words];
        let credit = [user, Number(price)];
        let entry = [Text(&id), Text("reserve"), user, Number(-price), Number(price), now];
        let rest = [Step::must(PLAN, &message), Step::must(RESERVE, &credit), Step::must(ENTRY, &entry)];
        let steps: Vec<Step<'_>> = [Step::must(FIRST, &effect)]
            .into_iter()
            .chain(uses.iter().map(|values| Step::must(USE, values)))
            .chain(rest)
            .collect();
        Ok(self.database().await?.together(&steps).await? == Together::Done)
    }
}

fn row(sms: &Sms<'_>, budgets: &[Budget; 3], now: UnixMillis) -> Vec<OwnValue> {
    let text = |text: &str| Text(text.to_owned());
    let message = [
        Text(sms.key.to_string()),
        text(sms.user.as_str()),
        text(sms.number),
        Number(sms.segments.into()),
        Number(sms.price.into()),
        text(sms.provider),
        Number(millis(now)),
    ];
    let budgets = budgets
        .iter()
        .flat_map(|budget| [Text(budget.name()), Number(millis(budget.since)), Number(budget.most.into())]);
    message.into_iter().chain(budgets).chain([text(sms.words)]).collect()
}
