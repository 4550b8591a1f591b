use std::{io::Write, time::Duration};

use serde::Deserialize;
use toml::Value;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    name: String,
    listen: Listen,
    password: Option<Secret>,
    tags: Vec<String>,
    shade: Option<Shade>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Shade {
    Red,
    Green,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Listen {
    port: u16,
    #[serde(with = "crate::config::duration")]
    timeout: Duration,
    #[serde(with = "crate::config::size")]
    head: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "mailpush".into(),
            listen: Listen::default(),
            password: None,
            tags: Vec::new(),
            shade: None,
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self { port: 8080, timeout: Duration::from_secs(5), head: 65_536 }
    }
}

impl Validate for Settings {
    fn problems(&self) -> Vec<String> {
        let low = (self.listen.port < 1024).then(|| "port is one of the system's".to_owned());
        within("listen", low.into_iter().collect()).collect()
    }
}

fn load_text(text: &str, env: &[(&str, &str)]) -> Result<Settings, ConfigErrors> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load(Some(file.path()), env, "MAILPUSH")
}

#[test]
fn nothing_at_all_gives_the_defaults() {
    let settings: Settings = load(None, std::iter::empty(), "MAILPUSH").unwrap();
    assert_eq!((settings.name.as_str(), settings.listen.port), ("mailpush", 8080));
}

#[test]
fn environment_goes_over_the_file() {
    let text = "name = 'a'\n[listen]\nport = 2000\ntimeout = '2m'\nhead = '1MiB'";
    let env = [
        ("MAILPUSH__LISTEN__PORT", "3000"),
        ("MAILPUSH__NAME", "plain text"),
        ("MAILPUSH__TAGS", "['a', 'b']"),
        ("MAILPUSH_OTHER", "x"),
        ("PATH", "/bin"),
    ];
    let settings = load_text(text, &env).unwrap();
    assert_eq!((settings.name.as_str(), settings.listen.port), ("plain text", 3000));
    assert_eq!((settings.listen.timeout.as_secs(), settings.listen.head), (120, 1 << 20));
    assert_eq!(settings.tags, ["a", "b"]);
}

#[test]
fn password_of_digits_in_the_environment_is_text() {
    let env = [("MAILPUSH__PASSWORD", "12345"), ("MAILPUSH__NAME", "1\nlisten = 2")];
    let settings = load_text("", &env).unwrap();
    assert_eq!(settings.password.unwrap().expose(), "12345");
    assert_eq!(settings.name, "1\nlisten = 2");
}

#[test]
fn everything_wrong_is_told_at_once_with_its_path() {
    let text = "colour = 'red'\ntags = [1]\n[listen]\nport = 80\ntimeout = 'soon'\nqueue = 5";
    let errors = load_text(text, &[("MAILPUSH__LISTEN__HEAD", "huge"), ("MAILPUSH__LISTEN__BACKLOG", "5")])
        .unwrap_err();
    let lines = errors.to_string();
    let found: Vec<_> = lines.lines().map(|line| line.split(':').next().unwrap()).collect();
    for key in ["colour", "tags", "listen.timeout", "listen.queue", "listen.head", "listen.backlog"] {
        assert!(found.contains(&key), "{key} is not in:\n{lines}");
    }
    assert!(lines.contains("listen.port is one of the system's"), "{lines}");
    assert_eq!(errors.len(), 7, "{lines}");
}

#[test]
fn each_mistake_is_told_with_where_it_was_made() {
    let text = "name = 'a'\ncolour = 'red'\n\n[listen]\nport = 80\ntimeout = 'soon'";
    let lines = load_text(text, &[("MAILPUSH__TAGS", "[1]")]).unwrap_err().to_string();
    for (start, end) in [
        ("colour: unknown field", "(line 2)"),
        ("listen.port is one of the system's", "(line 5)"),
        ("listen.timeout: a duration is", "(line 6)"),
        ("tags: invalid type: integer", "(MAILPUSH__TAGS)"),
    ] {
        let is_told = |line: &str| line.starts_with(start) && line.ends_with(end);
        assert!(lines.lines().any(is_told), "{start} .. {end} is not in:\n{lines}");
    }
}

