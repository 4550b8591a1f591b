//! Refuses files of words that would say nonsense.

use std::{collections::BTreeSet, fmt::Display};

use fluent_bundle::{FluentResource, FluentValue};
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

use super::{Word, Words};
use crate::FileError;

/// Reads Fluent, strictly: the bundle would take what it understands and drop the rest.
pub(super) fn parse(file: &str, source: &str) -> Result<FluentResource, Vec<FileError>> {
    FluentResource::try_new(source.to_owned()).map_err(|(_, errors)| {
        let told = |error: &fluent_syntax::parser::ParserError| {
            FileError::of(file, Some(line_at(source, error.pos.start)), error.kind.to_string())
        };
        errors.iter().map(told).collect()
    })
}

/// Refuses messages that nobody asks for or that are there twice, and variables that nobody gives.
pub(super) fn entries(file: &str, resource: &FluentResource, source: &str) -> Result<(), Vec<FileError>> {
    let mut errors = twice(file, resource, source);
    for entry in resource.entries() {
        // Terms are an operator's own: a name used in many messages.
        let Entry::Message(message) = entry else { continue };
        let id = message.id.name;
        let mut refuse = |problem: String| {
            errors.push(FileError::of(file, line_of(source, id), problem));
        };
        let Some(word) = Word::ALL.iter().find(|word| word.id() == id) else {
            refuse(format!("message {id} is not known"));
            continue;
        };
        let mut used = BTreeSet::new();
        message.value.iter().for_each(|pattern| in_pattern(pattern, &mut used));
        for variable in used.into_iter().filter(|variable| !word.variables().contains(variable)) {
            refuse(format!("message {id} has no variable ${variable}; it has {}", listed(word.variables())));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The bundle would take one of two messages of a name, and not say which.
fn twice(file: &str, resource: &FluentResource, source: &str) -> Vec<FileError> {
    let mut seen = BTreeSet::new();
    let ids = resource.entries().filter_map(|entry| match entry {
        Entry::Message(message) => Some(message.id.name),
        _ => None,
    });
    let repeated = ids.filter(|&id| !seen.insert(id));
    repeated
        .map(|id| FileError::of(file, lines_of(source, id).last(), format!("message {id} is there twice")))
        .collect()
}

/// Says everything once, in every plural form. A subject is to be one line that says something.
pub(super) fn said(file: &str, words: &Words, source: &str) -> Result<(), Vec<FileError>> {
    let mut errors = Vec::new();
    for &word in Word::ALL {
        let id = word.id();
        if words.bundle.get_message(id).and_then(|message| message.value()).is_none() {
            errors.push(FileError::of(file, line_of(source, id), format!("message {id} has no text")));
            continue;
        }
        // One of each plural form of any language (CLDR), fractions aside.
        for count in [0_usize, 1, 2, 3, 5, 11, 21, 100] {
            let (said, problems) = words.try_say(word, &sample(word, count));
            let told = |problem: &dyn Display| {
                FileError::of(file, line_of(source, id), format!("message {id}: {problem}"))
            };
            errors.extend(problems.iter().map(|problem| told(problem)));
            errors.extend(no_subject(&said).filter(|_| word.is_of_subject()).map(|problem| told(&problem)));
        }
    }
    errors.dedup();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Why `said` cannot stand in a subject.
fn no_subject(said: &str) -> Option<&'static str> {
    match said {
        said if said.trim().is_empty() => Some("says nothing, and is a subject or a part of one"),
        said if said.contains(char::is_control) => {
            Some("has several lines, and is a subject or a part of one")
        }
        _ => None,
    }
}

/// Values for all variables of `word`.
pub(super) fn sample(word: Word, count: usize) -> Vec<(&'static str, FluentValue<'static>)> {
    let value = |&name: &&'static str| match name {
        "count" => (name, FluentValue::from(count)),
        name => (name, FluentValue::from(format!("<{name}>"))),
    };
    word.variables().iter().map(value).collect()
}

/// The variables that `pattern` uses.
pub(super) fn in_pattern<'a>(pattern: &Pattern<&'a str>, used: &mut BTreeSet<&'a str>) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { .. } => {}
            PatternElement::Placeable { expression } => in_expression(expression, used),
        }
    }
}

fn in_expression<'a>(expression: &Expression<&'a str>, used: &mut BTreeSet<&'a str>) {
    match expression {
        Expression::Inline(inline) => in_inline(inline, used),
        Expression::Select { selector, variants } => {
            in_inline(selector, used);
            variants.iter().for_each(|variant| in_pattern(&variant.value, used));
        }
    }
}

fn in_inline<'a>(inline: &InlineExpression<&'a str>, used: &mut BTreeSet<&'a str>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            used.insert(id.name);
        }
        InlineExpression::Placeable { expression } => in_expression(expression, used),
        InlineExpression::FunctionReference { arguments, .. } => {
            arguments.positional.iter().for_each(|argument| in_inline(argument, used));
        }
        // Messages are checked by themselves; terms are given nothing of ours.
        InlineExpression::StringLiteral { .. }
        | InlineExpression::NumberLiteral { .. }
        | InlineExpression::MessageReference { .. }
        | InlineExpression::TermReference { .. } => {}
    }
}

fn listed(variables: &[&str]) -> String {
    let names: Vec<_> = variables.iter().map(|name| format!("${name}")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// What ends too early ends on the last line that says something.
fn line_at(source: &str, position: usize) -> usize {
    let before = position.min(source.trim_end().len());
    1 + source.bytes().take(before).filter(|&octet| octet == b'\n').count()
}

/// Where the message begins; the parser does not tell.
fn line_of(source: &str, id: &str) -> Option<usize> {
    lines_of(source, id).next()
}

/// As [`line_of`], each time that it is there.
fn lines_of(source: &str, id: &str) -> impl Iterator<Item = usize> {
    let begins =
        move |line: &str| line.strip_prefix(id).is_some_and(|rest| rest.trim_start().starts_with('='));
    source.lines().zip(1..).filter(move |(line, _)| begins(line)).map(|(_, number)| number)
}
