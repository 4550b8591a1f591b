//! What operators write, right and wrong.

use super::*;

fn load(env: &[(&str, &str)]) -> Result<Settings, kit::config::ConfigErrors> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    kit::config::load(None, env, "D")
}

fn postgres(url: &str, password: Option<&str>) -> PgConnectOptions {
    match Place::parse(url, password.map(Secret::new).as_ref()).unwrap() {
        Place::Postgres(options) => *options,
        Place::Sqlite(path) => panic!("{path} is a path"),
    }
}

#[test]
fn without_a_url_it_is_the_file_beside_the_rest() {
    let settings = load(&[]).unwrap();
    assert!(
        matches!(settings.place(Path::new("/data/effects.db")), Ok(Place::Sqlite(path)) if path == "/data/effects.db")
    );
}

#[test]
fn paths_and_urls_name_files() {
    for url in ["/srv/store.db", "sqlite:/srv/store.db", "sqlite:///srv/store.db"] {
        assert!(
            matches!(Place::parse(url, None), Ok(Place::Sqlite(path)) if path == "/srv/store.db"),
            "{url}"
        );
    }
}

#[test]
fn a_server_elsewhere_proves_who_it_is_unless_told_otherwise() {
    use PgSslMode::{Disable, Prefer, VerifyFull};
    let rows = [
        ("postgres://u@db.example.org/mail", VerifyFull),
        ("postgres://u@192.0.2.1/mail", VerifyFull),
        ("postgresql://u@db.example.org/mail?sslmode=disable", Disable),
        ("postgres://u@localhost/mail", Prefer),
        ("postgres://u@127.0.0.1/mail", Prefer),
        ("postgres://u@[::1]/mail", Prefer),
        ("postgres://u@%2Frun%2Fpostgresql/mail", Prefer),
        ("postgres:///mail?host=/run/postgresql", Prefer),
    ];
    for (url, expected) in rows {
        let mode = postgres(url, None).get_ssl_mode();
        assert_eq!(format!("{mode:?}"), format!("{expected:?}"), "{url}");
    }
}

#[test]
fn password_is_shown_nowhere() {
    let env = [("D__URL", "postgres://u:hunter2@h/mail"), ("D__PASSWORD", "hunter2")];
    let shown = format!("{:?}", load(&env).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
    for wrong in ["hunter2://u:hunter2@h/mail", "postgres://u:hunter2@h:port/mail"] {
        let errors = load(&[("D__URL", wrong)]).unwrap_err().to_string();
        assert!(!errors.contains("hunter2") && errors.contains("url: "), "{errors}");
    }
}

#[test]
fn nonsense_is_told_at_once() {
    let env =
        [("D__CONNECTIONS", "0"), ("D__STATEMENT_TIMEOUT", "0s"), ("D__PASSWORD", "x"), ("D__URL", "/a")];
    let errors = load(&env).unwrap_err().to_string();
    for part in ["connections: ", "statement_timeout: ", "password: is for PostgreSQL"] {
        assert!(errors.contains(part), "{part} is not in {errors}");
    }
}

#[test]
fn names_of_tables_hold_nothing_else() {
    for right in ["users", "mail.users", "_u1", "Mail.Users"] {
        assert!(TableName::parse(right).is_some(), "{right}");
    }
    let long = "u".repeat(64);
    for wrong in ["", "a.b.c", ".a", "a.", "1a", "a b", "a;b", "a\"b", "a--", "ü", long.as_str()] {
        assert!(TableName::parse(wrong).is_none(), "{wrong}");
    }
    assert!(load(&[("D__RECIPIENTS", "users; DROP TABLE effects")]).is_err());
}
