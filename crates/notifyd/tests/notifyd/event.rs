//! The attached event, as Python's email package and icalendar read it, which were not written here.

use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::setup::{World, alarm, job, settings, sink};

/// Prints the mail's shape, and the properties of the one event in it.
const READ: &str = r"
import email, email.policy, icalendar, json, sys
mail = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
shape = [part.get_content_type() for part in mail.walk()]
assert not any(part.defects for part in mail.walk()), [part.defects for part in mail.walk()]
attached, = mail.iter_attachments()
assert attached.get_content_disposition() == 'attachment' and attached.get_filename() == 'event.ics'
octets = attached.get_payload(decode=True)
assert all(len(line) <= 75 for line in octets.splitlines())
calendar = icalendar.Calendar.from_ical(octets)
assert not calendar.errors and 'METHOD' not in calendar
event, = calendar.subcomponents
assert event.name == 'VEVENT' and not event.errors and not event.subcomponents
text = lambda value: str(value.dt) if hasattr(value, 'dt') else str(value)
print(json.dumps([shape, {name: text(value) for name, value in event.property_items(recursive=False) if name not in ('BEGIN', 'END')}]))
";

fn read(mail: &[u8]) -> Value {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("mail");
    std::fs::write(&file, mail).unwrap();
    let mut command = Command::new(testkit::program::clients().join("bin/python"));
    command.args(["-c", READ]).stdin(std::fs::File::open(&file).unwrap());
    let output = command.output().expect("icalendar is installed: run tests/run --prepare");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn hostile_event_is_attached_and_read_as_what_it_is() {
    let sink = sink().await;
    let mut settings = settings(sink.local_addr());
    settings.attach_event = true;
    let world = World::with(settings).await;
    let mut alarm = alarm(&["bob@example.org"]);
    alarm.recurrence_id = Some(String::new());
    alarm.uid = "lab-1\r\nATTENDEE:mailto:eve@example.org".into();
    alarm.summary = "Lunch; at \"noon\", or \\n later\r\nBEGIN:VALARM 🍲 دعوة".into();
    alarm.location = "Café\u{202e} Müller, Köln; 2\\3".into();
    alarm.description = format!("One, two\r\nEND:VEVENT\nthree\u{0}\u{1b}\\, {}", "é🍲".repeat(100));
    alarm.organizer = "eve@example.org\r\nMETHOD:CANCEL".into();
    world.run(&job(alarm)).await.unwrap();
    let event = &read(&sink.mails()[0].octets);
    let shape = ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar"];
    assert_eq!(event[0], json!(shape));
    let stamp = event[1]["DTSTAMP"].as_str().unwrap();
    assert_eq!(
        event[1],
        json!({
            "UID": "lab-1 ATTENDEE:mailto:eve@example.org",
            "DTSTAMP": stamp,
            "DTSTART": "2099-11-22 02:17:48+00:00",
            "DTEND": "2099-11-22 03:17:48+00:00",
            "SUMMARY": "Lunch; at \"noon\", or \\n later BEGIN:VALARM 🍲 دعوة",
            "LOCATION": "Café Müller, Köln; 2\\3",
            "DESCRIPTION": format!("One, two\nEND:VEVENT\nthree\\, {}", "é🍲".repeat(100)),
        })
    );
}

#[tokio::test]
async fn days_are_attached_as_days_and_what_nobody_can_place_is_not() {
    let sink = sink().await;
    let mut settings = settings(sink.local_addr());
    settings.attach_event = true;
    let world = World::with(settings).await;
    let mut days = alarm(&["bob@example.org"]);
    (days.start, days.end, days.all_day) = ("20991122".into(), "20991124".into(), true);
    world.run(&job(days)).await.unwrap();
    let event = &read(&sink.mails()[0].octets)[1];
    assert_eq!((&event["DTSTART"], &event["DTEND"]), (&json!("2099-11-22"), &json!("2099-11-24")));
    assert_eq!(event["ORGANIZER"], "mailto:alice@example.org");
    assert_ne!(event["UID"], "lab-1", "it may be one of a series");
    let mut nowhere = alarm(&["bob@example.org"]);
    nowhere.timezone = "Mars/Olympus".into();
    world.run(&job(nowhere)).await.unwrap();
    let mail = String::from_utf8(sink.mails()[1].octets.clone()).unwrap();
    assert!(!mail.contains("text/calendar") && mail.contains("\r\nContent-Type: multipart/alternative;"));
}
