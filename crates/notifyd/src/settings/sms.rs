//! Text messages of Sieve scripts, and what they cost.

use std::{collections::HashMap, fmt, time::Duration};

use kit::config::{Validate, has_controls, within};
use serde::Deserialize;
use sieve::{Country, Number, NumberRules};

/// The section `notifyd.sms`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmsSettings {
    /// The provider and its account.
    pub gateway: sms_gateway::Settings,
    /// The sender: a number in E.164, or what the provider takes besides.
    pub from: String,
    /// The country of numbers that are written without one.
    #[serde(deserialize_with = "super::country::one")]
    pub home: Option<Country>,
    /// Countries that may be sent to.
    #[serde(deserialize_with = "super::country::list")]
    pub countries: Vec<Country>,
    /// Beginnings of numbers that may not: `+` and digits.
    pub barred: Vec<String>,
    /// The most parts of one message; the rest of a longer text is left out.
    pub segments: u32,
    /// What a part costs in credit, by country; 1 where nothing is said.
    #[serde(deserialize_with = "super::country::prices")]
    pub prices: HashMap<Country, u32>,
    /// Whether the credit for a message that did not arrive is given back.
    pub refund: bool,
    /// Jobs at a time, beside those of mail. So many texts may be in doubt when Twilio or Vonage falls silent; after the first
    /// of which it says nothing no other joins those under way.
    pub concurrency: usize,
    /// What was taken from the mail server longer ago is not sent any more.
    #[serde(with = "kit::config::duration")]
    pub useful_for: Duration,
}

impl Default for SmsSettings {
    fn default() -> Self {
        Self {
            gateway: sms_gateway::Settings::default(),
            from: String::new(),
            home: None,
            countries: Vec::new(),
            barred: Vec::new(),
            segments: 3,
            prices: HashMap::new(),
            refund: false,
            // Nearly all of a job's time is the gateway's, which is far away.
            concurrency: 16,
            // Who is told by phone is to be told soon.
            useful_for: Duration::from_secs(4 * 60 * 60),
        }
    }
}

/// Hides the sender, which may be a number.
impl fmt::Debug for SmsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gateway, home, countries, segments, refund, concurrency, useful_for, .. } = self;
        let mut shown = f.debug_struct("SmsSettings");
        shown.field("gateway", gateway).field("home", home).field("countries", countries);
        shown.field("segments", segments).field("refund", refund).field("concurrency", concurrency);
        shown.field("useful_for", useful_for).finish_non_exhaustive()
    }
}

/// What the providers take at most; with more parts a message is a letter.
const MOST_SEGMENTS: u32 = 10;
/// The longest that a provider takes: the 34 of Twilio's messaging services.
const LONGEST_FROM: usize = 34;
/// A part that costs more than this is a mistake.
const HIGHEST_PRICE: u32 = 1_000;

impl SmsSettings {
    /// Which numbers may be sent to.
    pub(crate) fn rules(&self) -> NumberRules {
        NumberRules { home: self.home, countries: self.countries.clone(), barred: self.barred.clone() }
    }

    /// What a part of a message to `number` costs.
    pub(crate) fn price(&self, number: &Number) -> u32 {
        number.country().and_then(|country| self.prices.get(&country).copied()).unwrap_or(1)
    }

    /// The last part of the path that receipts come to.
    pub(crate) fn provider(&self) -> &'static str {
        self.gateway.provider.as_str()
    }

    /// Countries that are named elsewhere and not sent to.
    fn unsent_countries(&self) -> impl Iterator<Item = String> {
        let is_sent = |country: &Country| self.countries.contains(country);
        let home = self
            .home
            .filter(|home| !is_sent(home))
            .map(|home| format!("home: {home:?} is not among countries"));
        let mut priced: Vec<_> = self.prices.keys().filter(|country| !is_sent(country)).collect();
        priced.sort_by_key(|country| format!("{country:?}"));
        let priced = (!priced.is_empty()).then(|| format!("prices: {priced:?} are not among countries"));
        // Without any the error is that there are none.
        home.into_iter().chain(priced).filter(|_| !self.countries.is_empty())
    }

    fn receipts_problem(&self) -> Option<String> {
        let path = format!("/receipts/{}", self.provider());
        let is_right = self.gateway.receipts.as_ref().is_none_or(|url| url.ends_with(&path));
        (!is_right).then(|| format!("gateway.receipts: must end in {path}"))
    }
}

