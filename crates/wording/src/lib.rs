//! What mails say: words, dates and layout in the reader's language, time zone and hour cycle. Pure functions of what
//! happened and of who reads it; no clock, no socket.
//!
//! - [`Wording`]: words and templates, ours or an operator's; turns an [`Alarm`] and its [`Reader`] into a [`Mail`].
//! - [`Language`], [`Locale`], [`Reader`]: who reads.
//! - [`EventTime`]: when an event is, as calendars write it.
//! - [`Alarm::calendar_object`]: the event for other calendars.
//! - [`sms`]: text messages, their price and their short forms.

mod alarm;
mod calendar_object;
mod clean;
mod content;
mod dates;
mod direction;
mod event_time;
mod language;
mod mail;
mod mute_page;
mod notice;
mod overrides;
mod reader;
pub mod sms;
mod templates;
mod unscheduled;
mod when;
mod wording;
mod words;

pub use alarm::{Alarm, Attendee, Links, Participation};
pub use event_time::EventTime;
pub use language::{Direction, Language, Locale};
pub use mail::{Mail, RenderError};
pub use mute_page::MutePage;
pub use notice::Notice;
pub use overrides::{FileError, OverrideErrors};
pub use reader::{HourCycle, Reader, UnknownZone};
pub use unscheduled::Unscheduled;
pub use wording::Wording;
