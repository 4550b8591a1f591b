//! Finding modseqs in what a stream sends, whatever it is wrapped in.

/// Before each modseq of mail.
const KEY: &[u8] = b"\"mailModSeq\":";

/// Calls `found` for each modseq in `octets`, which follow those of the call before. `carry` keeps what was cut.
pub fn modseqs(carry: &mut Vec<u8>, octets: &[u8], mut found: impl FnMut(u64)) {
    if carry.is_empty() {
        let rest = scan(octets, &mut found);
        carry.extend_from_slice(rest);
        return;
    }
    carry.extend_from_slice(octets);
    let rest = scan(carry, &mut found).len();
    carry.drain(..carry.len() - rest);
}

/// Returns the end of `octets` in which a key or its number may be cut.
fn scan<'a>(octets: &'a [u8], found: &mut impl FnMut(u64)) -> &'a [u8] {
    let mut rest = octets;
    while let Some(at) = rest.windows(KEY.len()).position(|window| window == KEY) {
        let number = &rest[at + KEY.len()..];
        let digits = number.iter().take_while(|octet| octet.is_ascii_digit()).count();
        if digits == number.len() {
            return &rest[at..];
        }
        found(number[..digits].iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0')));
        rest = &number[digits..];
    }
    // No key has a line feed in it: usually nothing is kept.
    let line = rest.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1);
    &rest[line.max((rest.len() + 1).saturating_sub(KEY.len()))..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_found_however_the_octets_are_cut(
            numbers in prop::collection::vec(0..u64::from(u32::MAX), 0..5),
            sizes in prop::collection::vec(1usize..60, 1..20),
        ) {
            let text: String = numbers
                .iter()
                .map(|number| format!("a5\r\nevent: push\ndata: {{\"mailModSeq\":{number},\"x\":1}}\n\n\r\n"))
                .collect();
            let (mut carry, mut seen, mut rest) = (Vec::new(), Vec::new(), text.as_bytes());
            for size in sizes.iter().cycle().take_while(|_| !text.is_empty()) {
                let (part, after) = rest.split_at((*size).min(rest.len()));
                modseqs(&mut carry, part, |number| seen.push(number));
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(seen, numbers);
        }
    }
}
