//! What is said before TLS: greeting, EHLO, STARTTLS (RFC 3207). Nothing of it is trusted afterwards.
//!
//! Read octet by octet. What somebody on the way adds behind the last answer stays in the socket, where it spoils the
//! handshake; read ahead, it would pass for the server's protected answer to what is said next (CVE-2011-0411).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Mishap;
use crate::consequence::Fault;

/// Octets of a line; RFC 5321 §4.5.3.1.5 asks for 512.
const LONGEST_LINE: usize = 2048;
/// Lines of an answer: more extensions than there are.
const MOST_LINES: usize = 128;

/// Waits for the server's first word.
pub(super) async fn greeting(stream: &mut (impl AsyncRead + Unpin)) -> Result<(), Mishap> {
    answer(stream).await.map(drop)
}

/// Has the server wait for the TLS handshake.
pub(super) async fn request(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    hello_name: &str,
) -> Result<(), Mishap> {
    say(stream, &format!("EHLO {hello_name}\r\n")).await?;
    let answered = answer(stream).await?;
    // The first line is the server's name.
    if !answered.iter().skip(1).any(|line| line.eq_ignore_ascii_case("STARTTLS")) {
        return Err(Fault::NotOffered.into());
    }
    say(stream, "STARTTLS\r\n").await?;
    answer(stream).await.map(drop)
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), command: &str) -> io::Result<()> {
    stream.write_all(command.as_bytes()).await?;
    stream.flush().await
}

/// The lines of a positive answer without their codes.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<String>, Mishap> {
    let mut lines = Vec::new();
    while lines.len() < MOST_LINES {
        let line = line(stream).await?;
        let code: u16 = line.get(..3).and_then(|code| code.parse().ok()).ok_or_else(nonsense)?;
        lines.push(line.get(4..).unwrap_or_default().to_owned());
        match line.as_bytes().get(3) {
            Some(b'-') => {}
            Some(b' ') | None if (200..300).contains(&code) => return Ok(lines),
            Some(b' ') | None if (400..600).contains(&code) => return Err(Fault::Reply(code).into()),
            _ => break,
        }
    }
    Err(nonsense())
}

async fn line(stream: &mut (impl AsyncRead + Unpin)) -> Result<String, Mishap> {
    let mut line = Vec::new();
    while line.len() < LONGEST_LINE {
        match stream.read_u8().await? {
            b'\n' => return Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
            octet => line.push(octet),
        }
    }
    Err(nonsense())
}

fn nonsense() -> Mishap {
    Mishap { fault: Fault::Silence, cause: Some("answered with nonsense".to_owned()) }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    const HELLO: &str = "220-one\r\n220 two\r\n";

    /// What a server that says all this at once is answered, and what of it is left.
    async fn play(said: &str) -> (Result<(), Fault>, String, String) {
        let (mut ours, mut theirs) = duplex(1 << 20);
        theirs.write_all(said.as_bytes()).await.unwrap();
        theirs.shutdown().await.unwrap();
        let result = match greeting(&mut ours).await {
            Ok(()) => request(&mut ours, "me").await,
            refused => refused,
        };
        let (mut left, mut heard) = (String::new(), String::new());
        ours.read_to_string(&mut left).await.unwrap();
        drop(ours);
        theirs.read_to_string(&mut heard).await.unwrap();
        (result.map_err(|why| why.fault), heard, left)
    }

    #[tokio::test]
    async fn what_is_added_behind_the_answer_is_not_read() {
        let (result, heard, left) =
            play(&format!("{HELLO}250-me\r\n250-SIZE 1\r\n250 starttls\r\n220 go\r\n250 added\r\n")).await;
        assert_eq!((result, &*heard), (Ok(()), "EHLO me\r\nSTARTTLS\r\n"));
        assert_eq!(left, "250 added\r\n");
    }

    #[tokio::test]
    async fn without_the_offer_nothing_is_asked() {
        let (result, heard, _) = play(&format!("{HELLO}250-me\r\n250 NOSTARTTLS\r\n220 go\r\n")).await;
        assert_eq!((result, &*heard), (Err(Fault::NotOffered), "EHLO me\r\n"));
    }

    #[tokio::test]
    async fn refusals_keep_their_code_and_nonsense_is_silence() {
        let long = "x".repeat(LONGEST_LINE);
        let endless = "250-x\r\n".repeat(MOST_LINES + 1);
        for (said, expected) in [
            ("554 no\r\n".to_owned(), Fault::Reply(554)),
            (format!("{HELLO}502 what\r\n"), Fault::Reply(502)),
            (format!("{HELLO}250 STARTTLS\r\n250 STARTTLS\r\n454 not now\r\n"), Fault::NotOffered),
            (format!("{HELLO}250-me\r\n250 STARTTLS\r\n454 not now\r\n"), Fault::Reply(454)),
            (format!("{HELLO}250-me\r\n250 STARTTLS\r\n354 go\r\n"), Fault::Silence),
            (format!("{HELLO}{endless}"), Fault::Silence),
            (long, Fault::Silence),
            ("hello\r\n".to_owned(), Fault::Silence),
            ("2é0\r\n".to_owned(), Fault::Silence),
            (String::new(), Fault::Silence),
        ] {
            assert_eq!(play(&said).await.0, Err(expected), "{}", &said[..said.len().min(60)]);
        }
    }
}
