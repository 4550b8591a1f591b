//! Octets as digits.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Two lower-case hexadecimal digits for each octet.
pub fn encode(octets: impl AsRef<[u8]>) -> String {
    let digits = |octet: &u8| [octet >> 4, octet & 15].map(|digit| char::from(DIGITS[usize::from(digit)]));
    octets.as_ref().iter().flat_map(digits).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_writes_what_the_standard_library_reads(octets: [u8; 16]) {
            let text = encode(octets);
            prop_assert_eq!(text.len(), 32);
            prop_assert_eq!(text.to_ascii_lowercase(), text.clone());
            prop_assert_eq!(u128::from_str_radix(&text, 16), Ok(u128::from_be_bytes(octets)));
        }
    }
}
