//! The envelope of a message (RFC 9051 §7.5.2), decoded.

use serde::{Deserialize, Serialize};

/// One address of an envelope, encoded words decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Address {
    /// The display name.
    pub name: Option<String>,
    /// The part before the `@`.
    pub mailbox: Option<String>,
    /// The part after it.
    pub host: Option<String>,
}

/// What the envelope of a message says; texts are Unicode, encoded words (RFC 2047) decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Envelope {
    /// The Date header as written.
    pub date: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// From.
    pub from: Vec<Address>,
    /// Sender.
    pub sender: Vec<Address>,
    /// Reply-To.
    pub reply_to: Vec<Address>,
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
    /// Bcc.
    pub bcc: Vec<Address>,
    /// In-Reply-To as written.
    pub in_reply_to: Option<String>,
    /// Message-ID as written, with its angle brackets.
    pub message_id: Option<String>,
}
