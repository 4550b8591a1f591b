//! SMS providers behind one contract: send a text message, and read what the provider tells of it later.
//!
//! It says of every call what is known about the money: the message was taken, was certainly not taken, or nobody knows.
//! It keeps nothing, repeats nothing and logs nothing of a message.

pub mod call;
mod exchange;
mod gateway;
mod receipt;
mod settings;
pub mod signature;
mod twilio;
mod vonage;
mod webhook;

pub use gateway::{Answered, Gateway, Outcome, Outgoing, Refusal};
pub use receipt::{Delivery, InvalidReceipt, Receipt, ReceiptRequest};
pub use settings::{
    InvalidSettings, LONGEST_CALL, Provider, Settings, TwilioSettings, VonageSettings, WebhookSettings, open,
};
