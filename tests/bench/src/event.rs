//! One change, as it travels from the driver to a peer.

/// A change of the mail of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Index of the account.
    pub account: u32,
    /// Rises over all accounts, so that it tells when it was sent.
    pub modseq: u64,
}

/// Octets of an event on the inlet.
pub const EVENT_OCTETS: usize = 12;

/// The first modseq. All have ten digits, so that all frames are of one length.
pub const FIRST_MODSEQ: u64 = 1_000_000_000;

impl Event {
    /// Answered with one octet when all before it is done.
    pub const BARRIER: Self = Self { account: u32::MAX, modseq: 0 };

    /// As it is sent.
    pub fn octets(self) -> [u8; EVENT_OCTETS] {
        let mut octets = [0; EVENT_OCTETS];
        octets[..4].copy_from_slice(&self.account.to_le_bytes());
        octets[4..].copy_from_slice(&self.modseq.to_le_bytes());
        octets
    }

    /// Takes all whole events out of `octets`.
    pub fn drain(octets: &mut Vec<u8>) -> Vec<Self> {
        let whole = octets.len() - octets.len() % EVENT_OCTETS;
        octets.drain(..whole).collect::<Vec<_>>().chunks_exact(EVENT_OCTETS).map(Self::read).collect()
    }

    fn read(octets: &[u8]) -> Self {
        let number = |part: &[u8]| part.iter().rev().fold(0, |number, octet| number << 8 | u64::from(*octet));
        let account = u32::try_from(number(&octets[..4])).unwrap_or(u32::MAX);
        Self { account, modseq: number(&octets[4..]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_as_they_were_sent_and_the_rest_is_kept() {
        let events = [Event { account: 7, modseq: FIRST_MODSEQ }, Event::BARRIER];
        let mut octets: Vec<u8> = events.iter().flat_map(|event| event.octets()).collect();
        octets.push(9);
        assert_eq!(Event::drain(&mut octets), events);
        assert_eq!(octets, [9]);
    }
}
