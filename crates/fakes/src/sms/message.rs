//! What was taken.

/// A message that the gateway took, and its sender pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMessage {
    /// In which form it came.
    pub form: Form,
    /// The sender's own id of it; empty if none was given.
    pub reference: String,
    /// The names that this gateway gave: one, or one for each part where the form has it so.
    pub ids: Vec<String>,
    /// The recipient, as written.
    pub to: String,
    /// The sender, as written.
    pub from: String,
    /// The text.
    pub text: String,
    /// Its parts, counted here.
    pub segments: u32,
    /// Where receipts go.
    pub callback: Option<String>,
}

/// The provider that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Twilio's Messages resource.
    Twilio,
    /// Vonage's SMS API.
    Vonage,
    /// The signed form of `docs/sms-webhook.md`.
    Webhook,
}

/// What a receipt tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is on its way.
    Sent,
    /// It is on the phone.
    Delivered,
    /// It will not be.
    Undelivered,
}
