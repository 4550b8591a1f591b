//! Where publishing stands: one small checksummed record, overwritten in place.
//!
//! It may lag behind, and may be lost: replaying what is published already does no harm. It is shorter than a disk's
//! sector, so that a power cut leaves either the old one or the next one; anything else fails the checksum.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path, sync::Arc};

use super::{
    file,
    record::{u32_at, u64_at},
};

const MAGIC: &[u8; 8] = b"RELAYPO1";
const LENGTH: usize = 8 + 8 + 8 + 1 + 4;

/// What the record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Every notification below is published.
    pub publish: u64,
    /// The next sequence number to give, as it was when the record was written.
    pub append: u64,
    /// Whether the spool was closed in order, so that nothing above `append` was ever given.
    pub clean: bool,
}

/// The file that holds it.
#[derive(Debug, Clone)]
pub(super) struct PositionFile(Arc<File>);

impl PositionFile {
    /// Opens or creates it; the position is `None` where there is none that is sound.
    pub fn open(path: &Path) -> io::Result<(Self, Option<Position>)> {
        let file = file::options().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut octets = [0; LENGTH];
        let position = match file.read_exact_at(&mut octets, 0) {
            Ok(()) => Position::decode(&octets),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(error) => return Err(error),
        };
        Ok((Self(Arc::new(file)), position))
    }

    /// Writes it to the page cache.
    pub fn store(&self, position: Position) -> io::Result<()> {
        self.0.write_all_at(&position.encode(), 0)
    }

    /// Has it reach the disk, by `sync`.
    pub fn sync(&self, sync: &impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
        sync(&self.0)
    }
}

impl Position {
    fn encode(self) -> [u8; LENGTH] {
        let mut octets = [0; LENGTH];
        octets[..8].copy_from_slice(MAGIC);
        octets[8..16].copy_from_slice(&self.publish.to_le_bytes());
        octets[16..24].copy_from_slice(&self.append.to_le_bytes());
        octets[24] = u8::from(self.clean);
        let crc = crc32fast::hash(&octets[..25]);
        octets[25..].copy_from_slice(&crc.to_le_bytes());
        octets
    }

    fn decode(octets: &[u8; LENGTH]) -> Option<Self> {
        let sound = octets.starts_with(MAGIC) && u32_at(octets, 25)? == crc32fast::hash(&octets[..25]);
        sound.then_some(())?;
        Some(Self { publish: u64_at(octets, 8)?, append: u64_at(octets, 16)?, clean: octets[24] == 1 })
    }
}
