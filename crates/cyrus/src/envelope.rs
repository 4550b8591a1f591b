//! `vnd.cmu.envelope`: the envelope of a message in IMAP's syntax (RFC 9051 §7.5.2).

use mailbox_event::{Address, Envelope};

use crate::{Malformed, dlist::Value, encoded_word};

/// Reads an envelope. Display names and the subject have their encoded words decoded and their line breaks taken out.
///
/// The markers of address groups (RFC 5322 §3.4) are left out: their members are listed, and no group's name can be
/// taken for an address.
pub fn parse(text: &str) -> Result<Envelope, Malformed> {
    let Value::List(parts) = Value::parse(text.as_bytes())? else { return Err(Malformed::Syntax) };
    let parts: &[Value; 10] = parts.as_slice().try_into().map_err(|_| Malformed::Syntax)?;
    let [date, subject, from, sender, reply_to, to, cc, bcc, in_reply_to, message_id] = parts;
    Ok(Envelope {
        date: written(date)?,
        subject: decoded(subject)?,
        from: addresses(from)?,
        sender: addresses(sender)?,
        reply_to: addresses(reply_to)?,
        to: addresses(to)?,
        cc: addresses(cc)?,
        bcc: addresses(bcc)?,
        in_reply_to: written(in_reply_to)?,
        message_id: written(message_id)?,
    })
}

fn addresses(value: &Value) -> Result<Vec<Address>, Malformed> {
    match value {
        Value::Nil => Ok(Vec::new()),
        Value::List(items) => items.iter().filter_map(|item| address(item).transpose()).collect(),
        Value::Text(_) | Value::Pairs(_) => Err(Malformed::Syntax),
    }
}

/// `(name route mailbox host)`; a NIL host marks the start or the end of a group.
fn address(value: &Value) -> Result<Option<Address>, Malformed> {
    let Value::List(parts) = value else { return Err(Malformed::Syntax) };
    let [name, _route, mailbox, host] = parts.as_slice() else { return Err(Malformed::Syntax) };
    if *host == Value::Nil {
        return Ok(None);
    }
    Ok(Some(Address { name: decoded(name)?, mailbox: written(mailbox)?, host: written(host)? }))
}

/// A text as it stands in the header; empty ones are absent.
fn written(value: &Value) -> Result<Option<String>, Malformed> {
    let octets = value.octets().ok_or(Malformed::Syntax)?;
    Ok(Some(String::from_utf8_lossy(octets).into_owned()).filter(|text| !text.is_empty()))
}

fn decoded(value: &Value) -> Result<Option<String>, Malformed> {
    Ok(written(value)?.map(|text| encoded_word::decode(&text.replace(['\r', '\n'], ""))))
}

#[cfg(test)]
mod tests;
