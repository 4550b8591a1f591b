//! What a failure means for a mail.

/// How far it had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Connecting, greeting, EHLO.
    Connection,
    /// STARTTLS and the handshake.
    Protection,
    /// AUTH
    Login,
    /// MAIL FROM
    Sender,
    /// MAIL FROM with a null sender, which some servers take from nobody who logs in.
    NullSender,
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
    /// The server does not offer what is needed: STARTTLS, a way to log in that we know, or SMTPUTF8.
    NotOffered,
    /// The server's certificate does not count.
    Certificate(Distrust),
}

/// Why a certificate does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// Nobody whom we trust has signed it.
    UnknownIssuer,
    /// Its time is over.
    Expired,
    /// It is another server's.
    OtherName,
    /// Anything else.
    Invalid,
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
        (Phase::Connection | Phase::Protection | Phase::Login, _)
        | (_, Fault::Silence | Fault::Reply(421) | Fault::Certificate(_)) => Consequence::Away,
        // Refusing the sender for good is about our configuration, not about this mail. So is 530 whoever sends it: the
        // server wants a login or TLS first (RFC 4954 §6, RFC 3207 §4).
        (Phase::Sender, Fault::Reply(500..)) | (Phase::NullSender, Fault::Reply(530)) => Consequence::Away,
        (_, Fault::Reply(..500)) => Consequence::Later,
        (_, Fault::Reply(500..) | Fault::NotOffered) => Consequence::Refused,
    }
}

/// Whether it stays so until somebody sets up the server or us differently.
pub(crate) fn needs_a_person(phase: Phase, fault: Fault) -> bool {
    match (phase, fault) {
        (_, Fault::Certificate(_))
        | (Phase::Protection | Phase::Login, Fault::NotOffered | Fault::Reply(500..))
        | (Phase::Sender, Fault::Reply(500..))
        | (Phase::NullSender, Fault::Reply(530)) => true,
        (_, Fault::Reply(_) | Fault::Silence | Fault::NotOffered) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        use {Consequence::*, Fault::*, Phase::*};
        let (waits, person) = (false, true);
        let rows = [
            (Connection, Silence, Away, waits),
            (Connection, Reply(454), Away, waits),
            (Connection, Reply(554), Away, waits),
            (Protection, Silence, Away, waits),
            (Protection, Reply(454), Away, waits),
            (Protection, Reply(502), Away, person),
            (Protection, NotOffered, Away, person),
            (Protection, Certificate(Distrust::Expired), Away, person),
            (Login, Silence, Away, waits),
            (Login, Reply(454), Away, waits),
            (Login, Reply(535), Away, person),
            (Login, NotOffered, Away, person),
            (Sender, Silence, Away, waits),
            (Sender, Reply(451), Later, waits),
            (Sender, Reply(550), Away, person),
            (NullSender, Silence, Away, waits),
            (NullSender, Reply(421), Away, waits),
            (NullSender, Reply(451), Later, waits),
            (NullSender, Reply(530), Away, person),
            (NullSender, Reply(550), Refused, waits),
            (Recipient, Silence, Doubtful, waits),
            (Recipient, Reply(421), Doubtful, waits),
            (Recipient, Reply(450), Later, waits),
            (Recipient, Reply(550), Refused, waits),
            (Recipient, NotOffered, Refused, waits),
            (Data, Reply(451), Later, waits),
            (Data, Reply(554), Refused, waits),
            (Data, Silence, Doubtful, waits),
            (Content, Reply(421), Doubtful, waits),
            (Content, Reply(452), Later, waits),
            (Content, Reply(554), Refused, waits),
            (Content, Silence, Unknown, waits),
        ];
        for (phase, fault, expected, person) in rows {
            assert_eq!(consequence(phase, fault), expected, "{phase:?} {fault:?}");
            assert_eq!(needs_a_person(phase, fault), person, "{phase:?} {fault:?}");
        }
    }
}
