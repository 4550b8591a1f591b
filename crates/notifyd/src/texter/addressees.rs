//! To which numbers a script's text goes: those of its user's own that it names, and that may be sent to.

use ::sieve::{Number, NumberRules, Texting};

use crate::telemetry::Untold;

/// What is left of the numbers that a script names.
#[derive(Debug, Default)]
pub(super) struct Addressees {
    /// Each once.
    pub(super) numbers: Vec<Number>,
    /// Why the others are not sent to.
    pub(super) left_out: Vec<Untold>,
}

/// `verified` are the user's own numbers as the operator wrote them. A number that could be read in several ways is the
/// one that is the user's.
pub(super) fn addressees(texting: &Texting, verified: &[String], rules: &NumberRules) -> Addressees {
    let own: Vec<Number> = verified.iter().filter_map(|number| number.parse().ok()).collect();
    let mut addressees =
        Addressees { left_out: vec![Untold::TooMany; texting.left_out], ..Addressees::default() };
    for written in &texting.numbers {
        match choose(written, &own, rules) {
            Ok(number) if addressees.numbers.contains(&number) => {}
            Ok(number) => addressees.numbers.push(number),
            Err(why) => addressees.left_out.push(why),
        }
    }
    addressees
}

fn choose(written: &str, own: &[Number], rules: &NumberRules) -> Result<Number, Untold> {
    let candidates = Number::candidates(written, rules.home);
    if candidates.is_empty() {
        return Err(Untold::Malformed);
    }
    let number = candidates.into_iter().find(|number| own.contains(number)).ok_or(Untold::Unverified)?;
    rules.check(&number).map_err(|_| Untold::Forbidden)?;
    Ok(number)
}

/// Whether `number`, which was in order once, still is the user's and may be sent to.
pub(super) fn is_in_order(number: &Number, verified: &[String], rules: &NumberRules) -> bool {
    verified.iter().any(|own| own.parse().as_ref() == Ok(number)) && rules.check(number).is_ok()
}
