//! Addresses as servers take them.

use lettre::Address;

/// `address` with its domain in the form that every server takes (RFC 5890 §2.3.2.1), unless what stands before the `@`
/// asks for SMTPUTF8 anyway.
pub(crate) fn deliverable(address: &Address) -> Address {
    if address.user().is_ascii() && !address.domain().is_ascii() {
        let domain = idna::domain_to_ascii(address.domain()).ok();
        if let Some(address) = domain.and_then(|domain| Address::new(address.user(), domain).ok()) {
            return address;
        }
    }
    address.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_is_written_in_ascii_where_that_is_enough() {
        for (address, expected) in [
            ("bob@example.org", "bob@example.org"),
            ("bob@Bücher.example", "bob@xn--bcher-kva.example"),
            ("jürgen@bücher.example", "jürgen@bücher.example"),
            ("bob@[192.0.2.1]", "bob@[192.0.2.1]"),
        ] {
            assert_eq!(deliverable(&address.parse().unwrap()).to_string(), expected);
        }
    }
}
