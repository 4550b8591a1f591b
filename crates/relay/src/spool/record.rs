//! One notification in the spool, and its form on disk.
//!
//! Little endian: length of the body (u32), CRC-32 of the body (u32), then the body: sequence (u64), taken at (u64,
//! Unix ms), form (u8), length of the payload (u32), the payload, and what is left is the message file, present only
//! when the form's highest bit is set.

use bytes::Bytes;
use mailbox_event::UnixMillis;

/// Length and CRC.
pub(super) const HEAD: usize = 8;
/// Sequence, taken at, form, length of the payload.
const BODY_HEAD: usize = 8 + 8 + 1 + 4;
const HAS_MESSAGE: u8 = 0x80;

/// How a notification came, and so how its octets are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// One datagram.
    Datagram,
    /// One connection.
    Dlist,
}

/// One notification as it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the spool, from 1. Rises, with gaps after an unclean stop.
    pub sequence: u64,
    /// When it was taken.
    pub taken_at: UnixMillis,
    /// How it came.
    pub form: Form,
    /// The octets from the socket.
    pub payload: Bytes,
    /// The message file it named, as far as it could be read.
    pub message: Option<Bytes>,
}

/// What stands at the start of some octets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A sound record and its length.
    Record(Record, usize),
    /// A record of that length whose CRC does not fit.
    Damaged(usize),
    /// A record that needs this many octets, more than there are.
    Short(usize),
    /// No record can be that short: what follows cannot be told apart.
    Garbage,
}

impl Record {
    /// Octets of this record on disk.
    pub(crate) fn encoded_len(&self) -> usize {
        HEAD + BODY_HEAD + self.payload.len() + self.message.as_ref().map_or(0, Bytes::len)
    }

    /// The form on disk; `None` when a length does not fit its field.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let body_len = u32::try_from(self.encoded_len() - HEAD).ok()?;
        let payload_len = u32::try_from(self.payload.len()).ok()?;
        let mut octets = Vec::with_capacity(self.encoded_len());
        octets.extend(body_len.to_le_bytes());
        octets.extend([0; 4]);
        octets.extend(self.sequence.to_le_bytes());
        octets.extend(self.taken_at.0.to_le_bytes());
        octets.push(self.form.code() | if self.message.is_some() { HAS_MESSAGE } else { 0 });
        octets.extend(payload_len.to_le_bytes());
        octets.extend(&self.payload);
        octets.extend(self.message.iter().flatten());
        let crc = crc32fast::hash(&octets[HEAD..]);
        octets[4..HEAD].copy_from_slice(&crc.to_le_bytes());
        Some(octets)
    }

    /// Looks at the start of `octets`; payloads share its memory.
    pub(super) fn find(octets: &Bytes) -> Found {
        let (Some(body_len), Some(crc)) = (u32_at(octets, 0), u32_at(octets, 4)) else {
            return Found::Short(HEAD);
        };
        let len = HEAD + body_len as usize;
        if (body_len as usize) < BODY_HEAD {
            return Found::Garbage;
        }
        if octets.len() < len {
            return Found::Short(len);
        }
        let body = octets.slice(HEAD..len);
        match (crc32fast::hash(&body) == crc).then(|| Self::from_body(&body)).flatten() {
            Some(record) => Found::Record(record, len),
            None => Found::Damaged(len),
        }
    }

    fn from_body(body: &Bytes) -> Option<Self> {
        let form = *body.get(16)?;
        let payload_end = BODY_HEAD.checked_add(u32_at(body, 17)? as usize)?;
        if payload_end > body.len() {
            return None;
        }
        Some(Self {
            sequence: u64_at(body, 0)?,
            taken_at: UnixMillis(u64_at(body, 8)?),
            form: Form::from_code(form & !HAS_MESSAGE)?,
            payload: body.slice(BODY_HEAD..payload_end),
            message: (form & HAS_MESSAGE != 0).then(|| body.slice(payload_end..)),
        })
    }
}

impl Form {
    fn code(self) -> u8 {
        match self {
            Self::Datagram => 1,
            Self::Dlist => 2,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Datagram),
            2 => Some(Self::Dlist),
            _ => None,
        }
    }
}

pub(super) fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

pub(super) fn u64_at(octets: &[u8], at: usize) -> Option<u64> {
    octets.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_record() -> impl Strategy<Value = Record> {
        let octets = || prop::collection::vec(any::<u8>(), 0..200).prop_map(Bytes::from);
        (any::<u64>(), any::<u64>(), any::<bool>(), octets(), prop::option::of(octets())).prop_map(
            |(sequence, at, dlist, payload, message)| Record {
                sequence,
                taken_at: UnixMillis(at),
                form: if dlist { Form::Dlist } else { Form::Datagram },
                payload,
                message,
            },
        )
    }

    proptest! {
        #[test]
        fn a_record_is_found_again(record in any_record()) {
            let octets = Bytes::from(record.encode().unwrap());
            prop_assert_eq!(octets.len(), record.encoded_len());
            let len = octets.len();
            prop_assert_eq!(Record::find(&octets), Found::Record(record, len));
        }

        #[test]
        fn a_cut_record_is_short(record in any_record(), cut in 0.0..1.0f64) {
            let octets = record.encode().unwrap();
            let kept = (octets.len() as f64 * cut) as usize;
            let found = Record::find(&Bytes::copy_from_slice(&octets[..kept]));
            prop_assert!(matches!(found, Found::Short(_)));
        }

        #[test]
        fn a_flipped_bit_in_the_body_is_noticed(record in any_record(), at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let mut octets = record.encode().unwrap();
            let body = octets.len() - HEAD;
            octets[HEAD + at.index(body)] ^= 1 << bit;
            prop_assert_eq!(Record::find(&Bytes::from(octets.clone())), Found::Damaged(octets.len()));
        }

        #[test]
        fn any_octets_are_read_without_panic(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            Record::find(&Bytes::from(octets));
        }
    }
}
