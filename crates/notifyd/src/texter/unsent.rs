//! Why a text message was not sent.

use bus::Failure;

/// Says nothing of the number and the text: it stands in dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsent {
    /// Another time it may do.
    #[error("SMS gateway did not take the message this time")]
    Later,
    /// No other message would be taken either.
    #[error("SMS gateway cannot be reached")]
    Away,
    /// As [`Self::Away`], for as long as it asked for.
    #[error("SMS gateway asked to be left alone for a while")]
    Busy,
    /// As [`Self::Away`]: of the messages before it said nothing.
    #[error("SMS gateway does not say whether it takes messages")]
    Silent,
    /// As [`Self::Away`], until somebody pays.
    #[error("our account with the SMS gateway is empty")]
    NoFunds,
    /// As [`Self::Away`], until somebody sets it up differently.
    #[error("SMS gateway does not accept our account")]
    Misconfigured,
    /// For good.
    #[error("SMS gateway refused the message: {0:?}")]
    Refused(sms_gateway::Refusal),
    /// For good, at another attempt.
    #[error("SMS gateway refused the message, or it was put off until it was of no use any more")]
    Over,
    /// It is not paid for. Nothing was put down of it.
    #[error("credit does not reach for the message")]
    NoCredit,
    /// It was settled, and that was longer ago than `remembered_for`.
    #[error("what became of the message is forgotten, and it is not paid for twice")]
    Forgotten,
    /// It may not be sent again, for it may have been taken.
    #[error("it is not known whether the SMS gateway took the message")]
    Unknown,
    /// It may be asked for again, for the gateway takes a message once.
    #[error("SMS gateway did not say whether it took the message, and is asked again")]
    Unanswered,
    /// It was put off until it was of no use any more.
    #[error("SMS gateway did not take the message while it was of use")]
    TooLate,
}

impl Unsent {
    /// What it means for the job.
    pub(super) fn failure(self) -> Failure {
        match self {
            Self::Later | Self::Unanswered => Failure::Retry(Box::new(self)),
            Self::Away | Self::Busy | Self::Silent | Self::NoFunds | Self::Misconfigured => {
                Failure::Outage(Box::new(self))
            }
            Self::NoCredit
            | Self::Refused(_)
            | Self::Over
            | Self::Forgotten
            | Self::Unknown
            | Self::TooLate => Failure::Reject(Box::new(self)),
        }
    }

    /// Whether it is certain that the message was not sent and never will be by text.
    pub(super) fn is_unsent_for_good(self) -> bool {
        matches!(self, Self::NoCredit | Self::Refused(_) | Self::Over | Self::TooLate)
    }

    /// What to tell of a job to which `before` had befallen already: what can be tried again goes before what cannot.
    pub(super) fn after(result: Result<(), Self>, before: Result<(), Self>) -> Result<(), Self> {
        match (result, before) {
            (Err(Self::Later | Self::Unanswered), _) | (Err(_), Ok(())) => result,
            (_, before) => before,
        }
    }
}
