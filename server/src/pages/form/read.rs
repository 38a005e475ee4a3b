//! Makes JSON of what a form sent.

use std::collections::BTreeMap;

use pocket_runtime::{Input, Violation};
use serde_json::{Number, Value};

use super::{
    MOST_ROWS,
    field::{Field, Shape},
    path::Path,
};
use crate::browser::Fields;

/// What is wrong with what was typed, by the name of the field.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::pages) struct Errors {
    by_name: BTreeMap<String, String>,
    /// Which field a place in the JSON comes from.
    names: BTreeMap<String, String>,
}

impl Errors {
    pub(in crate::pages) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub(super) fn of(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(String::as_str)
    }

    /// Each, with the name of its field.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_name.iter().map(|(name, says)| (name.as_str(), says.as_str()))
    }

    fn say(&mut self, at: &Path, what: impl Into<String>) {
        self.by_name.entry(at.name.clone()).or_insert_with(|| what.into());
    }

    /// Says what the schema finds wrong, each at the field it comes from, or at the nearest around it.
    pub(in crate::pages) fn add(&mut self, violations: &[Violation]) {
        for violation in violations {
            let mut pointer = violation.pointer.as_str();
            let name = loop {
                match (self.names.get(pointer), pointer.rfind('/')) {
                    (Some(name), _) => break name.clone(),
                    (None, Some(at)) => pointer = pointer.get(..at).unwrap_or_default(),
                    (None, None) => break String::new(),
                }
            };
            let says = self.by_name.entry(name).or_default();
            if !says.is_empty() {
                says.push_str("; ");
            }
            says.push_str(&violation.message);
        }
    }
}

/// The JSON of what a form sent, each number digit by digit as it was typed; what it is worth only where there are no errors.
pub(in crate::pages) fn read(form: &Field, typed: &Fields) -> (String, Errors) {
    let mut reader = Reader {
        typed,
        errors: Errors::default(),
    };
    let text = reader.value(form, &Path::root()).unwrap_or_default();
    (text, reader.errors)
}

struct Reader<'t> {
    typed: &'t Fields,
    errors: Errors,
}

