//! Values from the bus, fed with golden files that were broken.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test by panicking")]

use std::{fs, path::Path};

use hostile::{Allowance, Broken, SLICE, check};
use mailbox_event::{
    Account, Event,
    codec::{self, Form},
};

/// In MessagePack `81 a0` opens a map in a map: two octets for a node of a B-tree with room for eleven keys and values,
/// some 640 octets. Before an array is read, room for as many items as it claims to have is made, up to 1 MiB; four
/// arrays may lie in one another.
const EVENT: Allowance = Allowance::new(640 / 2 + 64, 4 << 20);

const WORDS: [&[u8]; 40] = [
    b"\x01",
    b"\x02",
    b"\x80",
    b"\x81",
    b"\x81\xa0",
    b"\x90",
    b"\x91",
    b"\xa0",
    b"\xc0",
    b"\xc1",
    b"\xc3",
    b"\xc4\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xc7\x01\x05",
    b"\xca\x7f\xc0\x00\x00",
    b"\xcb\x7f\xf0\0\0\0\0\0\0",
    b"\xcc\xff",
    b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xd3\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xd9\x01",
    b"\xdb\xff\xff\xff\xff",
    b"\xdc\xff\xff",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xff",
    b"\xa5extra\xdf",
    b"\xa7mailbox",
    b"\xa5alarm",
    b"\xa5other",
    b"{",
    b"}",
    b"[",
    b"{\"\":",
    b"\"",
    b"1e999",
    b"18446744073709551616",
    b"\\ud800",
    b"\xc3\x28",
    "İ".as_bytes(),
    "Ⱥ".as_bytes(),
];

fn golden() -> impl Iterator<Item = Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|kind| kind != "rs")).map(|file| fs::read(file).unwrap())
}

#[test]
fn an_event_is_read_or_refused() {
    let broken = Broken::new(golden(), WORDS);
    check!().with_generator(broken).with_test_time(SLICE).for_each(|octets| {
        let Ok(event) = EVENT.hold(octets, |octets| codec::decode::<Event>(octets)) else { return };
        let written = codec::encode(&event, Form::MessagePack).unwrap();
        assert!(codec::decode::<Event>(&written).expect("what was written is read") == event);
    });
}

#[test]
fn any_text_is_an_account_of_bounded_length_or_none() {
    let seeds = ["alice@example.org", "ALICE+x@EXAMPLE.ORG", "ΑΣ@x.gr"];
    let broken = Broken::new(seeds, ["@", "a", " ", "\0", "\u{2028}", "İ", "Ⱥ", "Σ", "ß", "ǅ"]);
    check!().with_generator(broken).with_test_time(SLICE).for_each(|octets| {
        let Ok(account) = Account::parse(&String::from_utf8_lossy(octets)) else { return };
        assert!(account.as_str().len() <= 320);
        assert_eq!(Account::parse(account.as_str()), Ok(account));
    });
}
