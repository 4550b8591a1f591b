//! What is wrong with the bus, in words for an operator.

use std::error::Error;

use bus::BusError;
use bus_nats::Refusal;

/// Every cause, the nearest first. What a bus says of itself names no account and no secret.
pub fn reason(error: &BusError) -> String {
    let mut cause = error.source();
    // That it is away, the one who asks knows; why, the causes say.
    let mut words = if cause.is_some() { String::new() } else { error.to_string() };
    while let Some(error) = cause {
        if !words.is_empty() {
            words.push_str(": ");
        }
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

/// Why NATS cannot be used, if it is that.
pub fn refusal(error: &BusError) -> Option<&Refusal> {
    match error {
        BusError::Unusable(source) => source.downcast_ref(),
        _ => None,
    }
}

/// Whether this process' own configuration is wrong, and starting it again is no use.
pub fn is_configuration(error: &BusError) -> bool {
    matches!(refusal(error), Some(Refusal::Settings(_) | Refusal::OtherKey))
}

/// Whether it may pass while the process waits: somebody mends it in NATS, or NATS comes back.
pub fn may_pass(error: &BusError) -> bool {
    refusal(error).is_some_and(|_| !is_configuration(error)) || error.is_transient()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(refusal: Refusal) -> BusError {
        BusError::Unusable(Box::new(refusal))
    }

    #[test]
    fn an_operator_reads_the_causes() {
        assert_eq!(reason(&refused(Refusal::Credentials)), "server refused our credentials");
        assert_eq!(reason(&BusError::Full), "bus is full");
        let away = BusError::Unavailable("no route".into());
        assert_eq!(reason(&away), "no route");
    }

    #[test]
    fn only_another_key_and_wrong_settings_are_this_process_own_to_mend() {
        for (error, is_own) in [
            (refused(Refusal::OtherKey), true),
            (refused(Refusal::Settings("x".to_owned())), true),
            (refused(Refusal::NoJetStream), false),
            (BusError::Unavailable("away".into()), false),
        ] {
            assert_eq!((is_configuration(&error), may_pass(&error)), (is_own, !is_own), "{error:?}");
        }
        assert!(!may_pass(&BusError::Unusable("a damaged file".into())));
    }
}
