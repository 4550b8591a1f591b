//! Each provider's gateway against a fake that speaks its form, and both against what the providers publish.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod oracles;
mod outcomes;
mod receipts;
mod site;
