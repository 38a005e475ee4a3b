//! JSON in which two readers can not see different things: no key twice, no deeper than 64 levels.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, map::Entry};

use crate::base::{json_hint, text::shown_on_one_line};

/// How deep JSON of guests and callers may nest: an array in an array is two levels.
pub(crate) const DEEPEST: usize = 64;

/// Why a text is not JSON that we take. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    /// It is not JSON, or has a number that no `f64` holds.
    #[error("{message} at line {line} column {column}")]
    Syntax {
        message: String,
        line: u32,
        column: u32,
        hint: Option<&'static str>,
    },
    /// An object has one key twice, so that two readers may take different values.
    #[error("the key `{key}` stands twice in one object at line {line} column {column}")]
    Duplicate { key: String, line: u32, column: u32 },
    /// It nests deeper than [`DEEPEST`].
    #[error("it nests deeper than {DEEPEST} levels at line {line} column {column}")]
    TooDeep { line: u32, column: u32 },
    /// The same of a value that was never text.
    #[error("it nests deeper than {DEEPEST} levels")]
    ValueTooDeep,
}

impl JsonError {
    /// What would mend it.
    pub(crate) const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Syntax { hint, .. } => *hint,
            Self::Duplicate { .. } => Some("remove one of the two"),
            Self::TooDeep { .. } | Self::ValueTooDeep => Some("nest it less, or write the inner part as text"),
        }
    }
}

/// Parses JSON text.
///
/// # Errors
/// When it is not JSON, has a key twice in one object or nests deeper than [`DEEPEST`].
pub(crate) fn parse(text: &str) -> Result<Value, JsonError> {
    let refused = Cell::new(None);
    let seed = Seed {
        levels_left: DEEPEST,
        refused: &refused,
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = seed
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| {
        let message = without_place(&error);
        let at = offset(text, &error, &message);
        let (line, column) = place(text, at);
        match refused.take() {
            Some(Refused::Duplicate(key)) => JsonError::Duplicate {
                key: shortened(&key),
                line,
                column,
            },
            Some(Refused::TooDeep) => JsonError::TooDeep { line, column },
            None => JsonError::Syntax {
                hint: json_hint::hint(&message, text.get(at..).and_then(|rest| rest.chars().next())),
                message,
                line,
                column,
            },
        }
    })
}

/// Checks that parsed JSON is no deeper than [`DEEPEST`].
///
/// # Errors
/// When it is.
pub(crate) fn check_depth(value: &Value) -> Result<(), JsonError> {
    fn fits(value: &Value, levels_left: usize) -> bool {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
            Value::Array(items) => levels_left > 0 && items.iter().all(|item| fits(item, levels_left - 1)),
            Value::Object(fields) => levels_left > 0 && fields.values().all(|item| fits(item, levels_left - 1)),
        }
    }
    if fits(value, DEEPEST) {
        Ok(())
    } else {
        Err(JsonError::ValueTooDeep)
    }
}

/// Where the character stands, in bytes, at which the parser stopped; of a comma too many, the comma.
fn offset(text: &str, error: &serde_json::Error, message: &str) -> usize {
    let before: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    // The parser counts columns in bytes, from 1, and may point into a character.
    let mut at = (before + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let comma = (message == "trailing comma").then(|| text.get(..at).and_then(|before| before.rfind(',')));
    comma.flatten().unwrap_or(at)
}

/// Line and column in characters.
fn place(text: &str, at: usize) -> (u32, u32) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (
        u32::try_from(line).unwrap_or(u32::MAX),
        u32::try_from(column).unwrap_or(u32::MAX),
    )
}

/// The parser's words without the place it appends to them, which counts otherwise than ours.
fn without_place(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let end = words.rfind(" at line ").unwrap_or(words.len());
    words.get(..end).unwrap_or(&words).to_owned()
}

fn shortened(key: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = key.chars().take(LONGEST).collect();
    if short.len() < key.len() {
        short.push('…');
    }
    shown_on_one_line(&short)
}

