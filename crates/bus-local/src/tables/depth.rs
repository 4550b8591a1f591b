//! How much waits, for the owner's metrics.

use std::time::Duration;

use bus::Group;
use bus_node::until;
use mailbox_event::UnixMillis;

use super::Tables;

/// How much work a group has before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDepth {
    /// The group.
    pub group: Group,
    /// Jobs that wait or run.
    pub pending: u64,
    /// How long ago the oldest of them was dispatched.
    pub oldest: Option<Duration>,
    /// Its dead letters.
    pub dead_letters: u64,
}

impl Tables {
    /// Every group that was registered or has dead letters, by name.
    pub(crate) fn depth(&self, now: UnixMillis) -> rusqlite::Result<Vec<GroupDepth>> {
        let sql = "SELECT name,
                       (SELECT COUNT(*) FROM jobs WHERE group_id = groups.id),
                       (SELECT MIN(created_at) FROM jobs WHERE group_id = groups.id),
                       (SELECT COUNT(*) FROM dead_letters WHERE group_name = name)
                   FROM (SELECT name, id FROM groups
                         UNION ALL
                         SELECT DISTINCT group_name, NULL FROM dead_letters
                         WHERE group_name NOT IN (SELECT name FROM groups)) AS groups
                   ORDER BY name";
        self.connection
            .prepare_cached(sql)?
            .query_map([], |row| {
                Ok(GroupDepth {
                    group: Group(row.get(0)?),
                    pending: row.get(1)?,
                    oldest: row.get::<_, Option<u64>>(2)?.map(|oldest| until(UnixMillis(oldest), now)),
                    dead_letters: row.get(3)?,
                })
            })?
            .collect()
    }
}
