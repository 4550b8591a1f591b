//! What a real Cyrus 3.6.1 said, and words that mean something to the decoders.

use std::{fs, path::Path};

use cyrus::datagram;
use serde_json::Value;

pub const DATAGRAM_WORDS: [&str; 8] =
    ["\0", "0\0", "1\0", "1024\0", "1025\0", "4294967296\0", "+1\0", "EVENT\0"];

pub const DLIST_WORDS: [&str; 24] = [
    "NOTIFY ",
    "%(",
    "(",
    ")",
    "()",
    " ",
    "\"",
    "\\",
    "\\\"",
    "{0}\r\n",
    "{3}\r\n",
    "{5+}\r\n",
    "{65536}\r\n",
    "{4294967295+}\r\n",
    "{99999999999999999999}\r\n",
    "\r\n",
    "\n",
    "NIL",
    "CLASS",
    "EVENT",
    "MESSAGE",
    "OPTIONS",
    "USER",
    "FILEPATH",
];

pub const MESSAGE_WORDS: [&str; 40] = [
    "{\"\":",
    "}",
    "[",
    "]",
    "{",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "0",
    "-1",
    "0.1",
    "1e308",
    "1e999",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "\\u0000",
    "\\ud800",
    "\"event\":",
    "\"uri\":",
    "\"user\":",
    "\"vnd.cmu.mailboxACL\":",
    "\"vnd.cmu.envelope\":",
    "\"vnd.fastmail.counters\":",
    "MessageNew",
    "AclChange",
    "CalendarAlarm",
    "ApplePushService",
    "MessagesUnscheduled",
    "MailboxRename",
    "imap://h/user/",
    "%40",
    "%ff",
    ";UIDVALIDITY=",
    "/;UID=",
    "DELETED",
    "İ",
    "\\t",
];

pub const TEXTS: [&str; 4] = [
    "(\"Wed, 1 Jan 2025 10:00:00 +0000\" \"=?utf-8?q?caf=C3=A9?=\" ((\"A\" NIL \"a\" \"x.org\")) NIL NIL NIL NIL NIL \
     NIL \"<1@x>\")",
    "=?utf-8?B?Y2Fmw6k=?= =?ISO-2022-JP?B?GyRCJEYbKEI=?= =?Shift_JIS?b?gsY=?=",
    "imap://imap1.example.org/user/alice/Team%2fA;UIDVALIDITY=1795313647/;UID=7",
    "imap://alice@x.org/DELETED.user.alice.Team.5F3A1B2C;UIDVALIDITY=1",
];

pub const TEXT_WORDS: [&str; 20] = [
    "=?",
    "?=",
    "?q?",
    "?B?",
    "=C3",
    "utf-8",
    "utf-16le",
    "gb18030",
    "hz-gb-2312",
    "ISO-2022-KR",
    "()",
    "((",
    "))",
    "NIL",
    "{1}\r\n",
    "\"",
    "%00",
    "%ff",
    "imap://",
    ";UIDVALIDITY=99999999999",
];

pub fn datagrams() -> Vec<Vec<u8>> {
    let text = |field: &Value| field.as_str().unwrap().to_owned();
    let joined = |fields: &Vec<Value>| fields.iter().map(text).collect::<Vec<_>>().join("\0").into_bytes();
    captures("cyrus-3.6.1-full")
        .iter()
        .map(|capture| joined(capture["datagram"].as_array().unwrap()))
        .collect()
}

pub fn lines() -> Vec<Vec<u8>> {
    captures("cyrus-3.6.1-full-dlist")
        .iter()
        .map(|capture| capture["stream"].as_str().unwrap().into())
        .collect()
}

pub fn messages() -> Vec<Vec<u8>> {
    datagrams().iter().map(|octets| datagram::parse(octets).unwrap().message).collect()
}

fn captures(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/captures/{name}.jsonl"));
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
