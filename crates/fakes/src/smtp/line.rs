//! Reading lines of bounded length.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// One line as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// With its line break.
    Whole(Vec<u8>),
    /// It was longer than the bound; its text is gone.
    TooLong,
}

/// The next line, never holding more than `longest` octets of it (line break included); `None` at the end. A last
/// line without a line break is no line.
pub(super) async fn read(
    input: &mut (impl AsyncBufRead + Unpin),
    longest: usize,
) -> io::Result<Option<Line>> {
    let (mut line, mut too_long) = (Vec::new(), false);
    loop {
        let chunk = input.fill_buf().await?;
        if chunk.is_empty() {
            return Ok(None);
        }
        let end = chunk.iter().position(|&octet| octet == b'\n').map(|place| place + 1);
        let taken = end.unwrap_or(chunk.len());
        too_long |= line.len() + taken > longest;
        if !too_long {
            line.extend_from_slice(&chunk[..taken]);
        }
        input.consume(taken);
        if end.is_some() {
            return Ok(Some(if too_long { Line::TooLong } else { Line::Whole(line) }));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::BufReader;

    use super::*;

    #[tokio::test]
    async fn lines_are_the_same_however_they_arrive() {
        for size in [1, 3, 100] {
            let mut input = BufReader::with_capacity(size, &b"NOOP\r\nan overlong line\r\nQUIT\nhalf"[..]);
            assert_eq!(read(&mut input, 8).await.unwrap(), Some(Line::Whole(b"NOOP\r\n".to_vec())));
            assert_eq!(read(&mut input, 8).await.unwrap(), Some(Line::TooLong));
            assert_eq!(read(&mut input, 8).await.unwrap(), Some(Line::Whole(b"QUIT\n".to_vec())));
            assert_eq!(read(&mut input, 8).await.unwrap(), None);
        }
    }
}
