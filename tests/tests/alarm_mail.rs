//! An alarm set over CalDAV on a real Cyrus ends as one mail in a real SMTP server, and a display alarm on the stream.

use std::time::Duration;

use testkit::{
    eventually,
    icalendar::{self, Alarm},
    smtp::{Mail, RealSmtp},
};
use tests::{Beside, Plan};

/// Cyrus looks for alarms every 10 s or so.
const ALARM_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn an_email_alarm_is_one_mail_and_a_display_alarm_is_told_to_the_stream() {
    let smtp = RealSmtp::start().await;
    let mut beside = Beside::start(Plan { smtp_port: smtp.port(), ..Plan::default() }).await;
    beside.cyrus.imap("alice").await;
    let stream = beside.follow("alice").await;
    let dav = beside.cyrus.dav("alice");
    let email = icalendar::event("mail-me", "Team lunch, café", Alarm::Email("alice@example.org"), 3);
    let display = icalendar::event("show-me", "Stand-up", Alarm::Display, 3);
    dav.put_event("mail-me", &email.text()).await;
    dav.put_event("show-me", &display.text()).await;

    let mails = smtp.wait_for_mails(1, ALARM_WITHIN).await;
    let mail = &mails[0];
    assert_eq!(mail.header("X-RcptTo"), Some("alice@example.org"));
    assert!(mail.header("Subject").is_some_and(|subject| subject.contains("Team lunch, café")));
    assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
    let text = mail.text().unwrap_or_default();
    for part in ["Team lunch, café", "Café Müller, Köln", "(Berlin, GMT+"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }

    let html = mail.parts.iter().find(|(media_type, _)| media_type == "text/html");
    assert!(html.is_some_and(|(_, html)| html.as_deref().unwrap_or_default().contains("Café Müller, Köln")));

    let alert =
        eventually(ALARM_WITHIN, "the display alarm is told", async || stream.events("calendarAlert").pop())
            .await;
    assert_eq!(alert["uid"], "show-me");
    assert_eq!(alert["accountId"], "alice");

    // After a death everything that lies in the spool is gone over once more: nothing is sent again.
    beside.kill_and_replay().await;
    let later = icalendar::event("mail-me-too", "Dinner", Alarm::Email("alice@example.org"), 3);
    dav.put_event("mail-me-too", &later.text()).await;
    let mails = smtp.wait_for_mails(2, ALARM_WITHIN).await;
    let about = |words: &str| {
        let is_about = |mail: &&Mail| mail.header("Subject").is_some_and(|subject| subject.contains(words));
        mails.iter().filter(is_about).count()
    };
    assert_eq!((about("Team lunch"), about("Dinner"), mails.len()), (1, 1, 2));
}
