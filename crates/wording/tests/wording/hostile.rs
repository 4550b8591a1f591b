use proptest::prelude::*;
use wording::{Alarm, EventTime, Language, Mail, Reader};

use crate::cases::{lunch, reader, wording};

/// The longest that any mail may become, in octets, text or HTML.
const LONGEST: usize = 128 * 1024;

/// A change that somebody hostile, or a broken calendar, makes to an alarm.
struct Row {
    what: &'static str,
    change: fn(&mut Alarm<'static>),
    /// What the text has to hold still.
    holds: &'static str,
}

/// A text of 100 kB; the tests may keep it for ever.
fn long(unit: &str) -> &'static str {
    Box::leak(unit.repeat(100_000 / unit.len()).into_boxed_str())
}

fn all_texts(alarm: &mut Alarm<'static>, text: &'static str) {
    for field in [
        &mut alarm.title,
        &mut alarm.description,
        &mut alarm.location,
        &mut alarm.calendar,
        &mut alarm.organiser,
    ] {
        *field = text;
    }
    (alarm.attendees[0].name, alarm.attendees[0].email) = (text, text);
}

const ROWS: &[Row] = &[
    Row {
        what: "line breaks begin no header",
        change: |alarm| all_texts(alarm, "Lunch\r\nBcc: all@example.org\r\n\r\n<p>body"),
        holds: "Lunch Bcc: all@example.org",
    },
    Row {
        what: "an encoded word is not decoded after cleaning",
        change: |alarm| all_texts(alarm, "=?utf-8?b?cGF5IOKArmxpdmU=?="),
        holds: "= ?utf-8?b?cGF5IOKArmxpdmU= ?=",
    },
    Row {
        what: "bidi controls and invisible tags",
        change: |alarm| all_texts(alarm, "\u{202e}gpj.exe\u{2066}\u{200f}\u{e0041}\u{feff}"),
        holds: "gpj.exe",
    },
    Row {
        what: "isolates that are closed too often or never",
        change: |alarm| all_texts(alarm, "\u{2069}\u{2069}a\u{2067}ب"),
        holds: "aب",
    },
    Row {
        what: "HTML",
        change: |alarm| all_texts(alarm, "</title></td><script>alert('x')</script><img src=//evil \"'>"),
        holds: "<script>alert('x')</script>",
    },
    Row { what: "templates", change: |alarm| all_texts(alarm, "{{ 7*7 }}{% if"), holds: "{{ 7*7 }}{% if" },
    Row { what: "words", change: |alarm| all_texts(alarm, "{ $title } { -x }"), holds: "{ $title } { -x }" },
    Row { what: "100 kB in one word", change: |alarm| all_texts(alarm, long("x")), holds: "xxx…" },
    Row {
        what: "100 kB of four octets each", change: |alarm| all_texts(alarm, long("😀")), holds: "😀…"
    },
    Row { what: "100 kB of lines", change: |alarm| all_texts(alarm, long("y\n")), holds: "y y" },
    Row { what: "100 kB of ampersands", change: |alarm| all_texts(alarm, long("&")), holds: "&&…" },
    Row { what: "replaced octets", change: |alarm| all_texts(alarm, "Caf\u{fffd}"), holds: "Caf\u{fffd}" },
    Row { what: "only controls", change: |alarm| all_texts(alarm, "\0\u{7}\r\n\u{1b}"), holds: "\n-- \n" },
    Row {
        what: "500 attendees",
        change: |alarm| alarm.attendees = vec![alarm.attendees[0]; 500],
        holds: "450",
    },
    Row {
        what: "a zone that is none",
        change: |alarm| {
            alarm.time = EventTime::parse("20261122T121500", "", "../../etc/passwd\r\nX: \u{202e}<b>");
        },
        holds: "../../etc/passwd X: <b>",
    },
    Row {
        what: "a year before any",
        change: |alarm| alarm.time = EventTime::parse("00000101T000000", "00000101T000000", "Asia/Tokyo"),
        holds: "Tokyo",
    },
    Row {
        what: "the last second of all",
        change: |alarm| alarm.time = EventTime::parse("99991231T235959", "99991231T235959", "Etc/GMT+12"),
        holds: "9999",
    },
    Row {
        what: "from the first day to the last",
        change: |alarm| alarm.time = EventTime::parse("00000101", "99991231", ""),
        holds: "9999",
    },
    Row {
        what: "times that are none",
        change: |alarm| alarm.time = EventTime::parse("20261399T996600\r\nBcc: x", "\u{202e}", "Asia/Tokyo"),
        holds: "20261399T996600 Bcc: x Asia/Tokyo",
    },
];

/// What holds for every mail, whatever it was made of.
fn check(mail: &Mail, what: &str) {
    assert!(mail.subject.chars().count() <= 300, "{what}: {}", mail.subject);
    assert!(!mail.subject.chars().any(char::is_control), "{what}: {}", mail.subject);
    for part in [&mail.subject, &mail.text, &mail.html] {
        assert!(part.len() <= LONGEST, "{what}: {} octets", part.len());
        let stray = |c: char| {
            c.is_control() && c != '\n' || "\u{202a}\u{202b}\u{202d}\u{202e}\u{2066}\u{2067}".contains(c)
        };
        assert!(!part.chars().any(stray), "{what}: {part:?}");
        for line in part.lines() {
            assert_isolates_are_paired(line, what);
        }
    }
    let tags = |tag: &str| mail.html.matches(tag).count();
    for tag in ["<script", "<img", "<iframe", "onerror=", "src=\"", "url("] {
        assert_eq!(tags(tag), 0, "{what}: {tag}");
    }
    assert_eq!((tags("<title>"), tags("</title>"), tags("<style>")), (1, 1, 1), "{what}");
    assert_eq!(tags("<td"), tags("</td>"), "{what}");
    assert_eq!(mail.text.matches("\n-- \n").count(), 1, "{what}: {}", mail.text);
}

fn assert_isolates_are_paired(line: &str, what: &str) {
    let mut open = 0_i32;
    for c in line.chars() {
        open += i32::from(c == '\u{2068}') - i32::from(c == '\u{2069}');
        assert!((0..=2).contains(&open), "{what}: {line:?}");
    }
    assert_eq!(open, 0, "{what}: {line:?}");
}

#[test]
fn hostile_input_stays_where_it_belongs() {
    let wording = wording();
    for row in ROWS {
        for (tag, zone) in [("en", "America/New_York"), ("ar-AE", ""), ("ja", "Pacific/Kiritimati")] {
            let mut alarm = lunch(EventTime::parse("20261122T121500", "20261122T134500", "Europe/Berlin"));
            (row.change)(&mut alarm);
            let mail = wording.alarm(&alarm, &reader(tag, zone)).unwrap();
            check(&mail, row.what);
            if tag == "en" {
                assert!(mail.text.contains(row.holds), "{}: {}", row.what, mail.text);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_breaks_a_mail(
        texts in prop::array::uniform3("\\PC{0,40}|[\\r\\n\\u{0}\\u{202e}\\u{2067}\\u{2069}a-zא-ת<>&: -]{0,80}"),
        language in 0..Language::ALL.len(),
    ) {
        let wording = wording();
        let [title, description, zone] = &texts;
        let time = EventTime::parse("20261122T121500", "20261122T134500", zone);
        let alarm = Alarm { title, description, location: title, time, ..lunch(EventTime::parse("", "", "")) };
        let mail = wording.alarm(&alarm, &Reader::of(Language::ALL[language])).unwrap();
        check(&mail, "any text");
    }
}
