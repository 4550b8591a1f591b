use super::*;

fn at_the_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn load_as(role: Role, path: &Path) -> Result<Config, ConfigErrors> {
    let problems = |config: &Config| config.problems(role);
    config::load_for(Some(path), std::iter::empty(), ENVIRONMENT, problems).map(|loaded| loaded.settings)
}

fn load_text(text: &str) -> Result<Config, ConfigErrors> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    load_as(Role::Standalone, file.path())
}

/// The block of settings in the documentation.
fn documented() -> String {
    let page = std::fs::read_to_string(at_the_root("docs/configuration.md")).unwrap();
    page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).unwrap().to_owned()
}

#[test]
fn streams_leave_relay_its_descriptors() {
    let mut config = Config::default();
    assert_eq!(config.keep_descriptors(Role::Standalone, 1_000_000), None);
    assert_eq!(config.keep_descriptors(Role::Pusher, 1024), Some(768));
    assert_eq!(config.keep_descriptors(Role::Standalone, 1024), Some(512));
    assert_eq!(config.pusher.limits.connections, 512);
    assert_eq!(config.keep_descriptors(Role::Standalone, 10), Some(1));
}

#[test]
fn the_example_for_operators_is_right() {
    let config = load_as(Role::Standalone, &at_the_root("deploy/mailpush.example.toml")).unwrap();
    assert_eq!(config.default_domain, "example.org");
}

#[test]
fn every_key_in_the_documentation_is_there() {
    // The block shows a login beside `tls = "none"`, and NATS beside the bus in the process: they alone are refused.
    let errors = load_text(&documented()).unwrap_err().to_string();
    assert_eq!(errors.lines().count(), 2, "{errors}");
    assert!(errors.contains("bus.nats: is set, and bus.kind is \"local\""), "{errors}");
    assert!(errors.contains("notifyd.smtp.login: "), "{errors}");
}

#[test]
fn defaults_in_the_documentation_are_true() {
    let mut is_default = true;
    let mut text = String::from("default_domain = 'example.org'\n");
    for line in documented().lines() {
        // Of a list of tables there is none by default.
        let says_other =
            line.starts_with("[[") || line.contains("# no default") || line.contains("# default:");
        if line.starts_with('[') {
            is_default = !says_other;
        }
        if is_default && !says_other {
            text.push_str(line);
            text.push('\n');
        }
    }
    let mut documented: Config = toml_of(&text);
    documented.default_domain.clear();
    let (documented, real) = (format!("{documented:#?}"), format!("{:#?}", Config::default()));
    let differing: Vec<_> =
        documented.lines().zip(real.lines()).filter(|(documented, real)| documented != real).collect();
    assert_eq!(documented, real, "documented, and real: {differing:#?}");
}

/// Settings that need not make sense.
fn toml_of(text: &str) -> Config {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    config::load_for(Some(file.path()), std::iter::empty(), ENVIRONMENT, |_: &Config| Vec::new())
        .unwrap()
        .settings
}

/// The keys that serde names where it meets one that is not known: `path` ends in a dot, or is empty.
fn keys_below(path: &str) -> Vec<String> {
    let (before, after) = match path.strip_suffix('.').unwrap_or_default() {
        // The one list of tables there is.
        "pusher.credentials.upstream" => ("pusher.credentials = [{ upstream = { ", " } }]"),
        "pusher.credentials.jwt" => ("pusher.credentials = [{ jwt = { ", " } }]"),
        "pusher.credentials.jwt.jwks" => ("pusher.credentials = [{ jwt = { jwks.", " } }]"),
        _ => (path, ""),
    };
    let errors = load_text(&format!("{before}not_a_key = 0{after}")).err().map(|errors| errors.to_string());
    let unknown = errors.iter().flat_map(|errors| errors.lines()).find(|line| line.contains("unknown field"));
    let expected = unknown.and_then(|line| line.split_once("expected ")).map(|(_, names)| names);
    expected.into_iter().flat_map(|names| names.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn every_key(path: &str, found: &mut Vec<String>) {
    for key in keys_below(path) {
        let key = format!("{path}{key}");
        let before = found.len();
        every_key(&format!("{key}."), found);
        if found.len() == before {
            found.push(key);
        }
    }
}

/// The keys of a file, those behind a comment sign too.
fn written_keys(text: &str) -> Vec<String> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_start_matches('[').split(']').next().unwrap());
        } else if let Some((key, value)) = line.trim_start_matches(['#', ' ']).split_once(" = ") {
            let key = format!("{section}{}", key.trim());
            keys.extend(
                value
                    .split(['{', ','])
                    .filter_map(|part| part.split_once(" = "))
                    .map(|(inner, _)| format!("{key}.{}", inner.trim())),
            );
            keys.push(key);
        }
    }
    keys
}

