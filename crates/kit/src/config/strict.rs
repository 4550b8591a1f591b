//! Values as types may have them: a section is a table, and a choice is one of its words.

use serde::{
    de::{
        Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use toml::{Value, de::Error};

/// A value that gives itself to a section only where it is a table. To `toml` the elements of a list are as good as the keys,
/// so that an empty list would be a section with every default.
pub(super) struct Strict(pub(super) Value);

impl<'de> IntoDeserializer<'de, Error> for Strict {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Strict {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(elements) => {
                visitor.visit_seq(SeqDeserializer::new(elements.into_iter().map(Strict)))
            }
            Value::Table(table) => visitor
                .visit_map(MapDeserializer::new(table.into_iter().map(|(key, value)| (key, Strict(value))))),
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(_) => Err(Error::invalid_type(Unexpected::Other("list"), &"a section")),
            // A date is a struct of its own.
            Value::Datetime(_) => self.0.deserialize_struct(name, fields, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.0.is_str() || self.0.is_table() {
            return self.0.deserialize_enum(name, variants, visitor);
        }
        let words = variants.iter().map(|variant| format!("\"{variant}\"")).collect::<Vec<_>>().join(" or ");
        Err(Error::invalid_type(Unexpected::Other(self.0.type_str()), &words.as_str()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Outer {
        inner: Option<Inner>,
        inners: Vec<Inner>,
        kind: Kind,
        names: Vec<String>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Inner {
        number: u16,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        #[default]
        One,
        Other,
        With(Inner),
    }

    fn read(text: &str) -> Result<Outer, String> {
        let value = Value::Table(toml::from_str(text).unwrap());
        Outer::deserialize(Strict(value)).map_err(|why| why.message().to_owned())
    }

    #[test]
    fn a_list_is_no_section_at_any_depth() {
        for text in ["inner = []", "inner = [7]", "inners = [[7]]"] {
            assert_eq!(read(text).unwrap_err(), "invalid type: list, expected a section", "{text}");
        }
    }

    #[test]
    fn a_choice_is_told_by_its_words() {
        assert_eq!(
            read("kind = 1").unwrap_err(),
            "invalid type: integer, expected \"one\" or \"other\" or \"with\""
        );
        assert!(
            read("kind = 'neither'").unwrap_err().starts_with("unknown variant `neither`, expected one of")
        );
    }

    #[test]
    fn what_is_right_is_read_as_before() {
        let text = "names = ['a']\nkind = { with = { number = 3 } }\ninner = { number = 1 }\n[[inners]]\nnumber = 2\n";
        let inner = |number| Inner { number };
        let names = vec!["a".to_owned()];
        let right =
            Outer { inner: Some(inner(1)), inners: vec![inner(2)], kind: Kind::With(inner(3)), names };
        assert_eq!(read(text).unwrap(), right);
        assert_eq!(read(text).unwrap(), toml::from_str(text).unwrap());
    }
}
