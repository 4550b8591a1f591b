//! Content lines (RFC 5545 §3.1).

/// Octets of a line without its line break.
const LONGEST: usize = 75;

/// Adds `name:value`, folded between characters. `name` may hold parameters.
pub(super) fn push(object: &mut String, name: &str, value: &str) {
    let mut length = 0;
    for character in name.chars().chain([':']).chain(value.chars()) {
        if length + character.len_utf8() > LONGEST {
            object.push_str("\r\n ");
            length = 1;
        }
        object.push(character);
        length += character.len_utf8();
    }
    object.push_str("\r\n");
}

/// A value of type TEXT (§3.3.11).
pub(super) fn text(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\\' | ';' | ',' => escaped.extend(['\\', character]),
            '\n' => escaped.push_str("\\n"),
            // No value holds any other (§3.1).
            character if character.is_control() && character != '\t' => {}
            character => escaped.push(character),
        }
    }
    escaped
}
