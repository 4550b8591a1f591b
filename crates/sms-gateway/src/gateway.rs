//! What every provider can do.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use crate::{InvalidReceipt, Provider, Receipt, ReceiptRequest};

/// A provider of SMS.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Asks the provider once to take a message, and says what is known then. Never asks a second time.
    async fn send(&self, text: &Outgoing<'_>) -> Answered;

    /// Reads what the provider tells of a message. `now` is in seconds since 1970. Says nothing that was not proven to
    /// come from the provider.
    fn receipt(&self, request: &ReceiptRequest<'_>, now: u64) -> Result<Receipt, InvalidReceipt>;

    /// Whether the same reference may be sent again after [`Outcome::Unknown`]: the provider takes it once.
    fn is_idempotent(&self) -> bool;

    /// Which provider it is.
    fn provider(&self) -> Provider;
}

/// A text message that is to be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// Our id of the message, 64 hexadecimal digits. Receipts name it.
    pub reference: &'a str,
    /// The recipient's number in E.164, with its plus.
    pub to: &'a str,
    /// The sender: a number in E.164, or what the provider takes besides (a short code, a name, for Twilio the `MG…` id
    /// of a messaging service).
    pub from: &'a str,
    /// The text as it is to be read.
    pub text: &'a str,
    /// The parts that it takes, as counted here.
    pub segments: u32,
    /// Whether it needs UCS-2, said by whoever counted the parts. Else it is in the GSM 7-bit alphabet.
    pub unicode: bool,
}

/// Hides what is private: the numbers and the text.
impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (reference, segments) = (&self.reference, &self.segments);
        f.debug_struct("Outgoing")
            .field("reference", reference)
            .field("segments", segments)
            .finish_non_exhaustive()
    }
}

/// What came of asking a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// What is known of the message.
    pub outcome: Outcome,
    /// How long the provider asks to be left alone, where it does not take messages for now: an hour at most.
    pub wait: Option<Duration>,
}

/// What is known of a message after the provider was asked to take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Taken, and to be paid.
    Accepted {
        /// The provider's name of the message. Vonage names each part: this is the first.
        id: String,
        /// The parts that the provider counts, where it says so.
        segments: Option<u32>,
    },
    /// Not taken, and never will be.
    Refused {
        /// Why not.
        reason: Refusal,
    },
    /// Not taken now; this very message may be sent later.
    Later,
    /// No connection: nothing was sent, and nothing else would be.
    GatewayAway,
    /// Not taken: our account with the provider is empty. Nothing else will be taken until it is filled.
    NoFunds,
    /// Not taken: the provider does not accept who we are or how we ask. A person must act.
    Misconfigured,
    /// The request was on its way, and no clear answer came. It may have been taken: only a gateway that
    /// [is idempotent](Gateway::is_idempotent) may be asked again.
    Unknown,
}

/// Why a provider refuses a message for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No number that can be reached: it is malformed, not in use, or cannot have SMS.
    Number,
    /// The recipient has asked this sender to stop.
    OptedOut,
    /// Our account does not send to that country.
    Country,
    /// The provider or the network bars the number or the text.
    Blocked,
    /// The text is empty or too long.
    Text,
    /// That sender cannot send there.
    Sender,
    /// Anything else.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_text_are_not_shown() {
        let text = Outgoing {
            reference: "ab12",
            to: "+15551234567",
            from: "+15557654321",
            text: "secret",
            segments: 1,
            unicode: false,
        };
        assert_eq!(format!("{text:?}"), r#"Outgoing { reference: "ab12", segments: 1, .. }"#);
    }
}
