//! The form in which mails are compared: `relaxed` (RFC 6376 §3.4.2, §3.4.4).

/// A field of the head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    octets: Vec<u8>,
    name_length: usize,
}

impl Field {
    /// `name: value`, on one or more lines, with or without the last line break.
    pub(super) fn of(field: &[u8]) -> Self {
        let colon = field.iter().position(|&octet| octet == b':').unwrap_or(field.len());
        let (name, value) = (field[..colon].trim_ascii(), field.get(colon + 1..).unwrap_or_default());
        let mut octets = name.to_ascii_lowercase();
        let name_length = octets.len();
        octets.push(b':');
        // Line breaks go, and only those before a space are there.
        let unfolded: Vec<u8> = value.iter().copied().filter(|octet| !b"\r\n".contains(octet)).collect();
        octets.extend(single_spaced(&unfolded).trim_ascii_start());
        octets.extend(b"\r\n");
        Self { octets, name_length }
    }

    /// In lower case.
    pub(super) fn name(&self) -> &str {
        std::str::from_utf8(&self.octets[..self.name_length]).unwrap_or_default()
    }

    /// The canonical form, with its line break.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }
}

/// The fields of a head.
pub(super) fn fields(head: &[u8]) -> Vec<Field> {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    for line in lines(head) {
        match fields.last_mut() {
            Some(field) if line.starts_with(b" ") || line.starts_with(b"\t") => field.extend(line),
            _ => fields.push(line.to_vec()),
        }
    }
    fields.iter().map(|field| Field::of(field)).collect()
}

/// The text: no spaces at the end of lines, no two in a row, no empty lines at the end.
pub(super) fn body(text: &[u8]) -> Vec<u8> {
    let (mut canonical, mut empty_lines) = (Vec::with_capacity(text.len()), 0);
    for line in lines(text) {
        let line = single_spaced(line);
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        canonical.extend(b"\r\n".repeat(empty_lines));
        empty_lines = 0;
        canonical.extend(line);
        canonical.extend(b"\r\n");
    }
    canonical
}

/// Each without its line break.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|&octet| octet == b'\n').map(|line| line.strip_suffix(b"\r\n").unwrap_or(line))
}

/// Runs of spaces and tabs are one space, and none at the end.
fn single_spaced(line: &[u8]) -> Vec<u8> {
    let mut spaced = Vec::with_capacity(line.len());
    let mut is_between = false;
    for &octet in line {
        if b" \t".contains(&octet) {
            is_between = true;
        } else {
            if std::mem::take(&mut is_between) {
                spaced.push(b' ');
            }
            spaced.push(octet);
        }
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6376 §3.4.5, example 1.
    #[test]
    fn example_of_the_rfc() {
        let fields = fields(b"A: X\r\nB : Y\t\r\n\tZ  \r\n");
        let octets: Vec<u8> = fields.iter().flat_map(Field::octets).copied().collect();
        assert_eq!(octets, b"a:X\r\nb:Y Z\r\n");
        assert_eq!(fields[1].name(), "b");
        assert_eq!(body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
    }

    #[test]
    fn empty_and_unfinished_texts_have_a_form() {
        assert_eq!(body(b""), b"");
        assert_eq!(body(b"\r\n \r\n"), b"");
        assert_eq!(body(b"a\r\n\r\nb"), b"a\r\n\r\nb\r\n");
        assert_eq!(Field::of(b"Subject:").octets(), b"subject:\r\n");
        assert_eq!(Field::of(b"nonsense").octets(), b"nonsense:\r\n");
    }
}
