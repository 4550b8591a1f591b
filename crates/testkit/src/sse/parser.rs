//! The text of an event stream (WHATWG HTML §9.2.6).

/// A line longer than this is a fault of the server.
const LONGEST_LINE: usize = 1 << 20;

/// What stands between two empty lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// The `event` field; without one, a browser calls the event `message`.
    pub event: Option<String>,
    /// The `id` field of this frame.
    pub id: Option<String>,
    /// The `data` lines, joined by line feeds. A frame without data is no event.
    pub data: Option<String>,
    /// The `retry` field, in milliseconds.
    pub retry: Option<u64>,
    /// The comment lines, joined by line feeds.
    pub comment: Option<String>,
}

/// Takes the bytes as they come.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    after_return: bool,
    started: bool,
    frame: Frame,
}

impl Parser {
    /// Takes more bytes and returns the frames that they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        for byte in bytes {
            let second_half = self.after_return && *byte == b'\n';
            self.after_return = *byte == b'\r';
            match byte {
                b'\n' if second_half => {}
                b'\r' | b'\n' => frames.extend(self.end_line()),
                _ => self.line.push(*byte),
            }
            assert!(self.line.len() < LONGEST_LINE, "a line of more than {LONGEST_LINE} bytes");
        }
        frames
    }

    fn end_line(&mut self) -> Option<Frame> {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        let line = if self.started { line.as_str() } else { line.strip_prefix('\u{feff}').unwrap_or(&line) };
        self.started = true;
        if line.is_empty() {
            let frame = std::mem::take(&mut self.frame);
            return (frame != Frame::default()).then_some(frame);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        self.frame.field(name, value.strip_prefix(' ').unwrap_or(value));
        None
    }
}

impl Frame {
    fn field(&mut self, name: &str, value: &str) {
        match name {
            "" => join(&mut self.comment, value),
            "data" => join(&mut self.data, value),
            "event" => self.event = Some(value.to_owned()),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => self.retry = value.parse().ok(),
            _ => {} // Other names are ignored, as the standard says.
        }
    }
}

fn join(lines: &mut Option<String>, line: &str) {
    match lines {
        Some(lines) => {
            lines.push('\n');
            lines.push_str(line);
        }
        None => *lines = Some(line.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "\u{feff}retry: 3000\n\n:hello\r\n\r\nevent: state\nid: a1\ndata: {\"x\":\ndata: 1}\n\nid\ndata\n\nodd: 1\n\n";

    fn frames(chunks: &[&[u8]]) -> Vec<Frame> {
        let mut parser = Parser::default();
        chunks.iter().flat_map(|chunk| parser.push(chunk)).collect()
    }

    #[test]
    fn fields_are_read_as_a_browser_reads_them() {
        let all = frames(&[TEXT.as_bytes()]);
        assert_eq!(all[0].retry, Some(3000));
        assert_eq!(all[1].comment.as_deref(), Some("hello"));
        assert_eq!(all[2].event.as_deref(), Some("state"));
        assert_eq!(all[2].data.as_deref(), Some("{\"x\":\n1}"));
        assert_eq!((all[3].id.as_deref(), all[3].data.as_deref()), (Some(""), Some("")));
        assert_eq!(all.len(), 4);
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_cut_changes_nothing(cut in 0..TEXT.len()) {
            let (first, second) = TEXT.as_bytes().split_at(cut);
            prop_assert_eq!(frames(&[first, second]), frames(&[TEXT.as_bytes()]));
        }
    }
}
