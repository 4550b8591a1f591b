use mailbox_event::{Account, AccountTokens};
use proptest::prelude::*;

use super::*;

fn token(user: &str) -> AccountToken {
    let account = Account::parse(&format!("{user}@example.org")).unwrap();
    AccountTokens::new(b"key of the installation").token(&account)
}

fn state(epoch: u32, basis: Basis, vector: Vector) -> AccountState {
    let account = Account::parse("alice@example.org").unwrap();
    AccountState { epoch: Epoch(epoch), basis, vector, ..AccountState::new(account) }
}

fn any_vector() -> impl Strategy<Value = Vector> {
    prop::collection::vec(prop_oneof![Just(0), 1..300u64, any::<u64>()], Counter::COUNT)
        .prop_map(Vector::from)
}

fn any_basis() -> impl Strategy<Value = Basis> {
    prop_oneof![Just(Basis::Counters), Just(Basis::ChangeNumbers)]
}

#[test]
fn a_cursor_of_today_is_read_for_ever() {
    let vector = [(Counter::Mail, Modseq(300)), (Counter::Calendar, Modseq(5))].into_iter().collect();
    let cursor = Cursor::new(AccountToken([0xab; 16]), Epoch(1_795_313_543), Basis::Counters, vector);
    assert_eq!(cursor.encode(), GOLDEN);
    assert_eq!(Cursor::decode(GOLDEN), Some(cursor));
}

const GOLDEN: &str = "Aaurq6uHn4nYBgEFrAIF";

#[test]
fn another_epoch_or_basis_is_everything() {
    let vector = [(Counter::Mail, Modseq(7))].into_iter().collect();
    let cursor = Cursor::of(token("alice"), &state(100, Basis::Counters, vector));
    assert_eq!(cursor.diff(&state(100, Basis::Counters, vector)), Diff::Same);
    assert_eq!(cursor.diff(&state(200, Basis::Counters, vector)), Diff::Everything);
    assert_eq!(cursor.diff(&state(100, Basis::ChangeNumbers, vector)), Diff::Everything);
}

#[test]
fn the_cursor_of_another_account_is_none() {
    let text = Cursor::of(token("bob"), &state(100, Basis::Counters, Vector::default())).encode();
    assert_eq!(Cursor::decode_for(&text, token("alice")), None);
    assert!(Cursor::decode_for(&text, token("bob")).is_some());
}

#[test]
fn a_version_or_a_tail_that_is_not_known_makes_no_cursor() {
    let text = Cursor::new(token("alice"), Epoch(7), Basis::Counters, Vector::default()).encode();
    let octets = URL_SAFE_NO_PAD.decode(&text).unwrap();
    let mut newer = octets.clone();
    newer[0] = VERSION + 1;
    for octets in [newer, octets[..octets.len() - 1].to_vec(), [&octets[..], &[0]].concat()] {
        assert_eq!(Cursor::decode(&URL_SAFE_NO_PAD.encode(octets)), None);
    }
    assert_eq!(Cursor::decode(&format!("{text}=")), None);
    assert_eq!(Cursor::decode(""), None);
}

proptest! {
    #[test]
    fn a_cursor_comes_back_as_it_was(
        account in any::<[u8; 16]>(), epoch in any::<u32>(), basis in any_basis(), vector in any_vector()
    ) {
        let cursor = Cursor::new(AccountToken(account), Epoch(epoch), basis, vector);
        let text = cursor.encode();
        prop_assert!(text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_'));
        prop_assert!(text.len() <= LONGEST_CURSOR);
        prop_assert_eq!(Cursor::decode_for(&text, AccountToken(account)), Some(cursor));
    }

    #[test]
    fn any_text_is_a_cursor_or_none(text in any::<String>()) {
        prop_assert!(Cursor::decode(&text).is_none_or(|cursor| Cursor::decode(&cursor.encode()) == Some(cursor)));
    }

    #[test]
    fn any_octets_are_a_cursor_or_none(octets in prop::collection::vec(any::<u8>(), 0..60)) {
        let text = URL_SAFE_NO_PAD.encode([&[VERSION][..], &octets].concat());
        prop_assert!(Cursor::decode(&text).is_none_or(|cursor| Cursor::decode(&cursor.encode()) == Some(cursor)));
    }

    #[test]
    fn a_later_state_differs_by_exactly_what_rose(vector in any_vector(), other in any_vector()) {
        let mut later = vector;
        later.join(&other);
        let cursor = Cursor::of(token("alice"), &state(7, Basis::Counters, vector));
        let rose = Counter::ALL.into_iter().filter(|counter| later.get(*counter) != vector.get(*counter));
        let expected = match rose.collect::<Vec<_>>() {
            rose if rose.is_empty() => Diff::Same,
            rose => Diff::Moved(rose),
        };
        prop_assert_eq!(cursor.diff(&state(7, Basis::Counters, later)), expected);
    }
}
