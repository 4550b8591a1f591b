//! One entity of MIME: a mail, or a part of one (RFC 2045, RFC 2046).

use base64::{Engine, engine::general_purpose::STANDARD};

/// A head and a body, lines ending with LF.
#[derive(Debug)]
pub struct Entity {
    head: String,
    body: String,
}

impl Entity {
    /// Takes the head and the body apart, or what there is of them.
    pub fn read(text: &str) -> Self {
        let (head, body) = match text.strip_prefix('\n') {
            Some(body) => ("", body),
            None => text.split_once("\n\n").unwrap_or((text, "")),
        };
        Self { head: head.replace("\n ", " ").replace("\n\t", " "), body: body.to_owned() }
    }

    /// The value of a header field; empty where there is none.
    pub fn field(&self, name: &str) -> String {
        let line = self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        line.unwrap_or_default().to_owned()
    }

    /// `text/plain` where nothing is said.
    pub fn media_type(&self) -> String {
        let field = self.field("Content-Type").to_ascii_lowercase();
        let media_type = field.split(';').next().unwrap_or_default().trim();
        if media_type.is_empty() { "text/plain".to_owned() } else { media_type.to_owned() }
    }

    /// The parts of a multipart, or the entity itself.
    pub fn parts(&self) -> Vec<Self> {
        let field = self.field("Content-Type");
        let boundary = field.split_once("boundary=").map(|(_, value)| value);
        let Some(boundary) = boundary.filter(|_| self.media_type().starts_with("multipart/")) else {
            return vec![Self { head: self.head.clone(), body: self.body.clone() }];
        };
        let boundary = match boundary.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default(),
            None => boundary.split(';').next().unwrap_or_default().trim(),
        };
        let body = format!("\n{}", self.body);
        let delimiter = format!("\n--{boundary}");
        let parts = body.split(&delimiter).skip(1).take_while(|part| !part.starts_with("--"));
        parts.map(|part| Self::read(part.split_once('\n').map_or("", |(_, part)| part))).collect()
    }

    /// The body, its transfer encoding undone.
    pub fn text(&self) -> String {
        decoded(&self.body, &self.field("Content-Transfer-Encoding"))
    }
}

/// Undoes the transfer encoding (RFC 2045 §6).
fn decoded(body: &str, encoding: &str) -> String {
    let octets = if encoding.eq_ignore_ascii_case("base64") {
        let compact: String = body.split_whitespace().collect();
        STANDARD.decode(compact).unwrap_or_default()
    } else if encoding.eq_ignore_ascii_case("quoted-printable") {
        quoted_printable(body)
    } else {
        body.as_bytes().to_vec()
    };
    String::from_utf8_lossy(&octets).replace("\r\n", "\n")
}

fn quoted_printable(body: &str) -> Vec<u8> {
    let joined = body.replace("=\n", "");
    let mut parts = joined.split('=');
    let mut octets = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                octets.extend(&part.as_bytes()[2..]);
            }
            // Not an escape: shown as written.
            None => octets.extend(format!("={part}").bytes()),
        }
    }
    octets
}
