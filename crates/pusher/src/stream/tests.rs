use mailbox_event::{Account, EventId, Modseq, RelayId, UidValidity};
use proptest::prelude::*;
use state::{Basis, Counter, Epoch};

use super::*;
use crate::{
    encode::{Encoding, Types},
    hub::Alert,
};

const TOKEN: AccountToken = AccountToken([7; 16]);
const SECOND: Duration = Duration::from_secs(1);

fn state(numbers: &[(Counter, u64)]) -> AccountState {
    let mut state = AccountState::new(Account::parse("alice@example.org").unwrap());
    state.epoch = Epoch(5);
    state.life.uid_validity = UidValidity(5);
    for (counter, modseq) in numbers {
        state.vector.raise(*counter, Modseq(*modseq));
    }
    state
}

fn view(numbers: &[(Counter, u64)]) -> View {
    let mut view = View { is_loaded: true, ..View::default() };
    view.join(state(numbers), Instant::now());
    view
}

fn asked(encoding: Encoding) -> StreamRequest {
    StreamRequest { encoding, close_after_state: false, ping: None, last_event_id: None }
}

fn types(names: &str) -> Encoding {
    Encoding::Jmap(Types::parse(names).unwrap())
}

/// A stream after its opening frame.
fn opened(request: &StreamRequest, view: &View, now: Instant) -> Stream {
    let owner = Owner { account: TOKEN, account_id: "alice".into() };
    let timing = Timing {
        heartbeat: 25 * SECOND,
        retry: 3 * SECOND,
        leaving_retry: 9 * SECOND,
        until: now + 600 * SECOND,
    };
    let mut stream = Stream::new(request, owner, timing, now);
    assert_eq!(text(stream.step(view, now)), "retry: 3000\n\n");
    stream
}

fn text(step: Step) -> String {
    match step {
        Step::Write(written) => String::from_utf8(written.frame.octets.to_vec()).unwrap(),
        Step::Wait(_) => "(wait)".to_owned(),
        Step::End => "(end)".to_owned(),
    }
}

fn id_of(view: &View) -> String {
    Cursor::of(TOKEN, view.state.as_ref().unwrap()).encode()
}

#[test]
fn push_event_is_written_as_the_seed_has_it() {
    let now = Instant::now();
    let view =
        view(&[(Counter::Mail, 1_777_287), (Counter::Calendar, 1_761_500), (Counter::Contacts, 1_758_760)]);
    let mut stream = opened(&asked(Encoding::Events), &view, now);
    let expected = format!(
        "event: push\nid: {}\ndata: {{\"mailModSeq\":1777287,\"calendarModSeq\":1761500,\"contactsModSeq\":1758760}}\n\n",
        id_of(&view)
    );
    assert_eq!(text(stream.step(&view, now)), expected);
    assert_eq!(text(stream.step(&view, now)), "(wait)");
}

