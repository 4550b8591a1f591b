//! Values of a dlist, and of IMAP's own syntax.

use crate::Malformed;

/// How deep lists may lie in lists. A notification has two levels, an envelope three.
const DEEPEST: usize = 8;

/// The most values in one text: an envelope with 10,000 recipients fits, a flood of `()` does not.
const MOST_VALUES: usize = 65_536;

/// A value. Texts are octets: a literal may hold anything.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// The atom NIL, in any case.
    Nil,
    /// An atom, a quoted string (escapes undone) or a literal.
    Text(Vec<u8>),
    /// `(…)`
    List(Vec<Value>),
    /// `%(key value …)`
    Pairs(Vec<(Vec<u8>, Value)>),
}

impl Value {
    /// Reads one value that fills the whole of `text`.
    pub fn parse(text: &[u8]) -> Result<Self, Malformed> {
        let mut parser = Parser { rest: text, values: 0 };
        let value = parser.value(0)?;
        if parser.rest.is_empty() { Ok(value) } else { Err(Malformed::Syntax) }
    }

    /// The octets of a text; NIL has none; lists are no text.
    pub fn octets(&self) -> Option<&[u8]> {
        match self {
            Self::Nil => Some(&[]),
            Self::Text(octets) => Some(octets),
            Self::List(_) | Self::Pairs(_) => None,
        }
    }

    /// [`Self::octets`], of a value that is not needed any more.
    pub(super) fn into_octets(self) -> Option<Vec<u8>> {
        match self {
            Self::Nil => Some(Vec::new()),
            Self::Text(octets) => Some(octets),
            Self::List(_) | Self::Pairs(_) => None,
        }
    }
}

/// Says the shape only: values hold what people wrote.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nil => f.write_str("Nil"),
            Self::Text(octets) => write!(f, "Text({} octets)", octets.len()),
            Self::List(items) => f.debug_list().entries(items).finish(),
            Self::Pairs(pairs) => f.debug_list().entries(pairs.iter().map(|(_, value)| value)).finish(),
        }
    }
}

struct Parser<'a> {
    rest: &'a [u8],
    values: usize,
}

impl Parser<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, Malformed> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(Malformed::TooManyValues);
        }
        match self.rest {
            [b'%', b'(', ..] => self.inside(2, depth, Self::pairs),
            [b'(', ..] => self.inside(1, depth, Self::list),
            [b'"', rest @ ..] => {
                self.rest = rest;
                self.quoted().map(Value::Text)
            }
            [b'{', rest @ ..] => {
                self.rest = rest;
                self.literal().map(Value::Text)
            }
            _ => self.atom().map(nil_or_text),
        }
    }

    fn inside(
        &mut self,
        opening: usize,
        depth: usize,
        read: fn(&mut Self, usize) -> Result<Value, Malformed>,
    ) -> Result<Value, Malformed> {
        if depth == DEEPEST {
            return Err(Malformed::TooDeep);
        }
        self.rest = &self.rest[opening..];
        read(self, depth + 1)
    }

    fn list(&mut self, depth: usize) -> Result<Value, Malformed> {
        let mut items = Vec::new();
        while !self.closes() {
            items.push(self.value(depth)?);
            self.separator()?;
        }
        Ok(Value::List(items))
    }

    fn pairs(&mut self, depth: usize) -> Result<Value, Malformed> {
        let mut pairs = Vec::new();
        while !self.closes() {
            let key = self.atom()?.to_vec();
            self.rest = self.rest.strip_prefix(b" ").ok_or(Malformed::Syntax)?;
            pairs.push((key, self.value(depth)?));
            self.separator()?;
        }
        Ok(Value::Pairs(pairs))
    }

    fn closes(&mut self) -> bool {
        let rest = self.rest.strip_prefix(b")");
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Between two values stands a space. IMAP leaves it out between the addresses of an envelope.
    fn separator(&mut self) -> Result<(), Malformed> {
        match self.rest {
            [b' ', rest @ ..] => self.rest = rest,
            [b')' | b'(', ..] => {}
            _ => return Err(Malformed::Syntax),
        }
        Ok(())
    }

    fn atom(&mut self) -> Result<&[u8], Malformed> {
        let end = self.rest.iter().position(|octet| !is_atom_octet(*octet)).unwrap_or(self.rest.len());
        let (atom, rest) = self.rest.split_at(end);
        self.rest = rest;
        if atom.is_empty() { Err(Malformed::Syntax) } else { Ok(atom) }
    }

    fn quoted(&mut self) -> Result<Vec<u8>, Malformed> {
        let mut text = Vec::new();
        loop {
            match self.rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Ok(text);
                }
                [b'\\', octet @ (b'"' | b'\\'), rest @ ..] => {
                    text.push(*octet);
                    self.rest = rest;
                }
                [] | [b'\\' | b'\r' | b'\n' | 0, ..] => return Err(Malformed::Syntax),
                [octet, rest @ ..] => {
                    text.push(*octet);
                    self.rest = rest;
                }
            }
        }
    }

    fn literal(&mut self) -> Result<Vec<u8>, Malformed> {
        let brace = self.rest.iter().position(|octet| *octet == b'}').ok_or(Malformed::Literal)?;
        let (head, rest) = self.rest.split_at(brace);
        let digits = head.strip_suffix(b"+").unwrap_or(head);
        let digits = std::str::from_utf8(digits).map_err(|_| Malformed::Literal)?;
        if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(Malformed::Literal);
        }
        let size: usize = digits.parse().map_err(|_| Malformed::Literal)?;
        let rest = &rest[1..];
        let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        let rest = rest.strip_prefix(b"\n").ok_or(Malformed::Literal)?;
        let (literal, rest) = rest.split_at_checked(size).ok_or(Malformed::Literal)?;
        self.rest = rest;
        Ok(literal.to_vec())
    }
}

fn nil_or_text(atom: &[u8]) -> Value {
    if atom.eq_ignore_ascii_case(b"NIL") { Value::Nil } else { Value::Text(atom.to_vec()) }
}

/// Wider than RFC 9051's atom on purpose: Cyrus writes addresses and URIs bare.
const fn is_atom_octet(octet: u8) -> bool {
    !matches!(octet, b' ' | b'(' | b')' | b'"' | b'{' | 0..=31 | 127)
}

#[cfg(test)]
mod tests;
