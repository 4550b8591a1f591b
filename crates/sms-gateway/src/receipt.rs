//! What providers tell of a message after they took it.

use std::{collections::BTreeSet, fmt};

use http::{HeaderMap, Method};
use url::form_urlencoded;

/// A request that came in where receipts are expected.
#[derive(Clone, Copy)]
pub struct ReceiptRequest<'a> {
    /// GET or POST
    pub method: &'a Method,
    /// The whole public URL as the provider knows it, with its query: what a proxy made of it does not count.
    pub url: &'a str,
    /// The fields of the request.
    pub headers: &'a HeaderMap,
    /// The body; whoever read it has bounded it.
    pub body: &'a [u8],
}

/// Hides what is private: the body holds a number, the query may.
impl fmt::Debug for ReceiptRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiptRequest").field("method", self.method).finish_non_exhaustive()
    }
}

/// What a provider tells of a message. It may come several times and in any order, and before the answer to the request
/// that sent the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Our id of the message, 64 hexadecimal digits.
    pub reference: String,
    /// The provider's name of the message; of one of its parts with Vonage, which tells of each.
    pub id: String,
    /// What became of it.
    pub status: Delivery,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// The provider or the network has it; the end is open.
    Taken,
    /// It reached the phone, as far as the network tells.
    Delivered,
    /// It will not reach the phone.
    Undelivered,
}

/// Why a request is no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReceipt {
    /// No proof that the provider sent it, or one that is too old.
    #[error("receipt is not from the provider")]
    NotAuthentic,
    /// It is from the provider, and names none of our messages in a form that is known here.
    #[error("receipt cannot be read")]
    Unreadable,
}

/// Names and values of a form or a query, sorted, each pair once: the order in which providers sign them.
pub type Fields = BTreeSet<(String, String)>;

/// The pairs of a form or a query.
pub fn fields(encoded: &[u8]) -> Fields {
    form_urlencoded::parse(encoded).into_owned().collect()
}

/// The first value of this name.
pub fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// What comes after the question mark of a URL.
pub fn query(url: &str) -> &str {
    url.split_once('?').map_or("", |(_, query)| query)
}

impl Receipt {
    /// A reference that is none of ours makes it unreadable.
    pub fn new(reference: Option<&str>, id: Option<&str>, status: Delivery) -> Result<Self, InvalidReceipt> {
        let is_ours = |text: &&str| text.len() == 64 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
        let is_id = |text: &&str| (1..=LONGEST_ID).contains(&text.len());
        let (reference, id) = (reference.filter(is_ours), id.filter(is_id));
        let (reference, id) = reference.zip(id).ok_or(InvalidReceipt::Unreadable)?;
        Ok(Self { reference: reference.to_ascii_lowercase(), id: id.to_owned(), status })
    }
}

/// Names that providers give have at most 36 octets (a UUID); a longer one than this is not kept.
pub const LONGEST_ID: usize = 128;