#[test]
fn a_zero_among_known_counters_is_sent_and_degraded_numbers_stand_alone() {
    let now = Instant::now();
    let counted = view(&[(Counter::Mail, 3)]);
    let written = text(opened(&asked(Encoding::Events), &counted, now).step(&counted, now));
    assert!(written.contains(r#"{"mailModSeq":3,"calendarModSeq":0,"contactsModSeq":0}"#), "{written}");
    let mut degraded = state(&[(Counter::Mail, 3)]);
    degraded.basis = Basis::ChangeNumbers;
    degraded.life = state::Life::default();
    let degraded = View { state: Some(Arc::new(degraded)), version: 1, is_loaded: true, ..View::default() };
    let written = text(opened(&asked(Encoding::Events), &degraded, now).step(&degraded, now));
    assert!(written.contains(r#"data: {"mailModSeq":3}"#), "{written}");
}

#[test]
fn state_event_holds_only_the_types_that_were_asked_for_and_moved() {
    let now = Instant::now();
    let mut view = view(&[(Counter::Mail, 3), (Counter::Calendar, 4)]);
    let mut stream = opened(&asked(types("Email,Calendar")), &view, now);
    let first = text(stream.step(&view, now));
    let all = r#"data: {"@type":"StateChange","changed":{"alice":{"Email":"3","Calendar":"4"}}}"#;
    assert!(first.starts_with("event: state\nid: ") && first.contains(all), "{first}");
    view.join(state(&[(Counter::Contacts, 9)]), now);
    assert_eq!(text(stream.step(&view, now)), "(wait)");
    view.join(state(&[(Counter::Mail, 8)]), now);
    let second = text(stream.step(&view, now));
    assert!(second.contains(r#""changed":{"alice":{"Email":"8"}}"#), "{second}");
}

#[test]
fn email_delivery_is_told_only_when_known() {
    let now = Instant::now();
    let mut view = view(&[(Counter::Mail, 3)]);
    let mut stream = opened(&asked(types("EmailDelivery")), &view, now);
    assert_eq!(text(stream.step(&view, now)), ": nothing is known of these types yet\n\n");
    view.join(state(&[(Counter::Mail, 4), (Counter::Delivery, 4)]), now);
    assert!(text(stream.step(&view, now)).contains(r#"{"EmailDelivery":"4"}"#));
}

#[test]
fn stream_closes_after_one_state_event_if_asked_to() {
    let now = Instant::now();
    let view = view(&[(Counter::Mail, 3)]);
    let mut stream = opened(&StreamRequest { close_after_state: true, ..asked(types("*")) }, &view, now);
    assert!(text(stream.step(&view, now)).starts_with("event: state"));
    assert_eq!(stream.step(&view, now), Step::End);
}

#[test]
fn pings_count_from_the_last_event_and_heartbeats_from_anything() {
    let now = Instant::now();
    let view = view(&[(Counter::Mail, 3)]);
    let mut stream = opened(&StreamRequest { ping: Some(30 * SECOND), ..asked(types("*")) }, &view, now);
    assert!(text(stream.step(&view, now)).starts_with("event: state"));
    assert_eq!(stream.step(&view, now), Step::Wait(now + 25 * SECOND));
    assert_eq!(text(stream.step(&view, now + 25 * SECOND)), ": still here\n\n");
    assert_eq!(stream.step(&view, now + 25 * SECOND), Step::Wait(now + 30 * SECOND));
    assert_eq!(text(stream.step(&view, now + 30 * SECOND)), "event: ping\ndata: {\"interval\":30}\n\n");
    assert_eq!(stream.step(&view, now + 30 * SECOND), Step::Wait(now + 55 * SECOND));
}

#[test]
fn an_event_puts_the_next_ping_off() {
    let now = Instant::now();
    let mut view = view(&[(Counter::Mail, 3)]);
    let mut stream = opened(&StreamRequest { ping: Some(30 * SECOND), ..asked(types("*")) }, &view, now);
    assert!(text(stream.step(&view, now)).starts_with("event: state"));
    view.join(state(&[(Counter::Mail, 4)]), now);
    assert!(text(stream.step(&view, now + 20 * SECOND)).starts_with("event: state"));
    assert_eq!(text(stream.step(&view, now + 30 * SECOND)), "(wait)");
    assert_eq!(text(stream.step(&view, now + 50 * SECOND)), "event: ping\ndata: {\"interval\":30}\n\n");
}

#[test]
fn stream_ends_with_its_credential() {
    let now = Instant::now();
    let view = view(&[(Counter::Mail, 3)]);
    let mut stream = opened(&asked(Encoding::Events), &view, now);
    stream.timing.until = now + 10 * SECOND;
    assert!(text(stream.step(&view, now)).starts_with("event: push"));
    assert_eq!(stream.step(&view, now), Step::Wait(now + 10 * SECOND));
    assert_eq!(text(stream.step(&view, now + 10 * SECOND)), ": the time of this stream is over\n\n");
    assert_eq!(stream.step(&view, now + 10 * SECOND), Step::End);
}

#[test]
fn leaving_stream_tells_what_is_pending_and_when_to_come_back() {
    let now = Instant::now();
    let mut view = view(&[(Counter::Mail, 3)]);
    let mut stream = opened(&asked(Encoding::Events), &view, now);
    assert!(text(stream.step(&view, now)).starts_with("event: push"));
    view.join(state(&[(Counter::Mail, 4)]), now);
    view.is_leaving = true;
    assert!(text(stream.step(&view, now)).contains("\"mailModSeq\":4"));
    assert_eq!(text(stream.step(&view, now)), "retry: 9000\n\n");
    assert_eq!(stream.step(&view, now), Step::End);
}

#[test]
fn what_came_while_the_reader_was_slow_is_one_event() {
    let now = Instant::now();
    let mut view = view(&[(Counter::Mail, 1)]);
    let mut stream = opened(&asked(Encoding::Events), &view, now);
    assert!(text(stream.step(&view, now)).starts_with("event: push"));
    for modseq in 2..=10_000 {
        view.join(state(&[(Counter::Mail, modseq)]), now);
    }
    let Step::Write(written) = stream.step(&view, now) else { panic!("nothing to write") };
    assert_eq!((written.merged, written.heard_at), (9_998, Some(now)));
    assert!(text(Step::Write(written)).contains("\"mailModSeq\":10000"));
    assert_eq!(text(stream.step(&view, now)), "(wait)");
}

/// The octets of the next frame.
fn octets(stream: &mut Stream, view: &View, now: Instant) -> bytes::Bytes {
    let Step::Write(written) = stream.step(view, now) else { panic!("nothing to write") };
    written.frame.octets
}

#[test]
fn streams_that_are_told_the_same_share_one_frame_and_others_do_not() {
    let now = Instant::now();
    let mut view = view(&[(Counter::Mail, 1)]);
    let forms = [Encoding::Events, Encoding::Events, types("Email")];
    let mut streams = forms.map(|form| opened(&asked(form), &view, now));
    for modseq in 2..5 {
        let [first, second, other] = streams.each_mut().map(|stream| octets(stream, &view, now));
        assert_eq!((first.as_ptr(), first.len()), (second.as_ptr(), second.len()));
        assert_ne!(first.as_ptr(), other.as_ptr());
        view.join(state(&[(Counter::Mail, modseq)]), now);
        // Who missed one is told more, in a frame of its own.
        let [first, second, _] = streams.each_mut();
        let (first, second) = (octets(first, &view, now), octets(second, &view, now));
        assert_eq!(first.as_ptr(), second.as_ptr());
        view.join(state(&[(Counter::Mail, modseq), (Counter::Contacts, modseq)]), now);
    }
}

#[test]
fn what_the_only_stream_was_told_is_not_kept_and_a_second_one_is_told_it_all_the_same() {
    let now = Instant::now();
    let mut view = view(&[(Counter::Mail, 1)]);
    let mut streams = [(); 2].map(|()| opened(&asked(Encoding::Events), &view, now));
    for (expected, is_shared) in [(1, false), (2, true), (1, false)] {
        view.told.expect(expected);
        view.join(state(&[(Counter::Mail, 2 + view.version)]), now);
        let [first, second] = streams.each_mut().map(|stream| octets(stream, &view, now));
        assert_eq!(first, second);
        assert_eq!(first.as_ptr() == second.as_ptr(), is_shared);
    }
}

#[test]
fn more_audiences_than_are_remembered_are_told_all_the_same() {
    let now = Instant::now();
    let view = view(&[(Counter::Mail, 1)]);
    for id in 0..20 {
        let owner = Owner { account: TOKEN, account_id: format!("id {id}").into() };
        let timing =
            Timing { heartbeat: SECOND, retry: SECOND, leaving_retry: SECOND, until: now + 600 * SECOND };
        let mut stream = Stream::new(&asked(types("Email")), owner, timing, now);
        octets(&mut stream, &view, now);
        let told = text(stream.step(&view, now));
        assert!(told.contains(&format!(r#"{{"id {id}":{{"Email":"1"}}}}"#)), "{told}");
    }
}

#[test]
fn alerts_carry_the_streams_account_id_and_no_event_id() {
    let now = Instant::now();
    let mut view = view(&[(Counter::Mail, 1)]);
    let mut stream = opened(&asked(types("CalendarAlert")), &view, now);
    assert_eq!(text(stream.step(&view, now)), ": nothing is known of these types yet\n\n");
    let ids = (Some("c1".to_owned()), Some("a1".to_owned()));
    view.alerts.push(Alert {
        event: EventId { relay: RelayId(1), sequence: 1 },
        calendar_event_id: ids.0,
        uid: "u1".to_owned(),
        recurrence_id: None,
        alert_id: ids.1,
    });
    let data = r#"{"@type":"CalendarAlert","accountId":"alice","calendarEventId":"c1","uid":"u1","recurrenceId":null,"alertId":"a1"}"#;
    assert_eq!(text(stream.step(&view, now)), format!("event: calendarAlert\ndata: {data}\n\n"));
    assert_eq!(text(stream.step(&view, now)), "(wait)");
}

proptest! {
    #[test]
    fn a_reader_of_any_pace_ends_with_the_newest_state_and_never_steps_back(
        changes in proptest::collection::vec((0_usize..3, 1_u64..100, proptest::bool::ANY), 1..40)
    ) {
        let now = Instant::now();
        let mut view = view(&[(Counter::Mail, 1)]);
        let mut stream = opened(&asked(types("*")), &view, now);
        let mut told = String::new();
        for (place, modseq, reads) in changes {
            let counter = [Counter::Mail, Counter::Calendar, Counter::Contacts][place];
            view.join(state(&[(counter, modseq)]), now);
            if reads && let Step::Write(written) = stream.step(&view, now) {
                told = text(Step::Write(written));
                prop_assert_eq!(text(stream.step(&view, now)), "(wait)");
            }
        }
        if let Step::Write(written) = stream.step(&view, now) {
            told = text(Step::Write(written));
        }
        let id = format!("\nid: {}\n", id_of(&view));
        prop_assert!(told.contains(&id));
    }

    #[test]
    fn reconnecting_with_any_text_gives_a_full_state_unless_it_is_a_cursor(id in "(?s).{0,60}") {
        let now = Instant::now();
        let view = view(&[(Counter::Mail, 1)]);
        let request = StreamRequest { last_event_id: Some(id), ..asked(types("Email")) };
        let mut stream = opened(&request, &view, now);
        let told = text(stream.step(&view, now));
        let all = told.contains(r#"{"Email":"1"}"#);
        prop_assert!(all);
    }
}