impl Reader<'_> {
    /// Nothing where it is left out, or wrong: that is told by then.
    fn value(&mut self, field: &Field, at: &Path) -> Option<String> {
        self.errors.names.insert(at.pointer.clone(), at.name.clone());
        if field.has_box() && !self.typed.contains_key(&at.given()) {
            return None;
        }
        match &field.shape {
            Shape::Text(_) => self.text(field, at),
            Shape::Number => self.number(field, at, "this is not a number such as `3` or `0.5`", |_| true),
            Shape::Integer => self.number(field, at, "this is not a whole number such as `3`", |typed| {
                typed.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit())
            }),
            Shape::Truth => match self.typed(&at.name) {
                "" => self.left_out(field, at, "choose yes or no"),
                word @ ("true" | "false") => Some(word.to_owned()),
                _other => self.wrong(at, "choose yes or no"),
            },
            Shape::Choice(values) => match self.typed(&at.name) {
                "" => self.left_out(field, at, "choose one"),
                which => match which.parse::<usize>().ok().and_then(|which| values.get(which)) {
                    Some(value) => Some(value.to_string()),
                    None => self.wrong(at, "choose one of these"),
                },
            },
            Shape::Fields(fields) => Some(self.fields(fields, at)),
            Shape::List { item, .. } => self.list(item, at),
            Shape::OneOf(ways) => {
                let which = self.typed(&at.taken()).parse::<usize>().ok();
                match which.and_then(|which| Some((which, ways.get(which)?))) {
                    Some((which, way)) => self.value(way, &at.way(which)),
                    None => self.wrong(at, "choose one of these"),
                }
            }
            Shape::Raw(_) => self.raw(at),
        }
    }

    fn typed(&self, name: &str) -> &str {
        self.typed.get(name).map(String::as_str).unwrap_or_default()
    }

    fn wrong(&mut self, at: &Path, what: impl Into<String>) -> Option<String> {
        self.errors.say(at, what);
        None
    }

    fn left_out(&mut self, field: &Field, at: &Path, what: &str) -> Option<String> {
        if field.is_required {
            self.errors.say(at, what);
        }
        None
    }

    fn text(&self, field: &Field, at: &Path) -> Option<String> {
        // A browser sends every line break as two.
        let text = self.typed(&at.name).replace("\r\n", "\n");
        (field.is_required || !text.is_empty()).then(|| Value::String(text).to_string())
    }

    fn number(&mut self, field: &Field, at: &Path, what: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
        let typed = self.typed(&at.name).trim().to_owned();
        if typed.is_empty() {
            return self.left_out(field, at, "a number is needed here");
        }
        if fits(&typed) && serde_json::from_str::<Number>(&typed).is_ok() {
            Some(typed)
        } else {
            self.wrong(at, what)
        }
    }

    fn fields(&mut self, fields: &[(String, Field)], at: &Path) -> String {
        let mut parts = Vec::new();
        for (name, field) in fields {
            if let Some(value) = self.value(field, &at.step(name)) {
                parts.push(format!("{}:{value}", Value::from(name.as_str())));
            }
        }
        format!("{{{}}}", parts.join(","))
    }

    fn list(&mut self, item: &Field, at: &Path) -> Option<String> {
        let rows = self.typed(&at.count()).parse().unwrap_or(0);
        if rows > MOST_ROWS {
            return self.wrong(at, format!("a form has up to {MOST_ROWS} rows: give more as JSON"));
        }
        let items: Vec<String> = (0..rows)
            .filter_map(|row| self.value(item, &at.step(&row.to_string())))
            .collect();
        Some(format!("[{}]", items.join(",")))
    }

    fn raw(&mut self, at: &Path) -> Option<String> {
        let text = self.typed(&at.name).trim().to_owned();
        match Input::parse(&text) {
            Ok(_value) => Some(text),
            Err(_) if text.is_empty() => self.wrong(at, "JSON is needed here"),
            Err(error) => self.wrong(at, error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn form() -> Field {
        Field::of_schema(&json!({
            "type": "object",
            "properties": {
                "text": { "type": "string" },
                "count": { "type": "integer" },
                "ratio": { "type": "number" },
                "sure": { "type": "boolean" },
                "color": { "enum": ["red", "blue"] },
                "names": { "type": "array", "items": { "type": "string" } },
                "place": { "type": "object", "properties": { "a/b": { "type": "string" } }, "required": ["a/b"] },
                "who": { "oneOf": [{ "type": "string" }, { "type": "integer" }] },
                "any": {}
            },
            "required": ["text", "count"]
        }))
    }

    fn read_of(typed: &[(&str, &str)]) -> (String, Vec<String>) {
        let typed = typed
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let (text, errors) = read(&form(), &typed.collect());
        let errors = errors.all().map(|(name, says)| format!("{name}: {says}")).collect();
        (text, errors)
    }

    #[test]
    fn what_was_sent_becomes_json() {
        let (text, errors) = read_of(&[
            ("/text", "a\r\nb"),
            ("/count", " 12345678901234567890 "),
            ("/ratio", "0.10"),
            ("/sure", "false"),
            ("/color", "1"),
            ("?/names", "on"),
            ("#/names", "2"),
            ("/names/0", ""),
            ("/names/1", "x"),
            ("?/place", "on"),
            ("/place/a~1b", "here"),
            ("?/who", "on"),
            (":/who", "1"),
            ("/who|0", "not looked at"),
            ("/who|1", "7"),
            ("?/any", "on"),
            ("/any", "{\"x\": [1]}"),
        ]);
        assert_eq!(errors, Vec::<String>::new());
        assert!(text.contains("\"count\":12345678901234567890,"), "{text}");
        assert!(text.contains("\"ratio\":0.10"), "digits stay: {text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        let rest = json!({ "text": "a\nb", "sure": false, "color": "blue", "names": ["", "x"],
            "place": { "a/b": "here" }, "who": 7, "any": { "x": [1] } });
        for (name, expected) in rest.as_object().unwrap() {
            assert_eq!(&value[name], expected, "{name}");
        }
    }

    #[test]
    fn what_is_left_empty_is_left_out_and_what_is_needed_is_asked_for() {
        let (text, errors) = read_of(&[
            ("/text", ""),
            ("/count", "1"),
            ("/ratio", ""),
            ("/sure", ""),
            ("/color", ""),
        ]);
        assert_eq!((text.as_str(), errors.len()), ("{\"count\":1,\"text\":\"\"}", 0));
        let (_, errors) = read_of(&[]);
        assert_eq!(errors, ["/count: a number is needed here"]);
    }

    #[test]
    fn what_is_wrong_is_told_at_its_field() {
        for (typed, expected) in [
            (
                [("/count", "1.5"), ("/ratio", "1")],
                "/count: this is not a whole number such as `3`",
            ),
            (
                [("/count", "1"), ("/ratio", "1,5")],
                "/ratio: this is not a number such as `3` or `0.5`",
            ),
            ([("/count", "1"), ("/sure", "maybe")], "/sure: choose yes or no"),
            ([("/count", "1"), ("/color", "2")], "/color: choose one of these"),
            ([("/count", "1"), ("?/who", "on")], "/who: choose one of these"),
            ([("/count", "1"), ("?/any", "on")], "/any: JSON is needed here"),
        ] {
            assert_eq!(read_of(&typed).1, [expected], "{typed:?}");
        }
        let many = [("/count", "1"), ("?/names", "on"), ("#/names", "201")];
        assert!(read_of(&many).1[0].contains("up to 200 rows"));
    }

    #[test]
    fn what_the_schema_finds_is_told_at_the_nearest_field() {
        let typed = [("/count", "1"), ("?/who", "on"), (":/who", "0"), ("/who|0", "x")];
        let typed = typed.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (_, mut errors) = read(&form(), &typed.into());
        let found = [("/who", "one"), ("/count/x", "two"), ("", "three"), ("/count", "four")];
        let found = found.map(|(pointer, message)| Violation {
            pointer: pointer.to_owned(),
            message: message.to_owned(),
        });
        errors.add(&found);
        assert_eq!(errors.of("/who|0"), Some("one"));
        assert_eq!(errors.of("/count"), Some("two; four"));
        assert_eq!(errors.of(""), Some("three"));
    }
}
