//! Encoded words of headers (RFC 2047), decoded.
//!
//! Unlike the mail libraries at hand this joins the octets of neighbouring words before it decodes their charset, for
//! senders do cut characters in two, and adds no space where a word touches other text. Both occur in real mail.

use std::borrow::Cow;

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use encoding_rs::Encoding;

/// Senders leave out padding, or leave bits behind it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes the encoded words in `text`. A broken word, or one in a charset that we do not know, stays as written.
pub fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut run = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let (before, from_start) = rest.split_at(start);
        let Some((word, after)) = Word::read(from_start) else {
            finish(&mut run, &mut decoded);
            decoded.push_str(before);
            decoded.push_str("=?");
            rest = &from_start[2..];
            continue;
        };
        if run.is_empty() || !before.bytes().all(|octet| matches!(octet, b' ' | b'\t')) {
            finish(&mut run, &mut decoded);
            decoded.push_str(before);
            run.push(Word { space: "", ..word });
        } else {
            run.push(Word { space: before, ..word });
        }
        rest = after;
    }
    finish(&mut run, &mut decoded);
    decoded.push_str(rest);
    decoded
}

/// An encoded word whose charset is known and whose transfer encoding was undone.
struct Word<'a> {
    /// White space between this word and the one before.
    space: &'a str,
    written: &'a str,
    charset: &'static Encoding,
    octets: Vec<u8>,
}

impl<'a> Word<'a> {
    /// Reads a word at the start of `text`; returns it and what follows.
    fn read(text: &'a str) -> Option<(Self, &'a str)> {
        let (charset, rest) = text.strip_prefix("=?")?.split_once('?')?;
        let (encoding, rest) = rest.split_once('?')?;
        let (content, rest) = rest.split_once('?')?;
        let rest = rest.strip_prefix('=')?;
        let octets = match encoding {
            "B" | "b" => BASE64.decode(content).ok()?,
            "Q" | "q" => quoted(content)?,
            _ => return None,
        };
        let written = &text[..text.len() - rest.len()];
        Some((Self { space: "", written, charset: known(charset)?, octets }, rest))
    }
}

/// The charset by its label; a language after `*` (RFC 2231 §5) is passed over.
fn known(label: &str) -> Option<&'static Encoding> {
    let label = label.split('*').next().unwrap_or(label);
    // Names of code pages that mail uses and the web does not.
    let label = match label.to_ascii_lowercase().as_str() {
        "cp932" => "shift_jis",
        "cp936" => "gbk",
        "cp949" => "euc-kr",
        "cp950" => "big5",
        _ => label,
    };
    Encoding::for_label_no_replacement(label.as_bytes())
}

fn quoted(content: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(content.len());
    let mut rest = content.as_bytes();
    while let [octet, after @ ..] = rest {
        rest = after;
        octets.push(match octet {
            b'_' => b' ',
            b'=' => {
                let (digits, after) = rest.split_first_chunk::<2>()?;
                rest = after;
                let digit = |digit: u8| char::from(digit).to_digit(16);
                u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()?
            }
            octet => *octet,
        });
    }
    Some(octets)
}

/// Decodes neighbouring words and empties the run.
fn finish(run: &mut Vec<Word<'_>>, decoded: &mut String) {
    let mut words = run.as_slice();
    let mut previous_decoded = true;
    while let Some(first) = words.first() {
        let same = words.iter().take_while(|word| word.charset == first.charset).count();
        let (group, rest) = words.split_at(same);
        previous_decoded = group_text(group, previous_decoded, decoded);
        words = rest;
    }
    run.clear();
}

/// Decodes words of one charset: together if that works, else each by itself. Says whether the last was decoded.
fn group_text(group: &[Word<'_>], mut previous_decoded: bool, decoded: &mut String) -> bool {
    let octets: Vec<u8> = group.iter().flat_map(|word| word.octets.iter().copied()).collect();
    if let Some(text) = characters(&group[0], &octets) {
        // White space vanishes between decoded words only.
        if !previous_decoded {
            decoded.push_str(group[0].space);
        }
        decoded.push_str(&text);
        return true;
    }
    for word in group {
        let text = characters(word, &word.octets);
        if !(previous_decoded && text.is_some()) {
            decoded.push_str(word.space);
        }
        previous_decoded = text.is_some();
        decoded.push_str(text.as_deref().unwrap_or(word.written));
    }
    previous_decoded
}

/// `None` if the octets are not of the word's charset.
fn characters<'a>(word: &Word<'_>, octets: &'a [u8]) -> Option<Cow<'a, str>> {
    word.charset.decode_without_bom_handling_and_without_replacement(octets)
}

#[cfg(test)]
mod tests;
