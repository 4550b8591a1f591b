//! Frames of an event stream (WHATWG HTML §9.2.5), with line feeds only: some clients split on LF LF alone.

use std::time::Duration;

use bytes::Bytes;

/// What a frame carries, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// What moved, with a new event id.
    State,
    /// A calendar alert.
    Alert,
    /// How many alerts did not fit.
    Missed,
    /// The ping that the client asked for.
    Ping,
    /// The wait before the client comes back.
    Retry,
    /// A comment: a heartbeat, or a word on why nothing else comes.
    Comment,
}

/// One frame, ready for the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: FrameKind,
    /// Its octets, the empty line at the end included.
    pub octets: Bytes,
}

/// Names of events are literals of ours, so they need no check.
const STATE_NAMES_AND_ID: usize = 64;

impl Frame {
    /// An event. Line breaks in `data` become further `data:` lines; `id` loses line breaks and NUL, with which a
    /// client would not take it.
    pub fn event(kind: FrameKind, name: &'static str, id: Option<&str>, data: &str) -> Self {
        let mut text = String::with_capacity(STATE_NAMES_AND_ID + id.map_or(0, str::len) + data.len());
        field(&mut text, "event", name);
        if let Some(id) = id {
            text.push_str("id: ");
            text.extend(id.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')));
            text.push('\n');
        }
        for line in lines(data) {
            field(&mut text, "data", line);
        }
        Self::end(kind, text)
    }

    /// A comment.
    pub fn comment(words: &str) -> Self {
        let mut text = String::with_capacity(words.len() + 4);
        for line in lines(words) {
            text.push_str(": ");
            text.push_str(line);
            text.push('\n');
        }
        Self::end(FrameKind::Comment, text)
    }

    /// How long the client is to wait before it connects again.
    pub fn retry(wait: Duration) -> Self {
        Self::end(FrameKind::Retry, format!("retry: {}\n", wait.as_millis()))
    }

    /// The same with an event id. It is no event, and a client remembers its id all the same (WHATWG HTML §9.2.6).
    pub fn retry_with_id(wait: Duration, id: &str) -> Self {
        let mut text = String::with_capacity(STATE_NAMES_AND_ID + id.len());
        field(&mut text, "id", id);
        field(&mut text, "retry", &wait.as_millis().to_string());
        Self::end(FrameKind::Retry, text)
    }

    fn end(kind: FrameKind, mut text: String) -> Self {
        text.push('\n');
        Self { kind, octets: text.into() }
    }
}

fn field(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str(": ");
    text.push_str(value);
    text.push('\n');
}

/// A carriage return ends a line for the client as a line feed does.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\r', '\n'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(frame: &Frame) -> &str {
        std::str::from_utf8(&frame.octets).unwrap()
    }

    #[test]
    fn event_is_written_field_by_field_in_order() {
        let frame = Frame::event(FrameKind::State, "push", Some("7"), "{\"a\":1}");
        assert_eq!(text(&frame), "event: push\nid: 7\ndata: {\"a\":1}\n\n");
        assert_eq!(text(&Frame::event(FrameKind::Ping, "ping", None, "{}")), "event: ping\ndata: {}\n\n");
    }

    #[test]
    fn retry_is_in_milliseconds_and_comments_start_with_a_colon() {
        assert_eq!(text(&Frame::retry(Duration::from_secs(3))), "retry: 3000\n\n");
        assert_eq!(text(&Frame::comment("up to date")), ": up to date\n\n");
    }

    proptest! {
        #[test]
        fn no_text_can_inject_a_field_or_end_a_frame(id in "(?s).*", data in "(?s).*", words in "(?s).*") {
            let event = Frame::event(FrameKind::State, "state", Some(&id), &data);
            let body = text(&event).strip_suffix("\n\n").unwrap();
            prop_assert!(!body.contains('\r') && !body.contains("\n\n"));
            let mut lines = body.split('\n');
            prop_assert_eq!(lines.next(), Some("event: state"));
            prop_assert!(lines.next().unwrap().starts_with("id: "));
            prop_assert!(lines.all(|line| line.starts_with("data: ")));
            let comment = Frame::comment(&words);
            let body = text(&comment).strip_suffix("\n\n").unwrap();
            prop_assert!(!body.contains('\r') && body.split('\n').all(|line| line.starts_with(": ")));
        }

        #[test]
        fn data_comes_out_as_it_went_in(data in "[^\r]*") {
            let event = Frame::event(FrameKind::State, "state", None, &data);
            let body = text(&event).strip_suffix("\n\n").unwrap();
            let read: Vec<&str> = body.split('\n').skip(1).map(|line| &line["data: ".len()..]).collect();
            prop_assert_eq!(read.join("\n"), data);
        }
    }
}
