//! The notifications of Sieve scripts (RFC 5435): those by mail, and the notices of what was over a budget. Those by POST
//! are in [`crate::webhook`].

mod mailer;
mod plain;
mod ration;
mod sweep;
mod taken;
mod unset;

pub(crate) use mailer::SieveMailer;
pub(crate) use ration::{Ration, millis};
pub(crate) use sweep::{Sweeper, forget_budgets, sweep};
pub(crate) use taken::Taken;
pub(crate) use unset::Unset;
