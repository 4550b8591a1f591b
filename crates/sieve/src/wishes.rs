//! What a script wishes for its text: the options of `notify`, as words or as `name=value` (RFC 5435 §3.6).

/// How far a text may be abbreviated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Spaces and phrases.
    Low,
    /// Words.
    Medium,
    /// Vowels.
    High,
}

/// What the options ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wishes {
    /// Sender, subject and first words of the message instead of the script's text.
    pub summarise: bool,
    /// Abbreviations.
    pub squeeze: Option<Level>,
    /// Characters at most.
    pub characters: Option<usize>,
    /// Parts of a text message at most.
    pub segments: Option<u32>,
}

/// The level of `squeeze` alone: words that everybody reads.
const USUAL: Level = Level::Medium;

impl Wishes {
    /// Reads `summarise [parts]`, `squeeze [low|medium|high]`, `length characters`, `segments parts`, in any case and
    /// order. Words that are none of these are for somebody else.
    pub fn parse(options: &[String]) -> Self {
        let words: Vec<String> = options
            .iter()
            .flat_map(|option| option.splitn(2, '='))
            .map(|word| word.trim().to_ascii_lowercase())
            .collect();
        let mut wishes = Self::default();
        for (at, word) in words.iter().enumerate() {
            wishes.word(word, words.get(at + 1).map(String::as_str));
        }
        wishes
    }

    fn word(&mut self, word: &str, next: Option<&str>) {
        match word {
            "summarise" | "summarize" | "summary" => {
                self.summarise = true;
                self.segments = next.and_then(positive).or(self.segments);
            }
            "squeeze" => self.squeeze = Some(next.and_then(level).unwrap_or(USUAL)),
            "length" => self.characters = next.and_then(positive).or(self.characters),
            "segments" => self.segments = next.and_then(positive).or(self.segments),
            _ => {}
        }
    }
}

fn positive<N: std::str::FromStr + Default + PartialOrd>(word: &str) -> Option<N> {
    word.parse().ok().filter(|number| *number > N::default())
}

fn level(word: &str) -> Option<Level> {
    match word {
        "low" => Some(Level::Low),
        "med" | "medium" => Some(Level::Medium),
        "high" => Some(Level::High),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Wishes {
        Wishes::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn words_and_pairs_say_the_same() {
        let expected =
            Wishes { summarise: true, squeeze: Some(Level::High), characters: Some(50), segments: Some(2) };
        assert_eq!(parse(&["Summarise", "2", "Squeeze", "High", "Length", "50"]), expected);
        assert_eq!(parse(&["summarize=2", "squeeze=high", "length=50"]), expected);
        assert_eq!(parse(&["length", "50", "summary", "segments=2", "squeeze = high"]), expected);
    }

    #[test]
    fn what_is_not_said_is_as_usual() {
        assert_eq!(parse(&[]), Wishes::default());
        assert_eq!(parse(&["squeeze"]).squeeze, Some(Level::Medium));
        assert_eq!(parse(&["squeeze", "1"]).squeeze, Some(Level::Medium));
        assert_eq!(parse(&["summarise", "1", "squeeze"]).segments, Some(1));
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        for words in [
            &["length", "-1"][..],
            &["length", "0"],
            &["segments", "99999999999"],
            &["High"],
            &["", "="],
            &["50"],
        ] {
            assert_eq!(parse(words), Wishes::default(), "{words:?}");
        }
    }
}
