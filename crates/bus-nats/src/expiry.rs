//! Values that carry their own end: NATS 2.9 ends none by itself, so the end is in the value and our clock judges it.

use bytes::{BufMut, Bytes, BytesMut};
use mailbox_event::UnixMillis;

/// The form of what follows: the end in Unix ms, eight octets, big endian; then the value.
const FORM: u8 = 1;

const HEAD: usize = 1 + size_of::<u64>();

/// Puts the end before the value.
pub(crate) fn encode(end: UnixMillis, value: &[u8]) -> Bytes {
    let mut octets = BytesMut::with_capacity(HEAD + value.len());
    octets.put_u8(FORM);
    octets.put_u64(end.0);
    octets.put_slice(value);
    octets.freeze()
}

/// The end and the value; nothing if it is in no form that is known.
pub(crate) fn decode(octets: &Bytes) -> Option<(UnixMillis, Bytes)> {
    let (&form, rest) = octets.split_first()?;
    let end = rest.first_chunk().copied().map(u64::from_be_bytes)?;
    (form == FORM).then(|| (UnixMillis(end), octets.slice(HEAD..)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_form_never_changes() {
        assert_eq!(encode(UnixMillis(0x0102), b"v"), b"\x01\0\0\0\0\0\0\x01\x02v".as_slice());
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(end in any::<u64>(), value in any::<Vec<u8>>()) {
            let read = decode(&encode(UnixMillis(end), &value));
            prop_assert_eq!(read, Some((UnixMillis(end), Bytes::from(value))));
        }

        #[test]
        fn anything_may_be_read(octets in any::<Vec<u8>>()) {
            let octets = Bytes::from(octets);
            if let Some((end, value)) = decode(&octets) {
                prop_assert_eq!(encode(end, &value), octets);
            }
        }
    }
}
