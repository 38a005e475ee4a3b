//! JSON with the place of everything in it, and the faults that were found while reading it.

use jsonc_parser::{
    CollectOptions, ParseOptions,
    ast::{Object, ObjectProp, Value},
    common::{Range, Ranged as _},
    parse_to_ast,
};

use crate::{
    base::{
        json::{self, JsonError},
        nearest::nearest,
    },
    package::{
        Severity,
        fault::{Fault, shortened},
    },
};

/// The name of a package's manifest.
pub(crate) const FILE: &str = "pocket.json";

/// Nothing beyond JSON: no comments, no trailing commas, nothing loose.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The text of a manifest, and what was found wrong with it so far.
pub(super) struct Report<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
    pub(super) faults: Vec<Fault>,
}

/// A value with its JSON path.
#[derive(Clone)]
pub(super) struct Item<'t> {
    value: &'t Value<'t>,
    pub(super) path: String,
}

/// An object with its JSON path.
#[derive(Clone)]
pub(super) struct Fields<'t> {
    object: &'t Object<'t>,
    pub(super) path: String,
}

/// Parses the text; what is wrong with it as JSON is reported, every key that stands twice included.
pub(super) fn tree<'t>(text: &'t str, report: &mut Report<'_>) -> Option<Value<'t>> {
    match json::parse(text) {
        // Where they stand is found below, in the tree, all of them.
        Ok(_) | Err(JsonError::Duplicate { .. }) => {}
        Err(JsonError::Syntax {
            message,
            line,
            column,
            hint,
        }) => {
            let hint = match text.starts_with('\u{feff}') {
                true => Some("the file begins with a byte order mark: save it as UTF-8 without one"),
                false => hint,
            };
            let hint = hint.map(str::to_owned);
            report.at_place((line, column), format!("it is not JSON: {}", shortened(&message)), hint);
            return None;
        }
        Err(JsonError::TooDeep { line, column }) => {
            let message = format!("it nests deeper than {} levels", json::DEEPEST);
            report.at_place((line, column), message, Some("nest it less".to_owned()));
            return None;
        }
        Err(error @ JsonError::ValueTooDeep) => {
            report.at_place((1, 1), error.to_string(), None);
            return None;
        }
    }
    match parse_to_ast(text, &CollectOptions::default(), &STRICT) {
        Ok(parsed) => {
            let value = parsed.value?;
            twice(&value, "", 0, report);
            Some(value)
        }
        Err(error) => {
            let place = report.place(error.range().start);
            report.at_place(
                place,
                format!("it is not JSON: {}", shortened(&error.kind().to_string())),
                None,
            );
            None
        }
    }
}

/// Reports every key that stands twice in one object.
fn twice(value: &Value<'_>, path: &str, level: usize, report: &mut Report<'_>) {
    // A text that has a key twice was not read to its end above, so its depth is not known yet.
    if level > json::DEEPEST {
        let message = format!("it nests deeper than {} levels", json::DEEPEST);
        report.push(value.range(), path.to_owned(), Severity::Error, message, None);
        return;
    }
    match value {
        Value::Object(object) => {
            let mut seen = std::collections::HashSet::new();
            for property in &object.properties {
                let path = joined(path, property.name.as_str());
                if !seen.insert(property.name.as_str()) {
                    let message = format!("this key stands twice: `{}`", shortened(property.name.as_str()));
                    let hint = Some("remove one of the two".to_owned());
                    report.push(property.name.range(), path.clone(), Severity::Error, message, hint);
                }
                twice(&property.value, &path, level + 1, report);
            }
        }
        Value::Array(array) => {
            for (index, item) in array.elements.iter().enumerate() {
                twice(item, &format!("{path}[{index}]"), level + 1, report);
            }
        }
        Value::StringLit(_) | Value::NumberLit(_) | Value::BooleanLit(_) | Value::NullKeyword(_) => {}
    }
}

