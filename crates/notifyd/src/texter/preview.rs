//! What a text message would say and cost, told to an operator.

use std::fmt::Write as _;

use ::sieve::{Number, Texting};
use wording::Wording;

use super::words::Words;
use crate::{
    preview::{Preview, PreviewUser, quantity},
    settings::SmsSettings,
    sieve::Taken,
};

impl Preview<'_> {
    /// The text, its parts and its price, and of each number whether it would be sent to. `to` is what the script names.
    pub(crate) fn text(&self, taken: &Taken, to: &Texting) -> String {
        let Some(sms) = &self.settings.sms else { return "nothing: notifyd.sms is not set\n".into() };
        let Some(words) = words(self.wording, taken, to, self.reader, sms) else {
            return "nothing: there is nothing to say\n".into();
        };
        let alphabet = if words.is_unicode { "UCS-2" } else { "GSM 7-bit" };
        let mut told =
            format!("text message from {}: {alphabet}, {}\n", sms.from, segments(words.segments.into()));
        let mut price = 0;
        for written in &to.numbers {
            match choose(written, sms, self.user) {
                Ok(number) => {
                    let costs = words.segments.saturating_mul(sms.price(&number));
                    price += u64::from(costs);
                    // Writing to a text cannot fail.
                    writeln!(told, "to {number}: costs {costs}{}", known(self.user)).ok();
                }
                Err(why) => {
                    writeln!(told, "not to {written}: {why}").ok();
                }
            }
        }
        if to.left_out > 0 {
            writeln!(told, "left out: {}", quantity(to.left_out as u64, "number", "numbers")).ok();
        }
        told + &self.user.map(|user| credit(user, price)).unwrap_or_default() + &format!("\n{}\n", words.text)
    }

    /// As [`Self::text`], to the first of the user's numbers.
    pub(crate) fn own_text(&self, taken: &Taken) -> String {
        match self.user.map(|user| Number::first(&user.numbers)) {
            None => "a text message to the user's first number, which the database knows: --user\n".into(),
            Some(None) => "nothing: the user has no number that can be read\n".into(),
            Some(Some(number)) => {
                self.text(taken, &Texting { numbers: vec![number.to_string()], ..Texting::default() })
            }
        }
    }
}

fn words(
    wording: &Wording,
    taken: &Taken,
    to: &Texting,
    reader: &wording::Reader,
    sms: &SmsSettings,
) -> Option<Words> {
    let language = reader.locale.language();
    let own = || Words::own(&wording.more(1, &wording::Reader::of(language)), language);
    Words::of(taken, to, language, sms.segments).or_else(own)
}

/// The number that `written` means, or why it is not sent to. Without a user none is known to be anybody's.
fn choose(written: &str, sms: &SmsSettings, user: Option<&PreviewUser>) -> Result<Number, String> {
    let rules = sms.rules();
    let candidates = Number::candidates(written, rules.home);
    if candidates.is_empty() {
        return Err("it is no telephone number".to_owned());
    }
    let is_theirs = |number: &Number| match user {
        Some(user) => user.numbers.iter().any(|own| own.parse().as_ref() == Ok(number)),
        None => true,
    };
    let number = candidates.into_iter().find(is_theirs).ok_or("it is none of the user's numbers")?;
    rules.check(&number).map_err(|why| why.to_string())?;
    Ok(number)
}

fn known(user: Option<&PreviewUser>) -> &'static str {
    if user.is_some() { "" } else { ", if it is the user's" }
}

fn credit(user: &PreviewUser, price: u64) -> String {
    let left = user.credit.available;
    let enough = if left < price { ", which does not reach" } else { "" };
    format!("credit: {}{enough}\n", segments(left))
}

fn segments(count: u64) -> String {
    quantity(count, "segment", "segments")
}
