//! How long one text takes to be fitted into three parts: counted, its signs and letters replaced, and squeezed.

use std::{hint::black_box, time::Instant};

use wording::{
    Language,
    sms::{Limit, Squeeze, fit},
};

use crate::{Outcome, peer::Peer, results::Results, statistics::percentile};

const PARTS: Limit = Limit::Segments(3);

/// In what they are written, and something to repeat.
const WRITTEN: [(&str, &str); 4] = [
    ("gsm", "Please confirm the meeting tomorrow morning as soon as possible, thanks. "),
    ("latin", "Zażółć gęślą jaźń – “proszę” potwierdzić spotkanie jutro rano, dziękuję. "),
    ("cyrillic", "Пожалуйста, подтвердите завтрашнюю встречу как можно скорее, спасибо. "),
    ("emoji", "Please confirm 👍🏽 the party 🎉 tomorrow morning 🌅 as soon as possible 🙏. "),
];
const LENGTHS: [usize; 3] = [40, 160, 900];

/// The median of `times`, of texts of each kind and length.
pub fn run(times: usize, results: &Results) -> Outcome<()> {
    for length in LENGTHS {
        for (kind, words) in WRITTEN {
            let text: String = words.chars().cycle().take(length).collect();
            let mut took: Vec<u64> = (0..times).map(|_| nanoseconds(&text)).collect();
            took.sort_unstable();
            let median = percentile(&took, 0.5) as f64 / 1e3;
            results.add(&format!("fit_{length}_{kind}_us"), Peer::Ours, median)?;
        }
    }
    Ok(())
}

fn nanoseconds(text: &str) -> u64 {
    let began = Instant::now();
    black_box(fit(black_box(text), Language::English, Squeeze::High, PARTS));
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
