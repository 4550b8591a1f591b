//! Which of them a failure tells of, and what an operator is told.

use std::{error::Error, time::Duration};

use store::StoreError;

use super::Dependency;
use crate::{
    consequence::{Fault, Phase, needs_a_person},
    smtp::Undelivered,
};

/// A server that answers and refuses us is asked again no oftener: too many logins lock an account.
const REFUSED_FOR: Duration = Duration::from_secs(60);

/// Something is away.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) dependency: Dependency,
    /// For the log and the gate: no secret, no address, no content.
    pub(crate) cause: String,
    /// How long an answer to a look proves nothing.
    pub(crate) patience: Duration,
    /// Whether it lasts until somebody sets up the server or us differently.
    pub(crate) needs_a_person: bool,
}

impl Trouble {
    /// Nothing where an outage is none of theirs: a node that stops puts its jobs off in the same way.
    pub(crate) fn of(why: &(dyn Error + Send + Sync + 'static)) -> Option<Self> {
        let smtp = || why.downcast_ref().map(Self::smtp);
        why.downcast_ref().map(Self::database).or_else(smtp)
    }

    pub(crate) fn database(why: &StoreError) -> Self {
        Self {
            dependency: Dependency::Database,
            cause: why.cause(),
            patience: Duration::ZERO,
            needs_a_person: false,
        }
    }

    pub(crate) fn smtp(why: &Undelivered) -> Self {
        let Undelivered { phase, fault, cause } = why;
        let (cause, patience) = match (fault, cause) {
            // The server is closing, or has too much to do.
            (Fault::Reply(421), _) => (format!("answered 421 to {}", step(*phase)), Duration::ZERO),
            (Fault::Reply(code), _) => (format!("answered {code} to {}", step(*phase)), REFUSED_FOR),
            (Fault::NotOffered, _) => (format!("does not offer {}", step(*phase)), REFUSED_FOR),
            (Fault::Silence | Fault::Certificate(_), cause) => {
                let cause = cause.as_deref().unwrap_or("no answer");
                (format!("{cause}, at {}", step(*phase)), Duration::ZERO)
            }
        };
        let needs_a_person = needs_a_person(*phase, *fault);
        Self { dependency: Dependency::Smtp, cause, patience, needs_a_person }
    }
}

fn step(phase: Phase) -> &'static str {
    match phase {
        Phase::Connection => "connecting",
        Phase::Protection => "TLS",
        Phase::Login => "a login",
        Phase::Sender | Phase::NullSender => "the sender",
        Phase::Recipient => "a recipient",
        Phase::Data | Phase::Content => "a mail's text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undelivered(phase: Phase, fault: Fault, cause: Option<&str>) -> Undelivered {
        Undelivered { phase, fault, cause: cause.map(str::to_owned) }
    }

    #[test]
    fn causes_are_told_and_refusals_are_asked_again_seldom() {
        let (second, minute) = (Duration::ZERO, REFUSED_FOR);
        for (why, cause, patience) in [
            (
                undelivered(Phase::Connection, Fault::Silence, Some("Connection refused (os error 111)")),
                "Connection refused (os error 111), at connecting",
                second,
            ),
            (undelivered(Phase::Login, Fault::Reply(535), None), "answered 535 to a login", minute),
            (undelivered(Phase::Protection, Fault::NotOffered, None), "does not offer TLS", minute),
            (undelivered(Phase::Sender, Fault::Reply(550), None), "answered 550 to the sender", minute),
            (undelivered(Phase::Recipient, Fault::Reply(421), None), "answered 421 to a recipient", second),
        ] {
            let why: Box<dyn Error + Send + Sync> = why.into();
            let trouble = Trouble::of(&*why).unwrap();
            assert_eq!((trouble.cause.as_str(), trouble.patience), (cause, patience));
            assert_eq!(trouble.dependency, Dependency::Smtp);
        }
    }

    #[test]
    fn database_is_told_from_the_rest() {
        let why: Box<dyn Error + Send + Sync> = StoreError::Taken.into();
        assert_eq!(Trouble::of(&*why).unwrap().dependency, Dependency::Database);
        let why: Box<dyn Error + Send + Sync> = crate::in_flight::Stopping.into();
        assert!(Trouble::of(&*why).is_none());
    }
}
