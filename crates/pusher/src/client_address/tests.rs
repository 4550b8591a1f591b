use hyper::header::HeaderValue;
use proptest::prelude::*;

use super::*;

fn networks(texts: &[&str]) -> Vec<Network> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn found(peer: &str, fields: &[&str], proxies: &[&str]) -> String {
    let mut headers = HeaderMap::new();
    for field in fields {
        headers.append(FORWARDED_FOR, HeaderValue::from_bytes(field.as_bytes()).unwrap());
    }
    let client = client(peer.parse().unwrap(), &headers, &networks(proxies));
    client.map_or_else(|| "ours".to_owned(), |client| client.0.to_string())
}

#[test]
fn the_client_is_the_rightmost_that_no_proxy_of_ours_has() {
    const OURS: &[&str] = &["127.0.0.1", "::1", "10.0.0.0/8"];
    let table: &[(&str, &[&str], &[&str], &str)] = &[
        // Nobody is trusted: the field is the client's own.
        ("203.0.113.5", &[], &[], "203.0.113.5"),
        ("203.0.113.5", &["198.51.100.1"], &[], "203.0.113.5"),
        ("203.0.113.5", &["198.51.100.1"], OURS, "203.0.113.5"),
        // One proxy, two, and what a client had written before them.
        ("127.0.0.1", &["203.0.113.5"], OURS, "203.0.113.5"),
        ("10.1.2.3", &["203.0.113.5, 10.9.9.9"], OURS, "203.0.113.5"),
        ("127.0.0.1", &["192.0.2.1, 203.0.113.5"], OURS, "203.0.113.5"),
        ("127.0.0.1", &["10.0.0.1, 203.0.113.5"], OURS, "203.0.113.5"),
        ("127.0.0.1", &["nonsense, 203.0.113.5"], OURS, "203.0.113.5"),
        // Several fields are one list.
        ("127.0.0.1", &["192.0.2.1", "203.0.113.5"], OURS, "203.0.113.5"),
        ("127.0.0.1", &["203.0.113.5", "10.0.0.1"], OURS, "203.0.113.5"),
        // Ports and brackets.
        ("127.0.0.1", &["203.0.113.5:4711"], OURS, "203.0.113.5"),
        ("127.0.0.1", &["[2001:db8::1]:443"], OURS, "2001:db8::"),
        ("127.0.0.1", &["[2001:db8::1]"], OURS, "2001:db8::"),
        // IPv6 counts by /64, and what is IPv4 within it is IPv4.
        ("2001:db8:1:2:3:4:5:6", &[], OURS, "2001:db8:1:2::"),
        ("::ffff:203.0.113.5", &[], OURS, "203.0.113.5"),
        ("::ffff:127.0.0.1", &["::ffff:203.0.113.5"], OURS, "203.0.113.5"),
        // Nothing but proxies of ours, and what cannot be read.
        ("127.0.0.1", &[], OURS, "ours"),
        ("::1", &["10.0.0.1"], OURS, "ours"),
        ("127.0.0.1", &["203.0.113.5, nonsense"], OURS, "ours"),
        ("127.0.0.1", &["203.0.113.5,"], OURS, "ours"),
        ("127.0.0.1", &["203.0.113.5", "\u{fc}"], OURS, "ours"),
        ("127.0.0.1", &["unknown"], OURS, "ours"),
    ];
    for &(peer, fields, proxies, expected) in table {
        assert_eq!(found(peer, fields, proxies), expected, "{peer} {fields:?} {proxies:?}");
    }
}

#[test]
fn networks_are_read_with_and_without_bits() {
    for (network, inside, outside) in [
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
        ("0.0.0.0/0", "203.0.113.5", "::1"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
        ("::/0", "2001:db8::1", "127.0.0.1"),
    ] {
        let network: Network = network.parse().unwrap();
        assert!(network.contains(inside.parse().unwrap()), "{network:?}");
        assert!(!network.contains(outside.parse().unwrap()), "{network:?}");
    }
    for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "localhost", "10.0.0.0/", "10.0.0.0/-1"] {
        assert_eq!(text.parse::<Network>(), Err(InvalidNetwork(text.to_owned())));
    }
}

proptest! {
    #[test]
    fn a_client_never_chooses_where_it_is_counted(own in "[ -~]{0,60}") {
        let headers = [format!("{own}, 203.0.113.5"), "10.0.0.1".to_owned()];
        let fields: Vec<&str> = headers.iter().map(String::as_str).collect();
        prop_assert_eq!(found("127.0.0.1", &fields, &["127.0.0.1", "10.0.0.0/8"]), "203.0.113.5");
    }
}
