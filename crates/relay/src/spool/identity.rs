//! The spool's identity: half of every event's id.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use mailbox_event::RelayId;

use super::file;

/// Reads the identity, or writes `drawn` where there is none. The flag says whether it was drawn.
///
/// It must reach the disk before the first event does: the same sequence numbers under another identity would be
/// other events.
pub(super) fn load_or_create(folder: &Path, drawn: RelayId) -> io::Result<(RelayId, bool)> {
    let path = folder.join("relay-id");
    match fs::read_to_string(&path) {
        Ok(text) => parse(&text).map(|id| (id, false)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let aside = folder.join("relay-id.part");
            let mut out = file::options().write(true).create(true).truncate(true).open(&aside)?;
            writeln!(out, "{:016x}", drawn.0)?;
            out.sync_all()?;
            fs::rename(&aside, &path)?;
            file::sync_folder(folder)?;
            Ok((drawn, true))
        }
        Err(error) => Err(error),
    }
}

fn parse(text: &str) -> io::Result<RelayId> {
    u64::from_str_radix(text.trim(), 16).map(RelayId).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidData, "relay-id does not hold 16 hexadecimal digits")
    })
}