#[test]
fn every_key_that_there_is_is_in_the_documentation() {
    let mut known = Vec::new();
    every_key("", &mut known);
    for variant in ["upstream", "jwt", "jwt.jwks"] {
        every_key(&format!("pusher.credentials.{variant}."), &mut known);
    }
    assert!(known.len() > 120, "{known:?}");
    let written = written_keys(&documented());
    let is_written =
        |key: &str| written.iter().any(|written| written == key || written.ends_with(&format!(".{key}")));
    // Refused with a hint; and a list of tables, whose keys are looked for one by one.
    let others = ["pusher.allow_cookie", "pusher.credentials"];
    let missing: Vec<_> = known
        .iter()
        .filter(|key| !others.contains(&key.as_str()))
        .filter(|key| !is_written(key) && !is_written(key.trim_start_matches("pusher.credentials.jwt.")))
        .collect();
    assert!(missing.is_empty(), "not in docs/configuration.md: {missing:?}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let errors = load_text("default_domian = 'example.org'\nlog.filter = 'inof'\n[relay]\nmode = '0666'\n");
    let errors = errors.unwrap_err().to_string();
    for part in
        ["default_domian", "default_domain: must", "log.filter: \"inof\"", "relay.mode", "pusher.credentials"]
    {
        assert!(errors.contains(part), "{part} is not in: {errors}");
    }
    assert!(errors.contains("(line 2)") && errors.contains("(line 4)"), "{errors}");
}

#[test]
fn listeners_in_each_others_way_are_told_by_both_keys() {
    let told = |text: &str| {
        let errors = load_text(&format!("default_domain = 'example.org'\n{text}")).unwrap_err().to_string();
        errors.lines().filter(|line| line.contains("beside")).map(str::to_owned).collect::<Vec<_>>()
    };
    let mute = "public_url = 'https://mail.example.org/mute'";
    let errors = told(&format!("[notifyd.mute]\nlisten = '127.0.0.1:8082'\n{mute}"));
    assert_eq!(
        errors,
        [
            "notifyd.mute.listen: 127.0.0.1:8082 cannot be listened on beside admin.listen, which is 127.0.0.1:8082 (line 3)"
        ]
    );
    assert_eq!(told("pusher.listen = '0.0.0.0:8082'").len(), 1);
    assert_eq!(told("pusher.listen = '127.0.0.2:8082'").len(), 0);
    assert_eq!(told("pusher.listen = '127.0.0.1:0'\nadmin.listen = '127.0.0.1:0'").len(), 0);
}

#[test]
fn keys_of_the_bus_that_moved_are_told_where_to() {
    for key in keys_below("bus.local.") {
        let hint = site_bus::moved(&format!("bus.{key}"));
        assert!(hint.is_some_and(|hint| hint.contains("[bus.local]")), "{key}");
    }
    assert_eq!(site_bus::moved("bus.kind"), None);
    assert_eq!(site_bus::moved("bus.local.max_jobs"), None);
}

#[test]
fn a_section_is_a_table_and_a_choice_one_of_its_words() {
    let errors =
        load_text("default_domain = 'example.org'\nbus.nats = []\nbus.kind = 1\n").unwrap_err().to_string();
    for line in [
        "bus.nats: invalid type: list, expected a section (line 2)",
        "bus.kind: invalid type: integer, expected \"local\" or \"nats\" (line 3)",
    ] {
        assert!(errors.lines().any(|told| told == line), "{line} is not in: {errors}");
    }
}