/// What stopped the parser, where it was not the syntax.
enum Refused {
    Duplicate(String),
    TooDeep,
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    levels_left: usize,
    refused: &'a Cell<Option<Refused>>,
}

impl Seed<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.levels_left.checked_sub(1) {
            Some(levels_left) => Ok(Self { levels_left, ..self }),
            None => Err(self.refuse(Refused::TooDeep)),
        }
    }

    fn refuse<E: serde::de::Error>(self, why: Refused) -> E {
        self.refused.set(Some(why));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            match object.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert(fields.next_value_seed(inner)?);
                }
                Entry::Occupied(entry) => return Err(self.refuse(Refused::Duplicate(entry.key().clone()))),
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;

    use super::*;

    fn said(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_serde_json_reads_is_read_alike() {
        let text = r#" {"a": [1, -2, 3.5e2, 18446744073709551615, true, null], "b": {"c": "ż\u0142\n"}, "": ""} "#;
        assert_eq!(parse(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_even_when_written_otherwise() {
        assert_eq!(
            said("{\"a\": 1,\n \"\\u0061\": 2}"),
            "the key `a` stands twice in one object at line 2 column 9"
        );
        assert_eq!(parse(r#"[{"a": 1}, {"a": {"a": 2}}]"#).unwrap()[1]["a"]["a"], 2);
    }

    #[test]
    fn sixty_four_levels_are_taken_and_one_more_is_not() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let deepest = parse(&nested(64)).unwrap();
        assert_eq!(check_depth(&deepest), Ok(()));
        assert_eq!(said(&nested(65)), "it nests deeper than 64 levels at line 1 column 65");
        assert_eq!(check_depth(&Value::Array(vec![deepest])), Err(JsonError::ValueTooDeep));
        assert!(matches!(parse(&"[".repeat(1 << 20)), Err(JsonError::TooDeep { .. })));
        assert!(matches!(
            parse(&"{\"a\":".repeat(1 << 18)),
            Err(JsonError::TooDeep { .. })
        ));
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(said("{\"zażółć\": x}"), "expected value at line 1 column 12");
        assert_eq!(said("[1,\n2,]"), "trailing comma at line 2 column 2");
        assert_eq!(said("[1,\n2,\n\n]"), "trailing comma at line 2 column 2");
        assert_eq!(said(""), "EOF while parsing a value at line 1 column 1");
        assert_eq!(said("1 2"), "trailing characters at line 1 column 3");
    }

    #[test]
    fn what_is_not_json_is_told_with_what_would_mend_it() {
        for (text, words) in [
            ("[1,]", "remove this comma"),
            ("{'a': 1}", "double quotes"),
            ("{a: 1}", "the key in double quotes"),
            ("[True]", "`true`"),
            ("{\"a\": 1 // mine\n}", "comment"),
            ("{\"a\" 1}", "`:`"),
            ("{\"a\": 1 \"b\": 2}", "comma before this"),
            ("{\"a\": [1", "ends too early"),
            ("1 2", "one only"),
            ("[01]", "a number"),
            ("[\"\\d\"]", "backslash"),
            ("[\"a\nb\"]", "line break"),
            ("{\"a\": 1, \"a\": 2}", "one of the two"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(
                error.hint().is_some_and(|hint| hint.contains(words)),
                "{text}: {error:?}"
            );
        }
    }

    #[test]
    fn a_key_in_an_error_is_short_and_escaped() {
        let key = "\u{202e}".to_owned() + &"k".repeat(10_000);
        let said = said(&format!("{{\"{key}\":1,\"{key}\":1}}"));
        assert!(said.starts_with("the key `\\u{202e}kkk"), "{said}");
        assert!(said.len() < 200, "{said}");
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_taken_is_what_serde_json_takes(text in "[\\[\\]{}:,\"a-c0-9.eE+\\-\\\\ \n]{0,40}") {
            if let Ok(value) = parse(&text) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
