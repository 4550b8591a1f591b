use std::{env, fs, path::Path};

use wording::{Alarm, EventTime, Mail, MutePage, Notice, Unscheduled};

use crate::cases::{lunch, plain, reader, wording};

/// The languages, with a zone that people live in.
const READERS: [(&str, &str); 4] =
    [("de", "Europe/Berlin"), ("en", "America/Los_Angeles"), ("ja", "Asia/Tokyo"), ("ar", "Africa/Cairo")];

/// Where the files are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");

const HOSTILE: &str =
    "</title><script>alert(1)</script>\r\nBcc: all@example.org\u{202e}txt.exe & \"more\" {{ 7*7 }}";

fn alarms(zone: &str) -> Vec<(&'static str, Alarm<'static>)> {
    let lunch_at = |start, end, zone| lunch(EventTime::parse(start, end, zone));
    let timed = lunch_at("20261122T121500", "20261122T134500", zone);
    vec![
        ("timed", timed.clone()),
        ("late", Alarm { is_late: true, ..timed.clone() }),
        ("recurring", Alarm { is_recurring: true, ..timed }),
        ("zone-differs", lunch_at("20261122T121500", "20261122T134500", "America/New_York")),
        ("floating", plain("Take the medicine", EventTime::parse("20261122T080000", "", "[floating]"))),
        ("all-day", plain("عيد ميلاد ليلى", EventTime::parse("20261122", "20261123", zone))),
        ("multi-day", plain("Rust 会議", EventTime::parse("20261230", "20270102", ""))),
        ("unknown-zone", lunch_at("20261122T121500", "20261122T134500", "Customized Time Zone 1")),
        ("hostile", hostile()),
    ]
}

fn hostile() -> Alarm<'static> {
    let mut alarm = lunch(EventTime::parse("20261122T121500", "20261123T011500", "Europe/Berlin"));
    (alarm.title, alarm.description, alarm.location, alarm.calendar) = (HOSTILE, HOSTILE, HOSTILE, HOSTILE);
    alarm.attendees = vec![alarm.attendees[0]; 53];
    alarm.attendees[0].name = HOSTILE;
    alarm
}

fn notices() -> [(&'static str, Notice<'static>); 4] {
    let owner = "alice@example.org";
    let rule = Notice::Sieve {
        owner,
        title: Some("You have mail"),
        text: "You have mail",
        sender: "Robert Norris",
        subject: "café menu",
    };
    let hostile = Notice::Sieve { owner, title: None, text: HOSTILE, sender: HOSTILE, subject: HOSTILE };
    [
        ("sieve", rule),
        ("sieve-hostile", hostile),
        ("more", Notice::More { count: 5 }),
        ("credit-ended", Notice::CreditEnded),
    ]
}

/// Every mail with the name of its file.
fn mails() -> Vec<(String, Mail)> {
    let wording = wording();
    let mut mails = Vec::new();
    for (tag, zone) in READERS {
        let reader = reader(tag, zone);
        for (name, alarm) in alarms(zone) {
            mails.push((format!("{name}.{tag}"), wording.alarm(&alarm, &reader).unwrap()));
        }
        // The clocks that change are the event's.
        let night = lunch(EventTime::parse("20261024T233000Z", "20261025T013000Z", "Europe/Berlin"));
        let anywhere = wording::Reader { zone: None, ..reader.clone() };
        mails.push((format!("cross-dst.{tag}"), wording.alarm(&night, &anywhere).unwrap()));
        for count in [1, 5] {
            let unscheduled = wording.unscheduled(Unscheduled { count }, &reader).unwrap();
            mails.push((format!("unscheduled-{count}.{tag}"), unscheduled));
        }
        for (name, notice) in notices() {
            mails.push((format!("{name}.{tag}"), wording.notice(&notice, &reader).unwrap()));
        }
    }
    mails
}

/// The pages behind the links of mails, with the names of their files.
fn pages() -> Vec<(String, String)> {
    let wording = wording();
    let of_reader = |tag: &str, zone: &str| {
        let language = reader(tag, zone).locale.language();
        MutePage::ALL.map(|(name, page)| {
            (format!("mute-{name}.{tag}.html"), wording.mute_page(page, language).unwrap())
        })
    };
    READERS.into_iter().flat_map(|(tag, zone)| of_reader(tag, zone)).collect()
}

/// Mails and pages, by the names of their files.
fn files() -> Vec<(String, String)> {
    let mut files = pages();
    for (name, mail) in mails() {
        let text = format!("Subject: {}\n\n{}", mail.subject, mail.text);
        files.extend([(format!("{name}.txt"), text), (format!("{name}.html"), mail.html)]);
    }
    files
}

#[test]
fn mails_and_pages_are_those_in_the_repository() {
    let update = env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut differing = Vec::new();
    for (file, content) in files() {
        let path = Path::new(FOLDER).join(&file);
        if update {
            fs::write(&path, content).unwrap();
        } else if fs::read_to_string(&path).ok().as_deref() != Some(content.as_str()) {
            differing.push(file);
        }
    }
    assert!(differing.is_empty(), "look, then run again with UPDATE_SNAPSHOTS=1: {differing:?}");
}

#[test]
fn every_file_is_that_of_a_mail_or_page() {
    let names: Vec<_> = files().into_iter().map(|(name, _)| name).collect();
    for entry in fs::read_dir(FOLDER).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&file), "{file} is left over");
    }
}
