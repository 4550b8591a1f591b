//! How long one message takes to be summarised, squeezed and counted: `cargo run --release -p wording --example squeeze_rate`.
#![expect(clippy::print_stdout, reason = "it tells its result")]

use std::{hint::black_box, time::Instant};

use wording::{
    Language,
    sms::{Limit, Squeeze, fit, summarise},
};

const ROUNDS: u32 = 20_000;

fn main() {
    let words = "Please confirm the meeting tomorrow morning as soon as possible, “naïve” café – thanks. ";
    for (name, text) in [
        ("short", words.to_owned()),
        ("long", words.repeat(10)),
        ("Polish", "Zażółć gęślą jaźń ".repeat(40)),
        ("Cyrillic", "Пожалуйста, подтвердите встречу. ".repeat(28)),
    ] {
        let began = Instant::now();
        for _ in 0..ROUNDS {
            let summary = summarise(black_box("Robert Norris"), black_box("Holiday pics"), black_box(&text));
            black_box(fit(&summary, Language::English, Squeeze::High, Limit::Segments(2)));
        }
        println!("{name}: {:.1} us each", began.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
    }
}
