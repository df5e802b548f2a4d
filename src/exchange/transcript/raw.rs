//! JSON objects whose fields stay raw until somebody wants them: unknown fields are kept to the
//! byte, and no number, however long, loses a digit.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The most fields of one object: they are searched one by one.
const FIELDS_MAX: usize = 2_000;

/// The fields of one JSON object, in their order, borrowed from its text.
#[derive(Debug, Default)]
pub(super) struct RawObject<'a> {
    fields: Vec<(String, &'a str)>,
}

impl<'a> RawObject<'a> {
    /// The object that `text` spells, or why it spells none.
    pub(super) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Takes the field `name` out, as raw JSON. A field that is `null` counts as absent.
    pub(super) fn take(&mut self, name: &str) -> Option<&'a str> {
        let at = self.fields.iter().position(|(field, _)| field == name)?;
        Some(self.fields.remove(at).1).filter(|raw| *raw != "null")
    }

    /// Takes the field `name` out if `read` understands it; else it stays, to be kept raw.
    pub(super) fn take_if<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Option<T> {
        let at = self.fields.iter().position(|(field, _)| field == name)?;
        let value = match self.fields[at].1 {
            "null" => None,
            raw => Some(read(raw)?),
        };
        self.fields.remove(at);
        value
    }

    pub(super) fn take_string(&mut self, name: &str) -> Option<String> {
        self.take_if(name, string)
    }

    pub(super) fn take_bool(&mut self, name: &str) -> Option<bool> {
        self.take_if(name, |raw| raw.parse().ok())
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, raw)| *raw)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    /// Removes the fields whose names are in `known`.
    pub(super) fn forget(&mut self, known: &[&str]) {
        self.fields.retain(|(name, _)| !known.contains(&name.as_str()));
    }

    /// Adds a field.
    pub(super) fn push(&mut self, name: String, raw: &'a str) {
        if self.fields.len() < FIELDS_MAX {
            self.fields.push((name, raw));
        }
    }

    /// Adds the fields of `other` whose names are not there.
    pub(super) fn add_missing(&mut self, other: Self) {
        for (name, raw) in other.fields {
            if !self.has(&name) {
                self.fields.push((name, raw));
            }
        }
    }

    /// Removes the fields that say nothing.
    pub(super) fn forget_nulls(&mut self) {
        self.fields.retain(|(_, raw)| *raw != "null");
    }

    /// Appends the fields to `out`, the inside of a JSON object, on one line.
    pub(super) fn write(&self, out: &mut String) {
        for (name, raw) in &self.fields {
            push_field(out, name, raw);
        }
    }

    /// The JSON text of the object with the fields that are left; `None` if none is.
    pub(super) fn rest(&self) -> Option<String> {
        let mut inside = String::new();
        self.write(&mut inside);
        (!inside.is_empty()).then(|| format!("{{{inside}}}"))
    }
}

impl<'de> Deserialize<'de> for RawObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = RawObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            /// Of a name that stands twice, the last value counts, as in every JSON reader.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields: Vec<(String, &'de str)> = Vec::new();
                while let Some((name, raw)) = map.next_entry::<String, &'de RawValue>()? {
                    fields.retain(|(field, _)| *field != name);
                    if fields.len() == FIELDS_MAX {
                        return Err(A::Error::custom("an object has too many fields"));
                    }
                    fields.push((name, raw.get()));
                }
                Ok(RawObject { fields })
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// Appends `"name":raw` to the inside of a JSON object. Line ends in `raw` can only stand between
/// its tokens, and become spaces.
pub(super) fn push_field(out: &mut String, name: &str, raw: &str) {
    if !out.is_empty() {
        out.push(',');
    }
    out.push_str(&quote(name));
    out.push(':');
    out.push_str(&one_line(raw));
}

/// `text` as a JSON string.
pub(super) fn quote(text: &str) -> String {
    serde_json::to_string(text).expect("BUG: a string is always JSON")
}

/// Raw JSON with the line ends between its tokens made spaces.
pub(super) fn one_line(raw: &str) -> String {
    raw.replace(['\n', '\r'], " ")
}

/// The elements of a JSON array, raw; `None` if it is no array.
pub(super) fn array(raw: &str) -> Option<Vec<&str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    Some(elements.into_iter().map(RawValue::get).collect())
}

/// Whether `text` is one JSON value and nothing else.
pub(super) fn is_value(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// The text of a JSON string; `None` if it is no string. Half a surrogate pair, which harnesses
/// leave when they cut a text, becomes the replacement character.
pub(super) fn string(raw: &str) -> Option<String> {
    if !raw.starts_with('"') {
        return None;
    }
    serde_json::from_str(raw).or_else(|_| serde_json::from_str(&mend_surrogates(raw))).ok()
}

/// `raw` with every escaped surrogate that has no partner replaced.
fn mend_surrogates(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let bytes = match (surrogate(rest), rest.get(6..).and_then(surrogate)) {
            (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => 12,
            (Some(_), _) => {
                out.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            // The backslash and what it escapes.
            (None, _) => rest.chars().take(2).map(char::len_utf8).sum(),
        };
        out.push_str(&rest[..bytes]);
        rest = &rest[bytes..];
    }
    out + rest
}

/// The surrogate that `text` begins with, if it begins with an escaped one.
fn surrogate(text: &str) -> Option<u16> {
    let code = u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
    (0xD800..0xE000).contains(&code).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_nobody_took_are_kept_to_the_byte() {
        let text = r#"{"a":1,"long":0.10000000000000000000001e999,"b":{"x":[1, 2]},"n":null}"#;
        let mut object = RawObject::parse(text).unwrap();
        assert_eq!(object.take("a"), Some("1"));
        assert_eq!(object.take("n"), None);
        let rest = r#"{"long":0.10000000000000000000001e999,"b":{"x":[1, 2]}}"#;
        assert_eq!(object.rest().unwrap(), rest);
        assert!(RawObject::parse("[1]").is_err());
    }

    #[test]
    fn of_a_field_that_stands_twice_the_last_counts() {
        let mut object = RawObject::parse(r#"{"a":1,"a":2}"#).unwrap();
        assert_eq!((object.take("a"), object.take("a")), (Some("2"), None));
    }

    #[test]
    fn half_a_surrogate_pair_costs_one_character_and_not_the_text() {
        assert_eq!(string(r#""a\ud83d\ude00b""#).unwrap(), "a\u{1F600}b");
        assert_eq!(string(r#""a\ud83d""#).unwrap(), "a\u{FFFD}");
        assert_eq!(
            string(r#""\ude00\ud83d\ude00\\ud83d\n""#).unwrap(),
            "\u{FFFD}\u{1F600}\\ud83d\n"
        );
        assert_eq!(string(r#""\ud83d\ud83d\ude00""#).unwrap(), "\u{FFFD}\u{1F600}");
        assert_eq!(string("17"), None);
    }
}
