//! The line that Cyrus would send.

use crate::Notice;

/// Longer texts go as literals, as Cyrus does it.
const LONGEST_QUOTED: usize = 1024;

/// Writes a notice as Cyrus does; for tests and for playing recorded notifications.
pub fn write(notice: &Notice) -> Vec<u8> {
    let mut line = b"NOTIFY %(".to_vec();
    pair(&mut line, "METHOD", &notice.method);
    pair(&mut line, "CLASS", &notice.class);
    pair(&mut line, "PRIORITY", &notice.priority);
    pair(&mut line, "USER", &notice.user);
    pair(&mut line, "MAILBOX", &notice.mailbox);
    options(&mut line, &notice.options);
    line.extend(b"MESSAGE ");
    literal(&mut line, &notice.message);
    line.extend(b" FILEPATH ");
    nilable(&mut line, notice.file_path.as_deref().unwrap_or_default());
    line.extend(b")\r\n");
    line
}

fn pair(line: &mut Vec<u8>, key: &str, value: &str) {
    line.extend(key.as_bytes());
    line.push(b' ');
    nilable(line, value);
    line.push(b' ');
}

fn options(line: &mut Vec<u8>, options: &[String]) {
    line.extend(b"OPTIONS (");
    for (index, option) in options.iter().enumerate() {
        if index > 0 {
            line.push(b' ');
        }
        text(line, option);
    }
    line.extend(b") ");
}

fn nilable(line: &mut Vec<u8>, value: &str) {
    if value.is_empty() { line.extend(b"NIL") } else { text(line, value) }
}

fn text(line: &mut Vec<u8>, value: &str) {
    let octets = value.as_bytes();
    if is_plain_atom(octets) {
        line.extend(octets);
    } else if octets.len() <= LONGEST_QUOTED && octets.iter().all(|octet| is_quotable(*octet)) {
        line.push(b'"');
        line.extend(octets);
        line.push(b'"');
    } else {
        literal(line, octets);
    }
}

fn literal(line: &mut Vec<u8>, octets: &[u8]) {
    line.extend(format!("{{{}+}}\r\n", octets.len()).as_bytes());
    line.extend(octets);
}

fn is_plain_atom(octets: &[u8]) -> bool {
    let special = |octet: &u8| {
        !octet.is_ascii_graphic() || matches!(octet, b'(' | b')' | b'{' | b'"' | b'%' | b'\\' | b'*')
    };
    !octets.is_empty() && !octets.eq_ignore_ascii_case(b"NIL") && !octets.iter().any(special)
}

/// Nothing that would need an escape.
const fn is_quotable(octet: u8) -> bool {
    matches!(octet, b' '..=b'~') && !matches!(octet, b'"' | b'\\')
}