impl<'t> Report<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            text,
            line_starts,
            faults: Vec::new(),
        }
    }

    /// Line and column of an offset, counted from 1, in characters.
    fn place(&self, offset: usize) -> (u32, u32) {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|at| self.line_starts.get(at))
            .copied()
            .unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        (
            u32::try_from(line).unwrap_or(u32::MAX),
            u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX),
        )
    }

    fn at_place(&mut self, place: (u32, u32), message: String, hint: Option<String>) {
        self.faults.push(Fault {
            place: Some(place),
            hint,
            ..Fault::of_file(FILE, message, None)
        });
    }

    fn push(&mut self, range: Range, path: String, severity: Severity, message: String, hint: Option<String>) {
        self.faults.push(Fault {
            file: FILE.to_owned(),
            place: Some(self.place(range.start)),
            path: (!path.is_empty()).then_some(path),
            message,
            hint,
            severity,
        });
    }

    pub(super) fn error(&mut self, item: &Item<'_>, message: impl Into<String>, hint: Option<&str>) {
        let hint = hint.map(str::to_owned);
        self.push(
            item.value.range(),
            item.path.clone(),
            Severity::Error,
            message.into(),
            hint,
        );
    }

    pub(super) fn note(&mut self, item: &Item<'_>, message: impl Into<String>) {
        self.push(
            item.value.range(),
            item.path.clone(),
            Severity::Note,
            message.into(),
            None,
        );
    }

    /// That a field which has to be there is not.
    pub(super) fn missing(&mut self, fields: &Fields<'_>, name: &str, hint: &str) {
        self.push(
            fields.object.range,
            joined(&fields.path, name),
            Severity::Error,
            "this field is missing".to_owned(),
            Some(hint.to_owned()),
        );
    }

    /// That a value is not of the kind that is accepted.
    pub(super) fn unexpected(&mut self, item: &Item<'_>, accepted: &str) {
        self.error(
            item,
            format!("{accepted} is expected: found {}", item.described()),
            None,
        );
    }

    /// Reports each field that is none of `known`.
    pub(super) fn unknown_fields(&mut self, fields: &Fields<'_>, known: &[&str], severity: Severity) {
        for property in &fields.object.properties {
            let name = property.name.as_str();
            if known.contains(&name) {
                continue;
            }
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.push(
                property.name.range(),
                joined(&fields.path, name),
                severity,
                format!("there is no such field: `{}`", shortened(name)),
                Some(hint),
            );
        }
    }

    /// The place of a value, and its JSON text as it was written.
    pub(super) fn written(&self, item: &Item<'_>) -> ((u32, u32), &'t str) {
        let range = item.value.range();
        (
            self.place(range.start),
            self.text.get(range.start..range.end).unwrap_or(""),
        )
    }

    pub(super) fn string(&mut self, item: &Item<'t>) -> Option<&'t str> {
        match item.value {
            Value::StringLit(text) => Some(&text.value),
            Value::NumberLit(_) | Value::BooleanLit(_) | Value::Object(_) | Value::Array(_) | Value::NullKeyword(_) => {
                self.unexpected(item, "a string");
                None
            }
        }
    }

    pub(super) fn object(&mut self, item: &Item<'t>) -> Option<Fields<'t>> {
        let object = item.value.as_object();
        if object.is_none() {
            self.unexpected(item, "an object");
        }
        object.map(|object| Fields {
            object,
            path: item.path.clone(),
        })
    }

    pub(super) fn array(&mut self, item: &Item<'t>) -> Option<Vec<Item<'t>>> {
        let array = item.value.as_array();
        if array.is_none() {
            self.unexpected(item, "a list");
        }
        array.map(|array| {
            array
                .elements
                .iter()
                .enumerate()
                .map(|(index, value)| Item {
                    value,
                    path: format!("{}[{index}]", item.path),
                })
                .collect()
        })
    }
}

impl<'t> Item<'t> {
    pub(super) const fn root(value: &'t Value<'t>) -> Self {
        Self {
            value,
            path: String::new(),
        }
    }

    pub(super) const fn is_object(&self) -> bool {
        matches!(self.value, Value::Object(_))
    }

    /// What it is, for an error.
    fn described(&self) -> String {
        match self.value {
            Value::StringLit(text) => format!("the string `{}`", shortened(&text.value)),
            Value::NumberLit(number) => format!("the number `{}`", shortened(number.value)),
            Value::BooleanLit(boolean) => format!("`{}`", boolean.value),
            Value::Object(_) => "an object".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::NullKeyword(_) => "`null`".to_owned(),
        }
    }

    /// The value that a JSON pointer leads to, or the last one on the way to it.
    pub(super) fn at_pointer(&self, pointer: &str) -> Self {
        let mut here = self.clone();
        for segment in pointer.split('/').skip(1) {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            let next = match here.value {
                Value::Object(object) => {
                    property(object, &segment).map(|property| (&property.value, joined(&here.path, &segment)))
                }
                Value::Array(array) => segment
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| array.elements.get(index))
                    .map(|value| (value, format!("{}[{segment}]", here.path))),
                Value::StringLit(_) | Value::NumberLit(_) | Value::BooleanLit(_) | Value::NullKeyword(_) => None,
            };
            match next {
                Some((value, path)) => here = Self { value, path },
                None => break,
            }
        }
        here
    }
}

impl<'t> Fields<'t> {
    /// The field of that name; one that is `null` counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<Item<'t>> {
        property(self.object, name)
            .filter(|property| !matches!(property.value, Value::NullKeyword(_)))
            .map(|property| self.item(property))
    }

    /// Every field with its name, in the order of the file.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'t str, Item<'t>)> {
        self.object
            .properties
            .iter()
            .map(|property| (property.name.as_str(), self.item(property)))
    }

    fn item(&self, property: &'t ObjectProp<'t>) -> Item<'t> {
        Item {
            value: &property.value,
            path: joined(&self.path, property.name.as_str()),
        }
    }
}

fn property<'t>(object: &'t Object<'t>, name: &str) -> Option<&'t ObjectProp<'t>> {
    object.properties.iter().find(|property| property.name.as_str() == name)
}

/// The path of a field: `tool.name`, `variables["a b"]`.
fn joined(path: &str, name: &str) -> String {
    let plain = !name.is_empty()
        && name.len() <= 80
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$'));
    match (path, plain) {
        ("", true) => name.to_owned(),
        (_, true) => format!("{path}.{name}"),
        (_, false) => format!("{path}[\"{}\"]", shortened(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let report = Report::new("{\n  \"ż\": 1\n}");
        assert_eq!(report.place(0), (1, 1));
        assert_eq!(report.place(1), (1, 2));
        assert_eq!(report.place(2), (2, 1));
        assert_eq!(report.place(8), (2, 6));
        assert_eq!(report.place(1000), (3, 1));
    }

    #[test]
    fn a_path_quotes_what_is_not_a_plain_name() {
        assert_eq!(joined("", "tool"), "tool");
        assert_eq!(joined("tool", "$schema"), "tool.$schema");
        assert_eq!(joined("variables", "a\u{202e}b"), "variables[\"a\\u{202e}b\"]");
    }
}
