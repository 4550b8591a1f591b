//! Uploading Sieve scripts: ManageSieve (RFC 5804).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Uploads `script` as `main` and makes it the active one.
///
/// # Panics
/// With the server's answer when it refuses, for example because the script does not compile.
pub async fn activate(port: u16, user: &str, password: &str, script: &str) {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the ManageSieve port listens");
    let mut stream = BufReader::new(stream);
    answer(&mut stream).await; // The greeting lists capabilities and ends like an answer.
    let login = STANDARD.encode(format!("\0{user}\0{password}"));
    run(&mut stream, &format!("AUTHENTICATE \"PLAIN\" \"{login}\"")).await;
    run(&mut stream, &format!("PUTSCRIPT \"main\" {{{}+}}\r\n{script}", script.len())).await;
    run(&mut stream, "SETACTIVE \"main\"").await;
}

async fn run(stream: &mut BufReader<TcpStream>, command: &str) {
    stream.get_mut().write_all(format!("{command}\r\n").as_bytes()).await.expect("the server reads");
    answer(stream).await;
}

async fn answer(stream: &mut BufReader<TcpStream>) {
    let mut seen = String::new();
    loop {
        let start = seen.len();
        let read = stream.read_line(&mut seen).await.expect("the server answers in UTF-8");
        let line = &seen[start..];
        assert!(read > 0 && !line.starts_with("BYE"), "ManageSieve ended: {seen}");
        // The details of a refusal may follow in a literal; its head is on this line.
        assert!(!line.starts_with("NO"), "ManageSieve refused: {seen}");
        if line.starts_with("OK") {
            return;
        }
    }
}
