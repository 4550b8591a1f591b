//! What can go wrong, by consequence.

/// Why the bus did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bus cannot be reached or is closing: try again later. Nothing was done, or it is not known.
    #[error("bus is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What the bus keeps cannot be used: damaged, foreign, or of a later version. A person must act.
    #[error("it cannot be used as it is")]
    Unusable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A bound is reached: keep the message and try again later.
    #[error("bus is full")]
    Full,
    /// The value is larger than the bus takes: trying again is no use.
    #[error("value of {octets} octets is over the limit of {limit}")]
    TooLarge {
        /// Its size.
        octets: usize,
        /// The largest.
        limit: usize,
    },
    /// The group has a live listener on this node.
    #[error("group has a listener on this node already")]
    GroupTaken,
    /// The group has no listener on any node.
    #[error("group is not registered")]
    UnknownGroup,
    /// There is no such dead letter.
    #[error("there is no such dead letter")]
    UnknownDeadLetter,
}

impl BusError {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Full)
    }
}

/// Why a value was not stored.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// Somebody else stored first: read again, merge again, try again.
    #[error("value has another revision by now")]
    Conflict,
    /// The bus failed.
    #[error(transparent)]
    Bus(#[from] BusError),
}
