//! By mail (RFC 5436 §2, RFC 6068).

use std::fmt;

use super::{MOST_DESTINATIONS, Unsupported, decoded, fields, without_fragment};

/// What a `mailto:` URI asks for. Its other header fields are ignored: those that RFC 5436 §2.3 reserves, those that
/// would hide recipients or pretend a thread, and those that we have no use for.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Mailto {
    /// Addresses, at least one, each of one form that can stand in a header.
    pub to: Vec<String>,
    /// More of them; with those of `to` no more than [`MOST_DESTINATIONS`].
    pub cc: Vec<String>,
    /// The subject if the script's own text gives none.
    pub subject: Option<String>,
    /// The text of the mail, with `\n` between lines.
    pub body: Option<String>,
    /// Addresses that are too many or that are none.
    pub left_out: usize,
}

/// Octets of an address (RFC 5321 §4.5.3.1 and erratum 1690).
const LONGEST_ADDRESS: usize = 320;

impl Mailto {
    /// Reads what stands after `mailto:`.
    pub(super) fn parse(uri: &str) -> Result<Self, Unsupported> {
        let uri = without_fragment(uri);
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let mut mailto = Self::default();
        for address in path.split(',') {
            mailto.add(&decoded(address)?, false);
        }
        for (name, value) in fields(query) {
            mailto.field(&name, value);
        }
        if mailto.to.is_empty() { Err(Unsupported::NoDestination) } else { Ok(mailto) }
    }

    fn field(&mut self, name: &str, value: String) {
        match name {
            "to" => value.split(',').for_each(|address| self.add(address, false)),
            "cc" => value.split(',').for_each(|address| self.add(address, true)),
            "subject" => self.subject = Some(value),
            "body" => self.body = Some(value.replace("\r\n", "\n")),
            _ => {}
        }
    }

    fn add(&mut self, address: &str, is_copy: bool) {
        let address = address.trim();
        let known = self.to.iter().chain(&self.cc);
        if address.is_empty() || known.clone().any(|known| known.eq_ignore_ascii_case(address)) {
            return;
        }
        if known.count() >= MOST_DESTINATIONS || !is_sound(address) {
            self.left_out += 1;
            return;
        }
        if is_copy { &mut self.cc } else { &mut self.to }.push(address.to_owned());
    }
}

/// Hides addresses and words: they must not reach a log by way of `{:?}`.
impl fmt::Debug for Mailto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = self.to.len() + self.cc.len();
        f.debug_struct("Mailto").field("addresses", &addresses).finish_non_exhaustive()
    }
}

/// `local@domain` of characters that cannot end a header or a list; nothing quoted.
fn is_sound(address: &str) -> bool {
    let parts = address.rsplit_once('@');
    let is_ours = |c: char| !(c.is_whitespace() || c.is_control() || "\"(),:;<>[]\\".contains(c));
    address.len() <= LONGEST_ADDRESS
        && parts.is_some_and(|(local, domain)| {
            !local.is_empty() && !local.contains('@') && domain.contains(|c| c != '.')
        })
        && address.chars().all(is_ours)
}
