//! What a change says about messages.

use mailbox_event::{ChangeKind, Envelope, MessageFacts, Modseq};

use super::fields::Fields;
use crate::envelope;

/// Takes what is said about messages. `uid` is that of the mailbox's URI.
pub(super) fn facts(kind: ChangeKind, uid: Option<u32>, fields: &mut Fields) -> MessageFacts {
    let uid_set = fields.take_words("uidset");
    let flags = fields.take_text("flagNames").unwrap_or_default();
    MessageFacts {
        uid: uid.or_else(|| uid_set.as_ref()?.parse().ok()),
        uid_set,
        old_uid_set: fields.take_words("vnd.cmu.oldUidset"),
        modseq: fields.take_number("modseq").map(Modseq),
        message_ids: message_ids(fields),
        flags: flags.split_ascii_whitespace().map(str::to_owned).collect(),
        size: fields.take_number("messageSize"),
        exists: exists(kind, fields),
        unseen: fields.take_number("vnd.cmu.unseenMessages"),
        conversations: fields.take_number("vnd.fastmail.convExists"),
        unseen_conversations: fields.take_number("vnd.fastmail.convUnseen"),
        uid_next: fields.take_number("uidnext"),
        envelope: envelope(fields),
        conversation: fields.take_words("vnd.fastmail.cid"),
        email_id: fields.take_words("vnd.cmu.emailid"),
        thread_id: fields.take_words("vnd.cmu.threadid"),
        dav_filename: fields.take_words("vnd.cmu.davFilename"),
        dav_uid: fields.take_words("vnd.cmu.davUid"),
    }
}

/// Cyrus says the word NIL for a message without a Message-ID.
fn message_ids(fields: &mut Fields) -> Vec<String> {
    let mut ids = fields.take_texts("vnd.cmu.midset").unwrap_or_default();
    ids.retain(|id| id != "NIL");
    ids
}

/// In quota events `messages` counts those of the whole quota root; it stays in `extra`.
fn exists(kind: ChangeKind, fields: &mut Fields) -> Option<u32> {
    match kind {
        ChangeKind::QuotaExceed | ChangeKind::QuotaWithin | ChangeKind::QuotaChange => None,
        _ => fields.take_number("messages"),
    }
}

/// One that cannot be read stays in `extra` as it came.
fn envelope(fields: &mut Fields) -> Option<Envelope> {
    fields.take("vnd.cmu.envelope", |value| envelope::parse(value.as_str()?).ok())
}
