//! Whether an alarm is still of use.

use std::time::Duration;

use mailbox_event::{CalendarAlarm, UnixMillis};
use wording::EventTime;

use crate::{compose, telemetry::DropReason};

/// A mail that is this young is sent as usual, even when the event is over: events without length end as they start, and an
/// alarm may be set for after the end.
const PROMPT: Duration = Duration::from_secs(15 * 60);

/// Whether the mail has to say that it is late.
pub(crate) fn is_late(went_off: UnixMillis, now: UnixMillis) -> bool {
    age(went_off, now) > PROMPT
}

/// Whether what was taken at `taken_at` is older than `useful_for`.
pub(crate) fn is_older(taken_at: UnixMillis, now: UnixMillis, useful_for: Duration) -> bool {
    age(taken_at, now) > useful_for
}

fn age(since: UnixMillis, now: UnixMillis) -> Duration {
    Duration::from_millis(now.0.saturating_sub(since.0))
}

/// When the alarm went off. The mail server may have been away then, and announces it later: relay took it at `taken_at`.
/// That counts where the alarm's own time is in no zone that is known here.
pub(crate) fn went_off(alarm: &CalendarAlarm, taken_at: UnixMillis) -> UnixMillis {
    let EventTime::Zoned { start, .. } = EventTime::parse(&alarm.alarm_time, "", &alarm.timezone) else {
        return taken_at;
    };
    // Of an hour that a clock shows twice, the second: nothing is called late that may not be.
    let set_for = start.time_zone().to_ambiguous_zoned(start.datetime()).later();
    let set_for = set_for.ok().and_then(|time| u64::try_from(time.timestamp().as_millisecond()).ok());
    set_for.map_or(taken_at, |set_for| UnixMillis(set_for).min(taken_at))
}

/// Why the mail is of no use at `now`, if so.
pub(crate) fn useless(
    alarm: &CalendarAlarm,
    went_off: UnixMillis,
    now: UnixMillis,
    useful_for: Duration,
) -> Option<DropReason> {
    let age = age(went_off, now);
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
    fn an_alarm_that_was_announced_late_went_off_when_it_was_set_for() {
        let mut alarm = captured();
        let set_for = at("2026-11-22T02:12:48Z");
        for (taken, went_off) in [
            ("2026-11-22T02:12:48Z", set_for),
            ("2026-11-22T02:40:00Z", set_for),
            // The mail server's clock is ahead of relay's.
            ("2026-11-22T02:12:40Z", at("2026-11-22T02:12:40Z")),
        ] {
            assert_eq!(super::went_off(&alarm, at(taken)), went_off, "{taken}");
        }
        for zone in ["[floating]", "W. Europe Standard Time", ""] {
            alarm.timezone = zone.into();
            let taken_at = at("2026-11-22T23:00:00Z");
            assert_eq!(super::went_off(&alarm, taken_at), taken_at, "{zone:?}");
        }
    }

    #[test]
    fn an_alarm_in_an_hour_that_comes_twice_went_off_in_the_second() {
        let mut alarm = captured();
        alarm.alarm_time = "20261025T023000".into();
        let taken_at = at("2026-10-25T04:00:00Z");
        assert_eq!(went_off(&alarm, taken_at), at("2026-10-25T01:30:00Z"));
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
