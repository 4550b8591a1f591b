//! What a failure means for a mail.

/// How far it had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Connecting, TLS, EHLO, AUTH.
    Connection,
    /// MAIL FROM
    Sender,
    /// RCPT TO
    Recipient,
    /// DATA, and the text up to its end.
    Data,
    /// The text's end was on its way.
    Content,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server said no, with this code (RFC 5321 §4.2).
    Reply(u16),
    /// The server cannot be reached, said nothing in time, or nothing that makes sense.
    Silence,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consequence {
    /// The server is of no use to any mail: wait for it. The mail was not taken.
    Away,
    /// Away, unless the server answers somebody else: then this mail later. It was not taken.
    Doubtful,
    /// This mail later. It was not taken.
    Later,
    /// This mail never.
    Refused,
    /// Nobody knows whether it was taken.
    Unknown,
}

/// The one place that decides.
pub(crate) fn consequence(phase: Phase, fault: Fault) -> Consequence {
    match (phase, fault) {
        (Phase::Content, Fault::Silence) => Consequence::Unknown,
        // Looking up a recipient may take a server longer than we wait, and what looks at a text may fail on it.
        (Phase::Recipient | Phase::Data, Fault::Silence)
        | (Phase::Recipient | Phase::Data | Phase::Content, Fault::Reply(421)) => Consequence::Doubtful,
        // 421: the server is closing, whatever the command was.
        (_, Fault::Silence | Fault::Reply(421)) | (Phase::Connection, Fault::Reply(_)) => Consequence::Away,
        // Refusing the sender for good is about our configuration, not about this mail.
        (Phase::Sender, Fault::Reply(500..)) => Consequence::Away,
        (_, Fault::Reply(..500)) => Consequence::Later,
        (_, Fault::Reply(500..)) => Consequence::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        use {Consequence::*, Fault::*, Phase::*};
        let rows = [
            (Connection, Silence, Away),
            (Connection, Reply(454), Away),
            (Connection, Reply(535), Away),
            (Connection, Reply(554), Away),
            (Sender, Silence, Away),
            (Sender, Reply(451), Later),
            (Sender, Reply(550), Away),
            (Recipient, Silence, Doubtful),
            (Recipient, Reply(421), Doubtful),
            (Recipient, Reply(450), Later),
            (Recipient, Reply(550), Refused),
            (Data, Reply(451), Later),
            (Data, Reply(554), Refused),
            (Data, Silence, Doubtful),
            (Content, Reply(421), Doubtful),
            (Content, Reply(452), Later),
            (Content, Reply(554), Refused),
            (Content, Silence, Unknown),
        ];
        for (phase, fault, expected) in rows {
            assert_eq!(consequence(phase, fault), expected, "{phase:?} {fault:?}");
        }
    }
}