/// docs/sms-webhook.md asks gateways to keep references for so long.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Validate for SmsSettings {
    fn problems(&self) -> Vec<String> {
        let is_from = (1..=LONGEST_FROM).contains(&self.from.len()) && !has_controls(&self.from);
        let is_range = |range: &String| {
            range.strip_prefix('+').is_some_and(|digits| {
                !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
            })
        };
        let checks = [
            (!is_from, "from: must say whom messages come from, in at most 34 characters"),
            (self.countries.is_empty(), "countries: nothing would be sent to none"),
            (!self.barred.iter().all(is_range), "barred: beginnings of numbers are + and digits"),
            (!(1..=MOST_SEGMENTS).contains(&self.segments), "segments: must be from 1 to 10"),
            (
                !self.prices.values().all(|price| (1..=HIGHEST_PRICE).contains(price)),
                "prices: must be from 1 to 1000",
            ),
            (self.concurrency == 0, "concurrency: nothing would be sent at zero"),
            (self.useful_for.is_zero(), "useful_for: nothing would be sent at zero"),
            (
                self.useful_for > A_DAY,
                "useful_for: must be at most 24h, as long as a gateway knows a message again",
            ),
        ];
        let own = checks.into_iter().filter(|(wrong, _)| *wrong).map(|(_, text)| text.to_owned());
        own.chain(self.unsent_countries())
            .chain(self.receipts_problem())
            .chain(within("gateway", self.gateway.problems()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: &str = "{ webhook = { url = 'https://sms.example/send', secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' } }";

    fn load(env: &[(&str, &str)]) -> Result<SmsSettings, kit::config::ConfigErrors> {
        let env = [("N__GATEWAY", GATEWAY), ("N__FROM", "+4915112345678"), ("N__COUNTRIES", "['DE']")]
            .into_iter()
            .chain(env.iter().copied());
        kit::config::load(None, env.map(|(name, value)| (name.to_owned(), value.to_owned())), "N")
    }

    #[test]
    fn keys_are_read_and_the_senders_number_is_not_shown() {
        let settings =
            load(&[("N__HOME", "DE"), ("N__COUNTRIES", "['DE', 'US']"), ("N__PRICES", "{ US = 2 }")])
                .unwrap();
        let price = |number: &str| settings.price(&number.parse().unwrap());
        assert_eq!((price("+12015550123"), price("+4915112345678")), (2, 1));
        assert!(!format!("{settings:?}").contains("4915112345678"));
    }

    #[test]
    fn each_nonsense_is_told_by_its_key() {
        let wrong = [
            ("N__FROM", "''"),
            ("N__COUNTRIES", "[]"),
            ("N__BARRED", "['49']"),
            ("N__SEGMENTS", "11"),
            ("N__PRICES", "{ DE = 0 }"),
            ("N__CONCURRENCY", "0"),
            ("N__USEFUL_FOR", "0s"),
            ("N__GATEWAY__RECEIPTS", "https://mail.example/mute/receipts/twilio"),
            ("N__GATEWAY__VALIDITY", "1s"),
            ("N__HOME", "AT"),
            ("N__PRICES", "{ US = 2 }"),
            ("N__GATEWAY__TIMEOUT", "5m1s"),
        ];
        for (name, value) in wrong {
            let errors = load(&[(name, value)]).unwrap_err().to_string();
            let key = name.trim_start_matches("N__").replace("__", ".").to_lowercase();
            assert!(errors.starts_with(&format!("{key}: ")), "{name}: {errors}");
        }
        for (name, value) in
            [("N__COUNTRIES", "['Germany']"), ("N__HOME", "Germany"), ("N__PRICES", "{ Germany = 2 }")]
        {
            let errors = load(&[(name, value)]).unwrap_err().to_string();
            assert!(
                errors.contains("Germany") && errors.contains("like DE") && errors.len() < 200,
                "{errors}"
            );
        }
    }
}
