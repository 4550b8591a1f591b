//! One compact line per notification.

use mailbox_event::{
    Acl, CalendarAlarm, Counters, Mailbox, MailboxChange, MessageFacts, Notification, SieveNotification,
};

/// What a notification says, for a reader.
pub fn of(notification: &Notification) -> String {
    match notification {
        Notification::Mailbox(change) => mailbox_change(change),
        Notification::Alarm(alarm) => calendar_alarm(alarm),
        Notification::Sieve(sieve) => sieve_text(sieve),
        Notification::NewMail(mail) => {
            format!("NewMail {} {} {:?}", mail.account.as_str(), mail.mailbox, mail.text)
        }
        Notification::Scheduling(imip) => format!("Scheduling {:?}", imip.fields),
        Notification::Device(device) => {
            format!("Device {} dav={} {:?}", device.account.as_str(), device.dav, device.fields.keys())
        }
        Notification::Unscheduled(unscheduled) => format!("Unscheduled {}", unscheduled.count),
        Notification::Other(other) => {
            let keys: Vec<_> = other.fields.keys().map(String::as_str).collect();
            format!("Other {} {} {}", other.class, other.name.as_deref().unwrap_or("-"), keys.join(","))
        }
    }
}

/// Class, kind, mailbox and subject: what two runs of one scenario have in common.
pub fn without_numbers(notification: &Notification) -> String {
    match notification {
        Notification::Mailbox(change) => {
            format!("{:?} {} {:?}", change.kind, place(&change.mailbox), subject(&change.messages))
        }
        Notification::Alarm(alarm) => {
            format!("{:?} {} {}", alarm.action, alarm.account.as_str(), alarm.summary)
        }
        other => of(other),
    }
}

fn mailbox_change(change: &MailboxChange) -> String {
    let mut line = format!("{:?} {} {:?}", change.kind, place(&change.mailbox), change.mailbox.holds);
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            line.push_str(&format!(" {key}={value}"));
        }
    };
    let facts = &change.messages;
    let set = |set: &Option<String>| set.as_ref().map(|set| format!("{{{set}}}"));
    add("from", change.from.as_ref().map(place));
    add("by", change.actor.as_ref().map(|actor| actor.as_str().to_owned()));
    add("service", change.service.clone());
    add("counters", change.counters.as_ref().map(counters));
    add("states", (!change.jmap_states.is_empty()).then(|| change.jmap_states.len().to_string()));
    add("uid", facts.uid.map(|uid| uid.to_string()));
    add("uids", set(&facts.uid_set));
    add("old-uids", set(&facts.old_uid_set));
    add("modseq", facts.modseq.map(|modseq| modseq.to_string()));
    add("exists", facts.exists.map(|exists| exists.to_string()));
    add("unseen", facts.unseen.map(|unseen| unseen.to_string()));
    add("next", facts.uid_next.map(|next| next.to_string()));
    add("conversations", facts.conversations.map(|count| count.to_string()));
    add("flags", (!facts.flags.is_empty()).then(|| facts.flags.join(",")));
    add("ids", (!facts.message_ids.is_empty()).then(|| facts.message_ids.len().to_string()));
    add(
        "dav",
        facts.dav_filename.as_ref().zip(facts.dav_uid.as_ref()).map(|(file, uid)| format!("{file}:{uid}")),
    );
    add("rights-of", change.acl_change.as_ref().map(|(who, rights)| format!("{who}:{rights:?}")));
    add("acl", change.acl.as_ref().map(acl));
    add("sender", sender(facts));
    add("subject", subject(facts).map(|subject| format!("{subject:?}")));
    line
}

fn place(mailbox: &Mailbox) -> String {
    let owner = mailbox.name.owner.as_ref().map_or("shared", |owner| owner.as_str());
    format!("{owner}:/{}", mailbox.name.path.join("/"))
}

fn counters(counters: &Counters) -> String {
    format!("{}:{}/{}/{}", counters.highest, counters.mail, counters.calendar, counters.contacts)
}

fn acl(acl: &Acl) -> String {
    let sign = |negative| if negative { "-" } else { "" };
    let entries =
        acl.0.iter().map(|entry| format!("{}{}:{}", sign(entry.negative), entry.identifier, entry.rights.0));
    entries.collect::<Vec<_>>().join(",")
}

fn sender(facts: &MessageFacts) -> Option<String> {
    let sender = facts.envelope.as_ref()?.from.first()?;
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    Some(format!("{:?}<{}@{}>", part(&sender.name), part(&sender.mailbox), part(&sender.host)))
}

fn subject(facts: &MessageFacts) -> Option<String> {
    facts.envelope.as_ref()?.subject.clone()
}

fn calendar_alarm(alarm: &CalendarAlarm) -> String {
    let people =
        alarm.attendees.iter().map(|person| format!("{}<{}>{}", person.name, person.email, person.status));
    format!(
        "Alarm {:?} {}:{}({}) {} to={:?} {:?} {:?} {:?} {} {}-{} all-day={} with={} by={}",
        alarm.action,
        alarm.account.as_str(),
        alarm.calendar_id,
        alarm.calendar_name,
        alarm.uid,
        alarm.recipients,
        alarm.summary,
        alarm.description,
        alarm.location,
        alarm.timezone,
        alarm.start,
        alarm.end,
        alarm.all_day,
        people.collect::<Vec<_>>().join(","),
        alarm.organizer,
    )
}

fn sieve_text(sieve: &SieveNotification) -> String {
    format!(
        "Sieve {} {} {} {:?} {:?}",
        sieve.account.as_str(),
        sieve.method,
        sieve.priority,
        sieve.options,
        sieve.text
    )
}
