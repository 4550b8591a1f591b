//! Requests for streams as fuzz targets.

use hostile::{Allowance, Broken, SLICE, check};
use hyper::header::HeaderValue;

use super::*;

/// Method, target and `Last-Event-ID`, each on a line.
const SEEDS: [&str; 7] = [
    "GET\n/events/?ticket=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc\nAaurq6uHn4nYBgEFrAIF.BwcHBwcHBwcHBwcHBwcHBw",
    "GET\n/events/\nAaurq6uHn4nYBgEFrAIF",
    "GET\n/jmap/eventsource/?types=*&closeafter=no&ping=300\n",
    "GET\n/jmap/eventsource/?types=Email,CalendarAlert,Mailbox&closeafter=state&ping=0\nx",
    "GET\n/jmap/eventsource?types=Calendar%2CContactCard\n\u{e9}",
    "OPTIONS\n/jmap/eventsource/\n",
    "POST\n/events/?types=Email\n",
];

const WORDS: [&str; 25] = [
    "ticket=",
    "BwcHBwcHBwcHBwcHBwcHBw",
    ".",
    "GET\n",
    "OPTIONS\n",
    "/events/",
    "/jmap/eventsource/?",
    "types=",
    "closeafter=",
    "ping=",
    "state",
    "Email",
    "*",
    ",",
    "&",
    "=",
    "%",
    "%2C",
    "%ff",
    "%C3%A9",
    "99999999999999999999",
    "-1",
    "\n",
    "\t",
    "\u{ff}",
];

/// The event id, threefold where it is not UTF-8, in a buffer that doubles and is copied, its cursor and its tag; the
/// decoded parameters, one after the other, and the octets behind a ticket.
const REQUEST: Allowance = Allowance::new(3 * 3 + 3 + 2, 256);

#[test]
fn a_request_is_read_or_refused() {
    let broken = Broken::new(SEEDS, WORDS);
    check!().with_generator(broken).with_test_time(SLICE).for_each(|octets| {
        let mut lines = octets.splitn(3, |octet| *octet == b'\n');
        let (method, target) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let (Ok(method), Ok(target)) = (Method::from_bytes(method), Uri::try_from(target)) else { return };
        let id = lines.next().and_then(|id| HeaderValue::from_bytes(id).ok());
        let headers: HeaderMap = id.into_iter().map(|id| (LAST_EVENT_ID, id)).collect();
        let asked = REQUEST.hold(octets, |_| read(&method, &target, &headers, false));
        if let Ok(Asked::Stream(request, claim)) = asked {
            is_within_its_bounds(&request, octets.len());
            let again = read(&Method::GET, &written(&request, claim.as_ref()), &headers, false);
            assert!(again == Ok(Asked::Stream(request, claim)), "it is read as the same again");
        }
    });
}

fn is_within_its_bounds(request: &StreamRequest, octets: usize) {
    assert!(request.ping.is_none_or(|ping| (SHORTEST_PING..=LONGEST_PING).contains(&ping)));
    assert!(request.last_event_id.as_ref().is_none_or(|id| id.len() <= 3 * octets));
}

/// The target that asks for the same in the plainest way.
fn written(request: &StreamRequest, claim: Option<&Claim>) -> Uri {
    let ticket = claim.map(|claim| claim.ticket.as_ref().map_or("none", Ticket::expose));
    let ticket = ticket.map(|ticket| format!("ticket={ticket}")).unwrap_or_default();
    let Encoding::Jmap(types) = &request.encoding else {
        return format!("/events/?{ticket}").parse().unwrap();
    };
    let names = types.data_types().map(state::DataType::name);
    // A list without a name we know is no list of nothing.
    let names: Vec<_> = names.chain([if types.has_alerts() { "CalendarAlert" } else { "none" }]).collect();
    let types = if *types == Types::ALL { "*".to_owned() } else { names.join(",") };
    let close_after = if request.close_after_state { "state" } else { "no" };
    let ping = request.ping.map_or(0, |ping| ping.as_secs());
    let query = format!("types={types}&closeafter={close_after}&ping={ping}&{ticket}");
    format!("/jmap/eventsource/?{query}").parse().unwrap()
}
