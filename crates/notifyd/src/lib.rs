//! The slow path: work that needs the database or sends mail. Its groups turn calendar alarms of action email
//! into mail, tell owners of messages that were to be sent later and were not, and do what Sieve scripts ask for.
//!
//! - [`AlarmMailer`]: runs one job; asks the pure modules what to say, to whom, whether it is too late, and what a
//!   failure means.
//! - [`Notifyd`]: registers its groups with the bus, and serves the links by which recipients mute alarms.
//! - [`overrides`]: an operator's own words and templates.

mod alarm_mailer;
mod compose;
mod consequence;
mod dependencies;
mod dkim;
mod due;
mod envelope;
mod in_flight;
mod key;
mod late;
mod message;
mod mute;
pub mod overrides;
mod owed;
mod post;
mod preview;
mod reader;
mod recipients;
mod service;
mod settings;
mod sieve;
mod smtp;
mod telemetry;
mod texter;
mod unscheduled_mailer;
mod webhook;

pub use alarm_mailer::AlarmMailer;
pub use dkim::KeyError;
pub use overrides::OverrideError;
pub use preview::{Preview, PreviewError, PreviewUser};
pub use service::{ALARM_MAIL, GROUPS, Notifyd, SIEVE_MAIL, SMS, StartError, UNSCHEDULED_MAIL, WEBHOOK};
pub use settings::{
    DkimKey, DkimSettings, Login, Means, MuteSettings, OneClick, ReaderSettings, Sender, Settings,
    SieveSettings, SmsSettings, Smtp, Tls, UnscheduledSettings, WebhookError, WebhookSettings,
};
pub use sms_gateway::LONGEST_CALL;
pub use smtp::TrustError;
pub use telemetry::Metrics;
pub use webhook::InvalidHost;
