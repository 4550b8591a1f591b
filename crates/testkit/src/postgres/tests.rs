//! A server of this kit stops, pauses and comes back as its words promise.

use std::process::Stdio;

use super::*;

#[tokio::test]
async fn databases_are_fresh_and_what_was_committed_outlives_a_crash() {
    let mut server = Postgres::start().await;
    let (one, other) = (server.database(), server.database());
    server.sql(&one, "CREATE TABLE kept (word TEXT); INSERT INTO kept VALUES ('still here')");
    assert_eq!(server.rows(&other, "SELECT count(*) FROM pg_tables WHERE tablename = 'kept'"), ["0"]);
    server.kill().await;
    assert!(std::net::TcpStream::connect(("127.0.0.1", server.port())).is_err());
    server.restart().await;
    assert_eq!(server.rows(&one, "SELECT word FROM kept"), ["still here"]);
    server.stop().await;
    assert!(std::net::TcpStream::connect(("127.0.0.1", server.port())).is_err());
}

#[tokio::test]
async fn a_paused_server_answers_when_it_is_resumed_and_not_before() {
    let server = Postgres::start().await;
    server.pause();
    let mut command = Command::new(program("psql"));
    command.args(["-XAtd", &server.url("postgres"), "-c", "SELECT 1"]).stdout(Stdio::piped());
    let mut client = command.spawn().expect("psql is there");
    let waits = tokio::time::timeout(Duration::from_millis(500), async {
        eventually(START_WITHIN, "psql ends", async || client.try_wait().expect("it is ours")).await
    });
    assert!(waits.await.is_err(), "a paused server answered");
    server.resume();
    let ended = eventually(START_WITHIN, "psql ends", async || client.try_wait().expect("it is ours")).await;
    assert!(ended.success());
}

#[tokio::test]
async fn tests_share_a_server_and_the_last_one_ends_it() {
    let server = Postgres::shared().await;
    let port = server.port();
    assert_eq!(Postgres::shared().await.port(), port);
    assert_ne!(server.database(), server.database());
    drop(server);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "it is still there");
}
