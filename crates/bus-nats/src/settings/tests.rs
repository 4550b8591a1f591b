use kit::config::Secret;

use super::*;

fn problems(change: impl FnOnce(&mut NatsSettings)) -> Vec<String> {
    let mut settings = NatsSettings::default();
    change(&mut settings);
    settings.problems()
}

#[test]
fn the_defaults_are_fine() {
    assert_eq!(problems(|_| ()), Vec::<String>::new());
}

#[test]
fn a_prefix_is_one_token_of_a_subject() {
    for prefix in ["", "a.b", "a b", "*", "a>", "ä", &"a".repeat(65)] {
        assert_eq!(problems(|settings| settings.prefix = prefix.to_owned()).len(), 1, "{prefix}");
    }
    assert_eq!(problems(|settings| settings.prefix = "mail-push_2".to_owned()), Vec::<String>::new());
}

#[test]
fn replicas_are_one_or_three() {
    assert_eq!(problems(|settings| settings.replicas = 2), ["replicas: 1 or 3"]);
    assert_eq!(problems(|settings| settings.replicas = 3), Vec::<String>::new());
}

#[test]
fn credentials_do_not_mix() {
    let both = |settings: &mut NatsSettings| {
        settings.credentials.token = Some(Secret::new("t"));
        settings.credentials.user = Some("u".to_owned());
    };
    assert_eq!(
        problems(both),
        ["credentials: only one of file, nkey, user and token", "credentials: user and password go together"]
    );
}

#[test]
fn a_certificate_goes_with_its_key() {
    assert_eq!(problems(|settings| settings.tls.cert = Some("/c".into())), ["tls: cert and key go together"]);
}

#[test]
fn nothing_is_bounded_by_nothing() {
    assert_eq!(problems(|settings| settings.bounds.jobs = 0), ["bounds.jobs: must be at least 1"]);
    assert_eq!(
        problems(|settings| settings.bounds.jobs = u64::MAX),
        ["bounds.jobs: is more than NATS can count"]
    );
}

#[test]
fn what_may_run_at_once_is_not_nothing() {
    let none = problems(|settings| settings.bounds.max_live_runs = 0);
    assert_eq!(none, ["bounds.max_live_runs: must be at least 1"]);
}

#[test]
fn a_server_that_is_away_is_not_tried_in_a_busy_loop() {
    let of = |millis| problems(|settings| settings.longest_reconnect_wait = Duration::from_millis(millis));
    for millis in [0, 49] {
        let expected = "longest_reconnect_wait: must be at least 50ms, or a server that is away is tried without a pause";
        assert_eq!(of(millis), [expected]);
    }
    assert_eq!(of(50), Vec::<String>::new());
}

#[test]
fn a_secret_in_a_url_is_refused_and_not_shown() {
    let of = |server: &str| problems(|settings| settings.servers.push(server.to_owned()));
    for server in
        ["nats://user:sesame@host:4222", "user:sesame@host", "nats://:sesame@host", "tls://sesame@host"]
    {
        let problems = of(server);
        assert!(
            problems[0].contains("credentials.password") && !problems[0].contains("sesame"),
            "{problems:?}"
        );
    }
    let problems = of("http://sesame:4222");
    assert!(problems[0].starts_with("servers: is no URL") && !problems[0].contains("sesame"), "{problems:?}");
    assert_eq!(of("tls://[::1]:4222"), Vec::<String>::new());
}

#[test]
fn a_server_is_a_url_with_a_scheme_and_a_host() {
    for server in ["", "foo", "foo:4222", "nats://", "ws://a", "wss://a"] {
        let problems = problems(|settings| settings.servers = vec![server.to_owned()]);
        assert_eq!(problems, ["servers: is no URL like nats://host:4222 or tls://host:4222"], "{server:?}");
    }
}

#[test]
fn a_value_has_room_for_a_state() {
    let of = |octets| problems(|settings| settings.bounds.largest_value = octets);
    assert_eq!(of(1), ["bounds.largest_value: must be at least 4KiB, or states do not fit"]);
    assert_eq!(of(4 << 10), Vec::<String>::new());
}

#[test]
fn a_file_of_credentials_is_told_from_another() {
    assert!(!is_credentials_file("host.example.org\n"));
    let file = "-----BEGIN NATS USER JWT-----\nabc.def.ghi\n------END NATS USER JWT------\n\n\
                -----BEGIN USER NKEY SEED-----\nSUACH75SWCM5D2JMJM6EKLR2WDARVGZT4QC6LX3AGHSWOMVAKERABBBRWM\n\
                ------END USER NKEY SEED------\n";
    assert!(is_credentials_file(file));
}

#[test]
fn an_nkey_is_the_seed_of_a_user() {
    let of = |seed: &str| problems(|settings| settings.credentials.nkey = Some(Secret::new(seed)));
    let right = "SUACH75SWCM5D2JMJM6EKLR2WDARVGZT4QC6LX3AGHSWOMVAKERABBBRWM";
    assert_eq!(of(right), Vec::<String>::new());
    for wrong in ["", "sesame", &right[1..], &right.replace("SU", "SA"), &right.to_lowercase()] {
        assert_eq!(of(wrong), ["credentials.nkey: is no seed of a user, like SU.."]);
    }
}

#[test]
fn what_nats_or_a_node_cannot_count_is_refused() {
    let long = Duration::from_hours(100_000_000);
    for (change, key) in [
        ((|settings, long| settings.ack_wait = long) as fn(&mut NatsSettings, Duration), "ack_wait"),
        (|settings, long| settings.duplicate_window = long, "duplicate_window"),
        (|settings, _| settings.bounds.key_queue = usize::MAX / 2, "bounds.key_queue"),
        (|settings, _| settings.bounds.max_live_runs = usize::MAX / 2, "bounds.max_live_runs"),
    ] {
        let found = problems(|settings| change(settings, long));
        assert!(found.len() == 1 && found[0].starts_with(&format!("{key}: ")), "{found:?}");
    }
}
