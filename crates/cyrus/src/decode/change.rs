//! Changes in mailboxes.

use std::collections::BTreeMap;

use mailbox_event::{
    Account, Acl, ChangeKind, Counters, Mailbox, MailboxChange, MailboxId, MailboxType, Modseq, Rights,
};

use super::{fields::Fields, message};
use crate::{Dialect, Malformed, acl, counters, uri::MailboxUri};

/// Understands a change. Keys that cannot be understood stay in `extra`; only the mailbox has to be there.
pub(super) fn decode(
    dialect: &Dialect,
    kind: ChangeKind,
    mut fields: Fields,
) -> Result<MailboxChange, Malformed> {
    let acl = fields.take_text("vnd.cmu.mailboxACL").map(|text| acl::parse(&text));
    let uri = MailboxUri::parse(&fields.require("uri")?)?;
    let mailbox = mailbox(dialect, &uri, acl.as_ref(), &mut fields)?;
    Ok(MailboxChange {
        kind,
        from: from(dialect, mailbox.holds, acl.as_ref(), &mut fields),
        mailbox,
        actor: actor(dialect, &mut fields),
        counters: counters(&mut fields),
        jmap_states: jmap_states(&mut fields),
        acl,
        acl_change: acl_change(&mut fields),
        messages: message::facts(kind, uri.uid, &mut fields),
        service: fields.take_words("service"),
        timestamp: fields.take_words("timestamp"),
        server: fields.take_words("serverFQDN"),
        session: session(&mut fields),
        client: client(&mut fields),
        extra: fields.rest(),
    })
}

fn mailbox(
    dialect: &Dialect,
    uri: &MailboxUri,
    acl: Option<&Acl>,
    fields: &mut Fields,
) -> Result<Mailbox, Malformed> {
    let holds = fields.take_text("vnd.cmu.mbtype").map(|mbtype| holds(&mbtype, fields));
    let name = dialect.mailbox_name(&uri.mailbox, holds.unwrap_or_default(), acl)?;
    let holds = holds.unwrap_or_else(|| holds_by_name(&name.path));
    Ok(Mailbox { id: mailbox_id(fields), name, holds, uid_validity: uri.uid_validity })
}

/// The first letter is the type; the flags after it are kept.
fn holds(mbtype: &str, fields: &mut Fields) -> MailboxType {
    let mut letters = mbtype.chars();
    let letter = letters.next();
    if letters.next().is_some() {
        fields.keep("vnd.cmu.mbtype", mbtype);
    }
    match letter {
        None | Some('e') => MailboxType::Mail,
        Some('c') => MailboxType::Calendar,
        Some('a') => MailboxType::AddressBook,
        Some('b') => MailboxType::Collection,
        Some('s') => MailboxType::Submission,
        Some('f') => MailboxType::Sieve,
        Some('p') => MailboxType::PushSubscription,
        Some('j') => MailboxType::JmapNotification,
        Some('n') => MailboxType::Notes,
        Some(letter) => MailboxType::Other(letter),
    }
}

/// For events without a type: Cyrus' default prefixes (`calendarprefix` and its like in imapd.conf).
fn holds_by_name(path: &[String]) -> MailboxType {
    match path.first().map(String::as_str) {
        Some("#calendars") => MailboxType::Calendar,
        Some("#addressbooks") => MailboxType::AddressBook,
        Some("#drive" | "#notifications") => MailboxType::Collection,
        Some("#jmapsubmission") => MailboxType::Submission,
        Some("#sieve") => MailboxType::Sieve,
        Some("#jmapnotification") => MailboxType::JmapNotification,
        _ => MailboxType::Mail,
    }
}

/// From 3.13.1 on `mailboxUniqueId` is the unique id, and `mailboxID` may be another id that JMAP uses.
fn mailbox_id(fields: &mut Fields) -> Option<MailboxId> {
    let unique = fields.take_words("mailboxUniqueId");
    let is_url = fields.text("mailboxID").is_some_and(|id| id.starts_with("imap://"));
    if unique.is_some() || is_url {
        return unique.map(MailboxId);
    }
    fields.take_words("mailboxID").map(MailboxId)
}

/// Messages and folders only move among folders of one type. The list is that of where they went, but mostly the
/// owner is the same.
fn from(dialect: &Dialect, holds: MailboxType, acl: Option<&Acl>, fields: &mut Fields) -> Option<Mailbox> {
    fields.take("oldMailboxID", |value| {
        let uri = MailboxUri::parse(value.as_str()?).ok()?;
        let name = dialect.mailbox_name(&uri.mailbox, holds, acl).ok()?;
        Some(Mailbox { id: None, name, holds, uid_validity: uri.uid_validity })
    })
}

/// MailboxModseq has an empty user.
fn actor(dialect: &Dialect, fields: &mut Fields) -> Option<Account> {
    if fields.text("user") == Some("") {
        fields.take_text("user");
    }
    fields.take("user", |value| dialect.account(value.as_str()?, "user").ok())
}

/// Counters that are unknown leave their text in `extra`.
fn counters(fields: &mut Fields) -> Option<Counters> {
    fields.take("vnd.fastmail.counters", |value| counters::parse(value.as_str()?))
}

/// All of them or, should one be no number, none.
fn jmap_states(fields: &mut Fields) -> BTreeMap<String, Modseq> {
    let states = fields.take("vnd.fastmail.jmapStates", |value| {
        let states = value.as_object()?.iter();
        states.map(|(name, state)| Some((name.clone(), Modseq(state.as_str()?.parse().ok()?)))).collect()
    });
    states.unwrap_or_default()
}

fn acl_change(fields: &mut Fields) -> Option<(String, Option<Rights>)> {
    let subject = fields.take_words("aclSubject")?;
    Some((subject, fields.take_text("aclRights").map(Rights)))
}

/// Two keys that say the same where both are there.
fn session(fields: &mut Fields) -> Option<String> {
    let cmu = fields.take_words("vnd.cmu.sessionId");
    fields.take_words("vnd.fastmail.sessionId").or(cmu)
}

fn client(fields: &mut Fields) -> Option<String> {
    fields.take_words("vnd.fastmail.clientId")
}