#[test]
fn mistakes_in_a_list_hide_none_behind_them() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct House {
        #[expect(dead_code, reason = "never read, for there are mistakes")]
        doors: Vec<Door>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Door {
        #[expect(dead_code, reason = "never read, for there are mistakes")]
        Front(Bell),
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Bell {
        #[expect(dead_code, reason = "never read, for there are mistakes")]
        tone: u8,
    }
    impl Validate for House {}
    let text = "[[doors]]\nback = {}\n[[doors]]\nfront = { tune = 5, tone = 'c' }\n[[doors]]\nfront = { tune = 6, tone = 1 }";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let errors = load::<House>(Some(file.path()), std::iter::empty(), "MAILPUSH").unwrap_err();
    let found = errors.iter().map(|error| match error {
        ConfigError::Key { key, place: Some(Place::Line(line)), .. } => (key.as_str(), *line),
        other => panic!("{other}"),
    });
    let found: Vec<_> = found.collect();
    let unknown = "doors.front.tune";
    assert_eq!(found, [("doors", 1), ("doors.front.tone", 4), (unknown, 4), (unknown, 6)], "{errors}");
}

#[test]
fn every_line_that_is_no_toml_is_told() {
    let lines = load_text("name = \n[listen]\nport = = 5\n", &[]).unwrap_err().to_string();
    assert!(lines.contains("(line 1)") && lines.contains("(line 3)"), "{lines}");
}

#[test]
fn files_of_secrets_are_named() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "sesame").unwrap();
    let env = [("MAILPUSH__PASSWORD".to_owned(), format!("{{ file = {:?} }}", secret.path()))];
    let loaded = load_for(None, env.into_iter(), "MAILPUSH", Settings::problems).unwrap();
    assert_eq!(loaded.secret_files, [("password".to_owned(), secret.path().to_owned())]);
    std::fs::write(secret.path(), "\n").unwrap();
    let env = [("MAILPUSH__PASSWORD".to_owned(), format!("{{ file = {:?} }}", secret.path()))];
    let errors = load_for(None, env.into_iter(), "MAILPUSH", Settings::problems).unwrap_err().to_string();
    assert!(errors.contains("the file is empty"), "{errors}");
}

#[test]
fn a_hint_stands_in_place_of_what_was_said() {
    let errors = load_text("colour = 'red'", &[]).unwrap_err();
    let hint = |key: &str| (key == "colour").then(|| "moved to shade".to_owned());
    assert_eq!(errors.explained(hint).to_string(), "colour: moved to shade (line 1)");
}

#[test]
fn text_that_is_no_toml_is_told_by_its_line_and_not_shown() {
    let lines = load_text("name = 'a'\npassword = 'sesame", &[]).unwrap_err().to_string();
    assert!(lines.contains("line 2") && !lines.contains("sesame"), "{lines}");
}

#[test]
fn value_of_the_wrong_type_is_not_shown() {
    let env = [
        ("MAILPUSH__LISTEN", "hunter2"),
        ("MAILPUSH__TAGS", "hunter2, expected \"hunter2\" or `hunter2`"),
        ("MAILPUSH__PASSWORD", "['hunter2']"),
        ("MAILPUSH__SHADE", "hunter2"),
    ];
    let lines = load_text("name = { hunter2 = 'hunter2' }", &env).unwrap_err().to_string();
    assert!(!lines.contains("hunter2"), "{lines}");
    assert!(lines.contains("listen: invalid type: string, expected struct Listen"), "{lines}");
    assert!(lines.contains("tags: invalid type: string, expected a sequence"), "{lines}");
    assert!(lines.contains("name: invalid type: map, expected a string"), "{lines}");
    assert!(lines.contains("shade: unknown variant, expected `red` or `green`"), "{lines}");
}

proptest::proptest! {
    #[test]
    fn quoted_values_are_cut_out(value in ".*") {
        #[derive(Debug, Deserialize)]
        struct One {
            #[expect(dead_code, reason = "never read, for it is never there")]
            one: [u8; 0],
        }
        let table = Table::from_iter([("one".to_owned(), Value::String(value))]);
        let error = Value::Table(table).try_into::<One>().unwrap_err();
        proptest::prop_assert_eq!(without_value(error.message()), "invalid type: string, expected an empty array");
    }
}

#[test]
fn missing_file_is_named() {
    let errors = load::<Settings>(Some(Path::new("/nowhere/mailpush.toml")), std::iter::empty(), "MAILPUSH")
        .unwrap_err();
    assert!(errors.to_string().starts_with("/nowhere/mailpush.toml: "), "{errors}");
}

#[test]
fn override_below_a_value_is_refused() {
    let errors = load_text("name = 'a'", &[("MAILPUSH__NAME__FIRST", "x")]).unwrap_err();
    assert!(errors.to_string().starts_with("name.first: "), "{errors}");
}

#[test]
fn what_was_refused_is_not_called_missing_too() {
    #[derive(Debug, Deserialize)]
    struct Doors {
        #[serde(default)]
        doors: Vec<u8>,
    }
    impl Validate for Doors {
        fn problems(&self) -> Vec<String> {
            self.doors.is_empty().then(|| "doors: there must be one".to_owned()).into_iter().collect()
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "doors = ['red']").unwrap();
    let errors = load::<Doors>(Some(file.path()), std::iter::empty(), "MAILPUSH").unwrap_err();
    assert_eq!(errors.len(), 1, "{errors}");
    std::fs::write(file.path(), "").unwrap();
    let errors = load::<Doors>(Some(file.path()), std::iter::empty(), "MAILPUSH").unwrap_err();
    assert_eq!(errors.to_string(), "doors: there must be one");
}

#[test]
fn a_number_out_of_range_in_the_environment_is_told_as_that() {
    let env = [("MAILPUSH__LISTEN__PORT", "70000"), ("MAILPUSH__LISTENER__PORT", "1")];
    let lines = load_text("name = 'a'", &env).unwrap_err().to_string();
    assert!(
        lines.contains("listen.port: invalid value: integer, expected u16 (MAILPUSH__LISTEN__PORT)"),
        "{lines}"
    );
    assert!(lines.contains("listener: unknown field"), "{lines}");
    assert!(lines.contains("(MAILPUSH__LISTENER__PORT)"), "{lines}");
}
