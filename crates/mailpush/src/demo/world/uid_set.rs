//! Sequence sets of UIDs (RFC 9051 §9, `sequence-set`, without `*`).

/// Whether `uid` is in `set`, such as `1:3,7`. Parts that are no numbers hold nothing.
pub(super) fn contains(set: &str, uid: u32) -> bool {
    set.split(',').any(|part| {
        let (first, last) = part.split_once(':').unwrap_or((part, part));
        match (first.parse::<u32>(), last.parse::<u32>()) {
            (Ok(first), Ok(last)) => (first.min(last)..=first.max(last)).contains(&uid),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn single_numbers_and_ranges_in_either_order_count() {
        for (set, uid, expected) in [
            ("1", 1, true),
            ("1:3,7", 2, true),
            ("1:3,7", 7, true),
            ("3:1", 2, true),
            ("1:3,7", 5, false),
            ("", 0, false),
            ("x:9", 5, false),
        ] {
            assert_eq!(contains(set, uid), expected, "{set} {uid}");
        }
    }
}
