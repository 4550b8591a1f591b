//! How values travel on the bus: MessagePack with names kept, after a version octet; JSON for people who look.

use serde::{Serialize, de::DeserializeOwned};

/// The first octet of every MessagePack value of ours.
pub const VERSION: u8 = 1;

/// Octets of a MessagePack value that most values of ours do not pass: room that is made once.
const USUAL: usize = 512;

/// How deep a MessagePack value may nest: as deep as JSON is read. Each level takes stack, and the reader's own bound
/// of 1024 levels is more than the stack of a thread holds.
const DEEPEST: usize = 128;

/// The form that a writer chooses; a reader takes either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// Version octet, then MessagePack with field names.
    #[default]
    MessagePack,
    /// JSON text.
    Json,
}

/// Octets that are no value of ours.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Nothing there.
    #[error("value is empty")]
    Empty,
    /// Written by a newer version.
    #[error("value has version {0}, which this program does not know")]
    Version(u8),
    /// Not the type that was asked for.
    #[error("value is malformed")]
    MessagePack(#[from] rmp_serde::decode::Error),
    /// Not the type that was asked for.
    #[error("value is malformed")]
    Json(#[from] serde_json::Error),
}

/// A value that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// A type that MessagePack cannot express.
    #[error("value cannot be written as MessagePack")]
    MessagePack(#[from] rmp_serde::encode::Error),
    /// A type that JSON cannot express.
    #[error("value cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// Writes `value`.
pub fn encode<T: Serialize>(value: &T, form: Form) -> Result<Vec<u8>, EncodeError> {
    match form {
        Form::Json => Ok(serde_json::to_vec(value)?),
        Form::MessagePack => {
            let mut octets = Vec::with_capacity(USUAL);
            octets.push(VERSION);
            rmp_serde::encode::write_named(&mut octets, value)?;
            Ok(octets)
        }
    }
}

/// Reads a value in whichever form it was written.
pub fn decode<T: DeserializeOwned>(octets: &[u8]) -> Result<T, DecodeError> {
    match octets {
        [] => Err(DecodeError::Empty),
        [VERSION, value @ ..] => Ok(decode_message_pack(value)?),
        [b'{' | b'[' | b'"', ..] => Ok(serde_json::from_slice(octets)?),
        [version, ..] => Err(DecodeError::Version(*version)),
    }
}

fn decode_message_pack<T: DeserializeOwned>(octets: &[u8]) -> Result<T, rmp_serde::decode::Error> {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(octets);
    deserializer.set_max_depth(DEEPEST);
    T::deserialize(&mut deserializer)
}
