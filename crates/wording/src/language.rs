//! The languages that mails are written in.

use icu_locale_core::{LanguageIdentifier, subtags::Region};

/// A language that every word is translated to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Language {
    Arabic,
    BrazilianPortuguese,
    Dutch,
    English,
    French,
    German,
    Italian,
    Japanese,
    Polish,
    Russian,
    SimplifiedChinese,
    Spanish,
}

/// Which way a language is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Like English.
    LeftToRight,
    /// Like Arabic.
    RightToLeft,
}

impl Language {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 12] = [
        Self::Arabic,
        Self::BrazilianPortuguese,
        Self::Dutch,
        Self::English,
        Self::French,
        Self::German,
        Self::Italian,
        Self::Japanese,
        Self::Polish,
        Self::Russian,
        Self::SimplifiedChinese,
        Self::Spanish,
    ];

    /// The BCP 47 tag; also the name of the file of its words.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Arabic => "ar",
            Self::BrazilianPortuguese => "pt-BR",
            Self::Dutch => "nl",
            Self::English => "en",
            Self::French => "fr",
            Self::German => "de",
            Self::Italian => "it",
            Self::Japanese => "ja",
            Self::Polish => "pl",
            Self::Russian => "ru",
            Self::SimplifiedChinese => "zh-Hans",
            Self::Spanish => "es",
        }
    }

    /// Which way it is written.
    pub const fn direction(self) -> Direction {
        match self {
            Self::Arabic => Direction::RightToLeft,
            _ => Direction::LeftToRight,
        }
    }
}

impl Direction {
    /// The value of HTML's attribute `dir`.
    pub const fn html(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// A language, and the region whose customs its dates follow: `en-GB` has our English words and British dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locale {
    language: Language,
    region: Option<Region>,
}

impl Locale {
    /// What a reader who asks for `tag` (BCP 47, or the like of `de_DE.UTF-8`) is served best with; `None` where we
    /// have nothing of the kind. Who reads another Portuguese or Chinese is closer to ours than to a stranger's
    /// language.
    pub fn negotiate(tag: &str) -> Option<Self> {
        let tag = tag.split(['.', '@']).next().unwrap_or_default().trim().replace('_', "-");
        let asked: LanguageIdentifier = tag.parse().ok()?;
        let of_asked = |language: &Language| {
            asked.language.as_str() == language.tag().split('-').next().unwrap_or_default()
        };
        let language = Language::ALL.into_iter().find(of_asked)?;
        // Dates in traditional characters do not go with words in simplified ones.
        let region = asked.region.filter(|_| language != Language::SimplifiedChinese);
        Some(Self { language, region })
    }

    /// Whose words.
    pub const fn language(self) -> Language {
        self.language
    }

    /// For CLDR.
    pub(crate) fn icu(self) -> icu_locale_core::Locale {
        // Every tag of ours is well formed: a test reads them.
        let mut id: LanguageIdentifier = self.language.tag().parse().unwrap_or(LanguageIdentifier::UNKNOWN);
        id.region = self.region.or(id.region);
        id.into()
    }
}

impl From<Language> for Locale {
    fn from(language: Language) -> Self {
        Self { language, region: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_negotiated() {
        for (tag, expected) in [
            ("de", Some("de")),
            ("DE-at", Some("de-AT")),
            ("de_DE.UTF-8", Some("de-DE")),
            ("en-GB", Some("en-GB")),
            ("pt", Some("pt-BR")),
            ("pt-PT", Some("pt-PT")),
            ("zh", Some("zh-Hans")),
            ("zh-CN", Some("zh-Hans")),
            ("zh-Hant-TW", Some("zh-Hans")),
            ("ar-EG", Some("ar-EG")),
            ("tlh", None),
            ("C", None),
            ("", None),
            ("de\r\nBcc: x", None),
            ("../../etc/passwd", None),
        ] {
            let got = Locale::negotiate(tag).map(|locale| locale.icu().to_string());
            assert_eq!(got.as_deref(), expected, "{tag:?}");
        }
    }

    #[test]
    fn every_language_has_a_tag_that_leads_back_to_it() {
        for (index, language) in Language::ALL.into_iter().enumerate() {
            assert_eq!(language as usize, index);
            assert_eq!(Locale::negotiate(language.tag()).unwrap().language(), language);
            assert_eq!(Locale::from(language).icu().to_string(), language.tag());
        }
    }
}
