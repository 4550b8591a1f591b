//! Seeds with something broken.

use bolero::{Driver, ValueGenerator};

/// How often an input is broken at most.
const MOST_BREAKS: usize = 6;

/// How often a piece is said again at most: deep enough for every bound on depth, long enough for those on number.
const MOST_REPEATS: usize = 1_200;

/// Octets of an input at most: well above what the bounds of decoders need, and quick to go through.
const LONGEST: usize = 1 << 16;

/// Draws a seed, or any octets, and breaks it in some places: octets changed, removed, said again, cut off, words of
/// the format put in, the end of another seed put on.
#[derive(Debug)]
pub struct Broken {
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
}

impl Broken {
    /// `seeds` are inputs as they should be; `words` are what means something in the format.
    pub fn new(
        seeds: impl IntoIterator<Item = impl Into<Vec<u8>>>,
        words: impl IntoIterator<Item = impl Into<Vec<u8>>>,
    ) -> Self {
        // Without a seed there is still the empty input, and each of its breaks.
        let seeds = [Vec::new()].into_iter().chain(seeds.into_iter().map(Into::into)).collect();
        Self { seeds, words: words.into_iter().map(Into::into).collect() }
    }

    fn seed<D: Driver>(&self, driver: &mut D) -> Option<&[u8]> {
        Some(&self.seeds[(0..self.seeds.len()).generate(driver)?])
    }

    fn break_once<D: Driver>(&self, mut octets: Vec<u8>, driver: &mut D) -> Option<Vec<u8>> {
        let from = (0..=octets.len()).generate(driver)?;
        let to = octets.len().min(from + (0..=32_usize).generate(driver)?);
        match (0..8_u8).generate(driver)? {
            0 => octets.truncate(from),
            1 => octets.splice(from..to, []).for_each(drop),
            2 => octets.splice(from..to, any_octets(driver)?).for_each(drop),
            3 => octets[from..to].iter_mut().for_each(|octet| *octet ^= 0x80),
            4 => octets.splice(from..from, self.words(driver)?).for_each(drop),
            5 => octets.splice(from..to, self.words(driver)?).for_each(drop),
            6 => {
                let piece = octets[from..to].repeat((0..=MOST_REPEATS).generate(driver)?);
                octets.splice(from..from, piece).for_each(drop);
            }
            _ => {
                let other = self.seed(driver)?;
                octets.splice(from.., other[from.min(other.len())..].iter().copied()).for_each(drop);
            }
        }
        octets.truncate(LONGEST);
        Some(octets)
    }

    /// A word, once or many times.
    fn words<D: Driver>(&self, driver: &mut D) -> Option<Vec<u8>> {
        if self.words.is_empty() {
            return any_octets(driver);
        }
        let word = &self.words[(0..self.words.len()).generate(driver)?];
        let times = if driver.gen_bool(Some(0.2))? { (1..=MOST_REPEATS).generate(driver)? } else { 1 };
        Some(word.repeat(times))
    }
}

impl ValueGenerator for Broken {
    type Output = Vec<u8>;

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<Vec<u8>> {
        let mut octets = self.seed(driver)?.to_vec();
        for _ in 0..(0..=MOST_BREAKS).generate(driver)? {
            octets = self.break_once(octets, driver)?;
        }
        Some(octets)
    }
}

fn any_octets<D: Driver>(driver: &mut D) -> Option<Vec<u8>> {
    let length = (0..=40_usize).generate(driver)?;
    (0..length).map(|_| driver.produce()).collect()
}
