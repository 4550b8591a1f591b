//! What an answer means.

/// What became of a POST that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Taken, now or before.
    Taken,
    /// Never to be taken: another try would be answered in the same way.
    Refused,
    /// Certainly not taken yet.
    Later,
    /// The host has trouble of its own, and nobody knows whether it was taken.
    Trouble,
}

/// By the status alone: what stands in the body is nobody's business.
pub(super) fn verdict(status: u16) -> Verdict {
    match status {
        // 409: this very event was taken before.
        200..=299 | 409 => Verdict::Taken,
        408 | 425 | 429 => Verdict::Later,
        500.. => Verdict::Trouble,
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (status, expected) in [
            (200, Verdict::Taken),
            (202, Verdict::Taken),
            (204, Verdict::Taken),
            (301, Verdict::Refused),
            (308, Verdict::Refused),
            (400, Verdict::Refused),
            (401, Verdict::Refused),
            (404, Verdict::Refused),
            (408, Verdict::Later),
            (409, Verdict::Taken),
            (410, Verdict::Refused),
            (425, Verdict::Later),
            (429, Verdict::Later),
            (500, Verdict::Trouble),
            (503, Verdict::Trouble),
            (599, Verdict::Trouble),
        ] {
            assert_eq!(verdict(status), expected, "{status}");
        }
    }
}
