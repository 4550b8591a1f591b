//! The smallest program that a test can watch: it says where it listens, and listens until it is ended.

use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("listening on {}", listener.local_addr()?.port());
    loop {
        listener.accept().await?;
    }
}
