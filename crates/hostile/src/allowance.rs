//! What a decoder may allocate.

/// The most memory that reading some octets may hold at one moment: so much for each octet, and so much in any case.
///
/// Both follow from the types that are built, not from what was once seen. Growing a vector by copying holds the old
/// and the doubled one: three times what is in it.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    per_octet: u64,
    constant: u64,
}

impl Allowance {
    /// In octets, for each octet read and in any case.
    pub const fn new(per_octet: u64, constant: u64) -> Self {
        Self { per_octet, constant }
    }

    /// Reads `octets` and fails the test if that held more at any moment. Counts this thread's allocations only.
    pub fn hold<O: AsRef<[u8]> + ?Sized, T>(self, octets: &O, read: impl FnOnce(&O) -> T) -> T {
        let allowed = octets.as_ref().len() as u64 * self.per_octet + self.constant;
        let mut value = None;
        let held = allocation_counter::measure(|| value = Some(read(octets))).bytes_max;
        assert!(held <= allowed, "{held} octets held for {} that were read", octets.as_ref().len());
        value.expect("what is measured is run")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_within_the_allowance_is_returned() {
        assert_eq!(Allowance::new(1, 0).hold(b"four", |octets| octets.to_vec()), b"four");
    }

    #[test]
    #[should_panic(expected = "8 octets held for 4")]
    fn what_is_held_for_a_moment_counts() {
        Allowance::new(1, 3).hold(b"four", |octets| octets.repeat(2).len());
    }
}
