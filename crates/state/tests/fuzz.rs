//! What a client sends as its last event id, and what the bus has kept of an account.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test by panicking")]

#[path = "captures/told.rs"]
mod told;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hostile::{Allowance, Broken, SLICE, check};
use mailbox_event::{
    Account, AccountTokens,
    codec::{self, Form},
};
use state::{AccountState, Basis, Cursor, Diff, Epoch, LONGEST_CURSOR, Merged, Observation, Vector};
use told::captured;

/// The octets behind the text, three for four; nothing else is allocated.
const CURSOR: Allowance = Allowance::new(1, 16);

/// In MessagePack a shared mailbox without a name has some 40 octets at least and becomes an entry of some 250 in a
/// B-tree; a right has 20 octets and becomes 56, in a vector that grew by doubling. Before an array is read, room for
/// as many items as it claims to have is made, up to 1 MiB, in one array at a time.
const STATE: Allowance = Allowance::new(64, 2 << 20);

fn observations() -> Vec<Observation> {
    let all = captured("cyrus-3.6.1-full.jsonl").into_iter().map(|(observation, _)| observation);
    let alice = Account::parse("alice@example.org").unwrap();
    all.filter(|observation| *observation.account() == alice).collect()
}

/// Of an account at every tenth of its notifications.
fn states() -> Vec<AccountState> {
    let mut state = AccountState::new(Account::parse("alice@example.org").unwrap());
    let told = observations();
    let after = told.chunks(10).map(|told| {
        for observation in told {
            let _merged = state.merge(observation);
        }
        state.clone()
    });
    after.collect()
}

fn cursors() -> impl Iterator<Item = String> {
    let tokens = AccountTokens::new(b"key of the installation");
    let most = Vector::from(vec![u64::MAX; 8]);
    let token = tokens.token(&Account::parse("alice@example.org").unwrap());
    let longest = Cursor::new(token, Epoch(u32::MAX), Basis::ChangeNumbers, most);
    states().into_iter().map(move |state| Cursor::of(token, &state)).chain([longest]).map(|it| it.encode())
}

fn read_alike(text: &str) {
    let Some(cursor) = CURSOR.hold(text, Cursor::decode) else { return };
    assert!(text.len() <= LONGEST_CURSOR);
    let written = cursor.encode();
    assert!(written.len() <= LONGEST_CURSOR);
    assert_eq!(Cursor::decode(&written), Some(cursor));
}

#[test]
fn a_last_event_id_is_a_cursor_or_none() {
    let broken = Broken::new(cursors(), ["A", "-", "_", "=", "+", "/", "é", "\0"]);
    check!().with_generator(broken).with_test_time(SLICE).for_each(|octets| {
        read_alike(&String::from_utf8_lossy(octets));
    });
}

#[test]
fn the_octets_behind_a_last_event_id_are_a_cursor_or_none() {
    let octets = cursors().map(|text| URL_SAFE_NO_PAD.decode(text).unwrap());
    let broken = Broken::new(octets, [&[0x80][..], &[0xff], &[0x7f], &[0], &[1], &[0x80; 9], &[0xff; 10]]);
    check!().with_generator(broken).with_test_time(SLICE).for_each(|octets| {
        read_alike(&URL_SAFE_NO_PAD.encode(octets));
    });
}

#[test]
fn a_state_is_read_or_refused_and_goes_on_from_there() {
    let told = observations();
    let forms = [Form::MessagePack, Form::Json];
    let seeds = states().into_iter().flat_map(|state| forms.map(|form| codec::encode(&state, form).unwrap()));
    let words: [&[u8]; 14] = [
        b"\x80",
        b"\x90",
        b"\xa0",
        b"\xc0",
        b"\xc3",
        b"\xcc\xff",
        b"\xce\xff\xff\xff\xff",
        b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xa6shared",
        b"{",
        b"[",
        b"18446744073709551615",
    ];
    check!().with_generator((Broken::new(seeds, words), 0..told.len())).with_test_time(SLICE).for_each(
        |(octets, next)| {
            let read = STATE.hold(octets, |octets| codec::decode::<AccountState>(octets));
            if let Ok(state) = read {
                goes_on(state, &told[*next]);
            }
        },
    );
}

fn goes_on(mut state: AccountState, observation: &Observation) {
    for form in [Form::MessagePack, Form::Json] {
        let written = codec::encode(&state, form).unwrap();
        assert!(codec::decode::<AccountState>(&written).expect("what was written is read") == state);
    }
    assert_eq!(state.clone().join(&state), Merged::Unchanged);
    let before = state.clone();
    let token = AccountTokens::new(b"key").token(&state.account);
    let merged = state.merge(observation);
    assert_eq!(merged.is_change(), state != before);
    assert!(state.epoch >= before.epoch);
    if !merged.is_change() {
        assert_eq!(Cursor::of(token, &before).diff(&state), Diff::Same);
    }
}
