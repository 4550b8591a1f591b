//! The three ways in which credit moves once it was reserved, each with its entry.

/// Of `$1`, `$2` for a message.
pub(super) const RESERVE: &str = "UPDATE sms_credit SET available = available - $2, reserved = reserved + $2 \
    WHERE user_id = $1 AND available >= $2";
/// Spends what was reserved.
pub(super) const COMMIT: &str =
    "UPDATE sms_credit SET reserved = reserved - $2 WHERE user_id = $1 AND reserved >= $2";
/// Gives back what was reserved.
pub(super) const RELEASE: &str = "UPDATE sms_credit SET available = available + $2, reserved = reserved - $2 \
    WHERE user_id = $1 AND reserved >= $2";
/// Gives back what was spent.
pub(super) const REFUND: &str = "UPDATE sms_credit SET available = available + $2 WHERE user_id = $1";
/// Reference, kind, user, what `available` and `reserved` change by, time. A second one of a kind changes nothing.
pub(super) const ENTRY: &str = "INSERT INTO credit_entries (reference, kind, user_id, available_change, reserved_change, \
    created) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (reference, kind) DO NOTHING";

/// How reserved credit moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// The message was taken.
    Commit,
    /// The message was not taken.
    Release,
    /// The message was taken and did not arrive.
    Refund,
}

impl Move {
    pub(super) const fn sql(self) -> &'static str {
        match self {
            Self::Commit => COMMIT,
            Self::Release => RELEASE,
            Self::Refund => REFUND,
        }
    }

    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Release => "release",
            Self::Refund => "refund",
        }
    }

    /// What `available` and `reserved` change by.
    pub(super) const fn changes(self, price: i64) -> (i64, i64) {
        match self {
            Self::Commit => (0, -price),
            Self::Release => (price, -price),
            Self::Refund => (price, 0),
        }
    }
}
