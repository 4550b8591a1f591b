//! Whether an alarm is still of use.

use std::time::Duration;

use mailbox_event::{CalendarAlarm, UnixMillis};

use crate::{compose, telemetry::DropReason};

/// A mail that is this young is sent as usual, even when the event is over: events without length end as they start, and an
/// alarm may be set for after the end.
const PROMPT: Duration = Duration::from_secs(15 * 60);

/// Whether the mail has to say that it is late.
pub(crate) fn is_late(taken_at: UnixMillis, now: UnixMillis) -> bool {
    age(taken_at, now) > PROMPT
}

/// Whether what was taken at `taken_at` is older than `useful_for`.
pub(crate) fn is_older(taken_at: UnixMillis, now: UnixMillis, useful_for: Duration) -> bool {
    age(taken_at, now) > useful_for
}

fn age(taken_at: UnixMillis, now: UnixMillis) -> Duration {
    Duration::from_millis(now.0.saturating_sub(taken_at.0))
}

/// Why the mail is of no use at `now`, if so. `taken_at` is when relay took the alarm from the mail server, which
/// announces alarms when they go off.
pub(crate) fn useless(
    alarm: &CalendarAlarm,
    taken_at: UnixMillis,
    now: UnixMillis,
    useful_for: Duration,
) -> Option<DropReason> {
    let age = age(taken_at, now);
    let is_over = || {
        let end = compose::time(alarm).over_at().and_then(|end| u64::try_from(end.as_millisecond()).ok());
        end.is_some_and(|end| end < now.0)
    };
    if age > useful_for {
        Some(DropReason::Late)
    } else if age > PROMPT && is_over() {
        Some(DropReason::EventOver)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::tests::captured;

    const MINUTE: u64 = 60_000;

    fn at(text: &str) -> UnixMillis {
        UnixMillis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond().unsigned_abs())
    }

    fn judge(alarm: &CalendarAlarm, taken_at: UnixMillis, minutes: u64) -> Option<DropReason> {
        let now = UnixMillis(taken_at.0 + minutes * MINUTE);
        useless(alarm, taken_at, now, Duration::from_secs(7200))
    }

    #[test]
    fn quarter_of_an_hour_is_not_late() {
        let minutes = |minutes: u64| UnixMillis(minutes * MINUTE);
        assert!(!is_late(minutes(5), minutes(20)));
        assert!(is_late(minutes(5), minutes(21)));
        assert!(!is_late(minutes(5), minutes(4)), "clocks of two machines differ");
    }

    #[test]
    fn two_hours_are_too_late() {
        let mut alarm = captured();
        alarm.end = "20271122T041748".into();
        let taken_at = at("2026-11-22T02:12:48Z");
        assert_eq!(judge(&alarm, taken_at, 120), None);
        assert_eq!(judge(&alarm, taken_at, 121), Some(DropReason::Late));
    }

    #[test]
    fn after_the_end_is_too_late_in_the_events_zone() {
        // 04:17:48 in Berlin is 03:17:48 UTC.
        let taken_at = at("2026-11-22T02:12:48Z");
        assert_eq!(judge(&captured(), taken_at, 64), None);
        assert_eq!(judge(&captured(), taken_at, 66), Some(DropReason::EventOver));
    }

    #[test]
    fn each_boundary_is_still_on_the_early_side() {
        let mut alarm = captured();
        let taken_at = at("2026-11-22T02:12:48Z");
        let judge = |alarm: &CalendarAlarm, millis: u64| {
            let now = UnixMillis(taken_at.0 + millis);
            (is_late(taken_at, now), useless(alarm, taken_at, now, Duration::from_secs(7200)))
        };
        assert_eq!(judge(&alarm, 15 * MINUTE), (false, None));
        assert_eq!(judge(&alarm, 15 * MINUTE + 1), (true, None));
        // The event ends 65 minutes after.
        assert_eq!(judge(&alarm, 65 * MINUTE), (true, None));
        assert_eq!(judge(&alarm, 65 * MINUTE + 1), (true, Some(DropReason::EventOver)));
        // Over for as long as can be, and still prompt.
        alarm.end.clone_from(&alarm.start);
        assert_eq!(judge(&alarm, 15 * MINUTE), (false, None));
        assert_eq!(judge(&alarm, 15 * MINUTE + 1), (true, Some(DropReason::EventOver)));
        alarm.end = "20271122T041748".into();
        assert_eq!(judge(&alarm, 120 * MINUTE), (true, None));
        assert_eq!(judge(&alarm, 120 * MINUTE + 1), (true, Some(DropReason::Late)));
    }

    #[test]
    fn prompt_mail_about_an_event_without_length_is_sent() {
        let mut alarm = captured();
        alarm.end.clone_from(&alarm.start);
        let start = at("2026-11-22T02:17:48Z");
        assert_eq!(judge(&alarm, start, 1), None);
        assert_eq!(judge(&alarm, start, 16), Some(DropReason::EventOver));
    }

    #[test]
    fn doubt_is_for_the_user() {
        let mut alarm = captured();
        alarm.timezone = "[floating]".into();
        let taken_at = at("2026-11-22T14:00:00Z");
        assert_eq!(judge(&alarm, taken_at, 100), None, "it may be 02:40 in Alaska");
        (alarm.start, alarm.end) = ("soon".into(), "later".into());
        assert_eq!(judge(&alarm, taken_at, 100), None);
        (alarm.start, alarm.end, alarm.all_day) = ("20261122".into(), "20261123".into(), true);
        assert_eq!(judge(&alarm, taken_at, 100), None);
    }
}
