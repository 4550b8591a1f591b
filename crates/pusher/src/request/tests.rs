use proptest::prelude::*;

use super::*;

fn get(target: &str) -> Result<StreamRequest, Refusal> {
    match read(&Method::GET, &target.parse().unwrap(), &HeaderMap::new(), false)? {
        Asked::Stream(request, _) => Ok(request),
        other => panic!("{other:?} is no stream"),
    }
}

fn types_of(target: &str) -> Vec<&'static str> {
    let Encoding::Jmap(types) = get(target).unwrap().encoding else { panic!("not of JMAP") };
    types.data_types().map(state::DataType::name).collect()
}

#[test]
fn events_takes_no_parameters_and_ignores_them() {
    let request = get("/events/?types=&ping=x").unwrap();
    assert_eq!(request.encoding, Encoding::Events);
    assert_eq!((request.close_after_state, request.ping), (false, None));
}

#[test]
fn missing_types_and_the_star_ask_for_everything() {
    assert_eq!(get("/jmap/eventsource/").unwrap().encoding, Encoding::Jmap(Types::ALL));
    assert_eq!(get("/jmap/eventsource/?types=*").unwrap().encoding, Encoding::Jmap(Types::ALL));
    assert_eq!(get("/jmap/eventsource/?types=%2A").unwrap().encoding, Encoding::Jmap(Types::ALL));
    assert!(Types::ALL.has_alerts());
    assert_eq!(Types::ALL.data_types().count(), state::DataType::ALL.len());
}

#[test]
fn unknown_types_are_ignored() {
    assert_eq!(types_of("/jmap/eventsource/?types=Email,Bogus,Mailbox,email"), ["Email", "Mailbox"]);
    assert_eq!(types_of("/jmap/eventsource/?types=Email%2CCalendar"), ["Email", "Calendar"]);
    assert!(types_of("/jmap/eventsource/?types=Bogus").is_empty());
}

#[test]
fn calendar_alert_is_a_name_like_a_type() {
    let Encoding::Jmap(types) = get("/jmap/eventsource/?types=CalendarAlert").unwrap().encoding else {
        panic!()
    };
    assert!(types.has_alerts());
    assert_eq!(types.data_types().count(), 0);
    let Encoding::Jmap(types) = get("/jmap/eventsource/?types=Email").unwrap().encoding else { panic!() };
    assert!(!types.has_alerts());
}

#[test]
fn pings_are_clamped_and_zero_is_none() {
    let ping =
        |value| get(&format!("/jmap/eventsource/?ping={value}")).unwrap().ping.map(|ping| ping.as_secs());
    assert_eq!(ping("0"), None);
    assert_eq!(ping("1"), Some(30));
    assert_eq!(ping("30"), Some(30));
    assert_eq!(ping("120"), Some(120));
    assert_eq!(ping("30000"), Some(300));
    assert_eq!(ping("99999999999999999999999999"), Some(300));
}

#[test]
fn close_after_is_no_or_state() {
    assert!(get("/jmap/eventsource/?closeafter=state").unwrap().close_after_state);
    assert!(!get("/jmap/eventsource/?closeafter=no").unwrap().close_after_state);
}

#[test]
fn nonsense_is_refused_with_its_name() {
    let refused = |query: &str| get(&format!("/jmap/eventsource/?{query}")).unwrap_err();
    assert_eq!(refused("types="), Refusal::Types);
    assert_eq!(refused("types"), Refusal::Types);
    assert_eq!(refused("closeafter=never"), Refusal::CloseAfter);
    assert_eq!(refused("closeafter="), Refusal::CloseAfter);
    for ping in ["", "-1", "+30", "1.5", "30s", "0x10"] {
        assert_eq!(refused(&format!("ping={ping}")), Refusal::Ping, "{ping:?}");
    }
    for broken in ["types=%", "types=%4", "types=%zz", "types=%ff"] {
        assert_eq!(refused(broken), Refusal::Encoding, "{broken:?}");
    }
}

#[test]
fn other_paths_and_methods_are_refused() {
    for path in ["/", "/events/x", "/jmap/", "/jmap/eventsource/x", "/EVENTS/"] {
        assert_eq!(get(path), Err(Refusal::NotFound), "{path}");
    }
    for method in [Method::HEAD, Method::POST, Method::PUT, Method::DELETE] {
        let read = read(&method, &Uri::from_static("/events/"), &HeaderMap::new(), false);
        assert_eq!(read, Err(Refusal::Method(Method::GET)), "{method}");
    }
    assert_eq!(
        read(&Method::GET, &Uri::from_static("/events/"), &HeaderMap::new(), true),
        Err(Refusal::Body)
    );
}

#[test]
fn last_event_id_comes_from_the_header_and_not_from_the_query() {
    let mut headers = HeaderMap::new();
    let uri = Uri::from_static("/events/?last_event_id=abc");
    let id = |headers: &HeaderMap| match read(&Method::GET, &uri, headers, false) {
        Ok(Asked::Stream(request, _)) => request.last_event_id,
        other => panic!("{other:?}"),
    };
    assert_eq!(id(&headers), None);
    headers.insert(LAST_EVENT_ID, "xyz".parse().unwrap());
    assert_eq!(id(&headers).as_deref(), Some("xyz"));
}

proptest! {
    #[test]
    fn no_target_panics_and_pings_keep_their_limits(query in "[!-~&&[^#<>\"\\\\^`{|}]]{0,80}", id: Vec<u8>) {
        let mut headers = HeaderMap::new();
        if let Ok(id) = hyper::header::HeaderValue::from_bytes(&id) {
            headers.insert(LAST_EVENT_ID, id);
        }
        if let Ok(uri) = format!("/jmap/eventsource/?{query}").parse::<Uri>()
            && let Ok(Asked::Stream(request, _)) = read(&Method::GET, &uri, &headers, false)
        {
            prop_assert!(request.ping.is_none_or(|ping| (30..=300).contains(&ping.as_secs())));
        }
    }

    #[test]
    fn any_list_of_known_types_is_what_is_shown(chosen in proptest::sample::subsequence(state::DataType::ALL.to_vec(), 1..15)) {
        let names: Vec<&str> = chosen.iter().map(|data_type| data_type.name()).collect();
        let types = Types::parse(&names.join(",")).unwrap();
        prop_assert_eq!(types.data_types().collect::<Vec<_>>(), chosen);
    }
}

#[test]
fn what_says_who_asks_is_there_once() {
    for name in ONCE {
        let mut fields = HeaderMap::new();
        for value in ["one", "two"] {
            fields.append(&name, value.parse().unwrap());
        }
        let asked = read(&Method::GET, &"/events/".parse().unwrap(), &fields, false);
        assert_eq!(asked, Err(Refusal::Twice), "{name}");
    }
}
