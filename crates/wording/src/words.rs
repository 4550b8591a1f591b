//! The messages of every language, said with values.

mod check;
#[cfg(test)]
mod tests;
mod word;

use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue, concurrent::FluentBundle};

pub(crate) use word::Word;

use crate::{FileError, Language};

/// The messages of one language.
pub(crate) struct Words {
    bundle: FluentBundle<FluentResource>,
}

/// The files of words, as they are built in.
const fn source(language: Language) -> &'static str {
    match language {
        Language::Arabic => include_str!("../words/ar.ftl"),
        Language::BrazilianPortuguese => include_str!("../words/pt-BR.ftl"),
        Language::Dutch => include_str!("../words/nl.ftl"),
        Language::English => include_str!("../words/en.ftl"),
        Language::French => include_str!("../words/fr.ftl"),
        Language::German => include_str!("../words/de.ftl"),
        Language::Italian => include_str!("../words/it.ftl"),
        Language::Japanese => include_str!("../words/ja.ftl"),
        Language::Polish => include_str!("../words/pl.ftl"),
        Language::Russian => include_str!("../words/ru.ftl"),
        Language::SimplifiedChinese => include_str!("../words/zh-Hans.ftl"),
        Language::Spanish => include_str!("../words/es.ftl"),
    }
}

impl Words {
    /// The built-in words of `language`, those in `over` (a file of Fluent) instead of ours. Every fault of `over` is
    /// told.
    pub(crate) fn load(language: Language, over: Option<&str>) -> Result<Self, Vec<FileError>> {
        let file = format!("{}.ftl", language.tag());
        let id = language.tag().parse().map_err(|_| vec![FileError::of(&file, None, "no language")])?;
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // Texts of the other direction are isolated where they are cleaned, and only those.
        bundle.set_use_isolating(false);
        bundle.add_resource_overriding(check::parse(&file, source(language))?);
        if let Some(over) = over {
            let resource = check::parse(&file, over)?;
            check::entries(&file, &resource, over)?;
            bundle.add_resource_overriding(resource);
        }
        let words = Self { bundle };
        check::said(&file, &words, over.unwrap_or(source(language)))?;
        Ok(words)
    }

    /// Says `word` with these values, which are its variables.
    pub(crate) fn say(&self, word: Word, values: &[(&'static str, FluentValue<'_>)]) -> String {
        self.try_say(word, values).0
    }

    /// Says a message without variables.
    pub(crate) fn plain(&self, word: Word) -> String {
        self.say(word, &[])
    }

    fn try_say(&self, word: Word, values: &[(&'static str, FluentValue<'_>)]) -> (String, Vec<FluentError>) {
        let arguments: FluentArgs<'_> = values.iter().cloned().collect();
        let mut errors = Vec::new();
        let pattern = self.bundle.get_message(word.id()).and_then(|message| message.value());
        // Loading refuses words that lack a message.
        let said = pattern.map_or_else(
            || word.id().to_owned(),
            |pattern| self.bundle.format_pattern(pattern, Some(&arguments), &mut errors).into_owned(),
        );
        (said, errors)
    }
}
