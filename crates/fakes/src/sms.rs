//! A provider of SMS that speaks Twilio's form, Vonage's and the signed one of `docs/sms-webhook.md` on one port. It
//! checks who asks, keeps the last of what it took, and sends receipts when told to.
//!
//! It shares no code with what it stands in for: signatures and segments are worked out here once more.

mod account;
mod answer;
mod callback;
mod desk;
mod faults;
mod forms;
mod gateway;
mod message;
mod segments;

pub use account::Account;
pub use faults::Fault;
pub use gateway::{GatewaySettings, SmsGateway};
pub use message::{Form, Status, TextMessage};
pub use segments::segments;
