//! What an answer means.

use std::time::Duration;

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

/// Who asks for more time than that is asked again all the same.
const LONGEST_WAIT: u64 = 3_600;

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

/// `Retry-After` in seconds. A date is not read: clocks differ, and the usual waits do as well.
pub(super) fn wait(retry_after: &str) -> Option<Duration> {
    let seconds: u64 = retry_after.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(LONGEST_WAIT)))
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

    #[test]
    fn waits_are_bounded_and_dates_are_not_read() {
        assert_eq!(wait(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(wait("99999999"), Some(Duration::from_secs(LONGEST_WAIT)));
        for text in ["", "-1", "1.5", "Sun, 22 Nov 2026 14:00:00 GMT"] {
            assert_eq!(wait(text), None, "{text}");
        }
    }
}
