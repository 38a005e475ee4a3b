//! A tool's input as one object, for the APIs that take no alternatives there.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::pocket::definition::{
    keywords,
    notes::{Notes, within},
    references::{self, References},
};

/// How many schemas are followed on one value. No tool's schema goes further.
const DEEPEST: usize = 32;

/// How many values of schemas are read: a part that is referred to is read each time.
const MOST_VALUES: usize = 50_000;

/// The keywords by which several schemas say something of one value.
const COMPOSED: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Keywords whose meaning hangs on those beside them.
const CONDITION: [&str; 3] = ["if", "then", "else"];

/// A tool's input schema with nothing of it in `allOf`, `anyOf`, `oneOf` or behind a reference: whatever fits it fits this too.
pub(super) fn one_object(references: &References<'_>, notes: &mut Notes) -> Map<String, Value> {
    let mut reader = Reader {
        references,
        notes,
        left: MOST_VALUES,
    };
    let part = reader.part(references.root(), "", DEEPEST).unwrap_or_else(|| {
        reader.notes.say("", "no input fits it, which cannot be said here");
        Part::default()
    });
    let Part {
        mut fields,
        properties,
        required,
    } = part;
    fields.insert("type".to_owned(), json!("object"));
    if !properties.is_empty() {
        fields.insert("properties".to_owned(), Value::Object(properties));
    }
    if !required.is_empty() {
        fields.insert("required".to_owned(), json!(required));
    }
    fields
}

/// One schema's share in what is said of an object.
#[derive(Default)]
struct Part {
    /// All but the two below.
    fields: Map<String, Value>,
    properties: Map<String, Value>,
    required: Vec<Value>,
}

impl Part {
    fn own(fields: &Map<String, Value>) -> Self {
        let mut fields = fields.clone();
        for keyword in COMPOSED.into_iter().chain(references::KEYWORDS).chain(["type"]) {
            fields.remove(keyword);
        }
        let properties = match fields.remove("properties") {
            Some(Value::Object(properties)) => properties,
            _none => Map::new(),
        };
        let required = match fields.remove("required") {
            Some(Value::Array(required)) => required,
            _none => Vec::new(),
        };
        Self {
            fields,
            properties,
            required,
        }
    }

    /// What it says of a property that it does not name: nothing where there can be no such property.
    fn of_other(&self) -> Option<Value> {
        match self.fields.get("additionalProperties") {
            _any if self.fields.contains_key("patternProperties") => Some(json!({})),
            Some(Value::Bool(false)) => None,
            Some(schema @ Value::Object(_)) => Some(schema.clone()),
            _open => Some(json!({})),
        }
    }
}

struct Reader<'a, 's> {
    references: &'a References<'s>,
    notes: &'a mut Notes,
    /// How many values may still be read.
    left: usize,
}

impl Reader<'_, '_> {
    /// What a schema says of an object; none where no object fits it.
    fn part(&mut self, schema: &Value, at: &str, deep: usize) -> Option<Part> {
        let fields = match schema {
            Value::Bool(false) => return None,
            Value::Object(fields) => fields,
            _anything => return Some(Part::default()),
        };
        if keywords::types(fields).is_some_and(|types| !types.contains(&"object")) {
            return None;
        }
        self.left = self.left.saturating_sub(keywords::count(schema));
        if deep == 0 || self.left == 0 {
            self.notes.say(
                "",
                "it is too long to be described in full; the tool still checks the rest",
            );
            return Some(Part::default());
        }
        let mut part = Part::own(fields);
        let is_composed = COMPOSED
            .iter()
            .chain(&references::KEYWORDS)
            .any(|keyword| fields.contains_key(*keyword));
        if !is_composed {
            return Some(part);
        }
        if part.fields.remove("unevaluatedProperties").is_some() {
            self.notes.left_out(at, "unevaluatedProperties");
        }
        for keyword in references::KEYWORDS {
            let Some(written) = fields.get(keyword).and_then(Value::as_str) else {
                continue;
            };
            match self.references.target(written) {
                Some((target, place)) => {
                    let other = self.part(target, &place, deep - 1)?;
                    self.merge(&mut part, other, at);
                }
                None => self.notes.left_out(at, keyword),
            }
        }
        for (place, schema) in listed(fields, "allOf") {
            let other = self.part(schema, &within(at, &["allOf", &place]), deep - 1)?;
            self.merge(&mut part, other, at);
        }
        for keyword in ["anyOf", "oneOf"] {
            if fields.contains_key(keyword) {
                let other = self.alternatives(fields, keyword, at, deep - 1)?;
                self.merge(&mut part, other, at);
            }
        }
        Some(part)
    }

    /// One part for several of which one holds; none where none can.
    fn alternatives(&mut self, fields: &Map<String, Value>, keyword: &str, at: &str, deep: usize) -> Option<Part> {
        let mut parts = Vec::new();
        for (place, schema) in listed(fields, keyword) {
            parts.extend(self.part(schema, &within(at, &[keyword, &place]), deep));
        }
        if parts.len() < 2 {
            return parts.pop();
        }
        self.notes.say(
            at,
            format!(
                "the alternatives of `{keyword}` are described as one object; the tool still checks which of them holds"
            ),
        );
        let names: BTreeSet<&String> = parts.iter().flat_map(|part| part.properties.keys()).collect();
        let properties = names
            .into_iter()
            .map(|name| {
                let schemas = parts.iter().filter_map(|part| {
                    let of_name = part.properties.get(name);
                    of_name.cloned().or_else(|| part.of_other())
                });
                (name.clone(), one_of(schemas.collect()))
            })
            .collect();
        let (first, others) = parts.split_first()?;
        let mut required = first.required.clone();
        required.retain(|name| others.iter().all(|part| part.required.contains(name)));
        let mut fields = Map::new();
        if parts.iter().all(|part| part.of_other().is_none()) {
            fields.insert("additionalProperties".to_owned(), json!(false));
        }
        Some(Part {
            fields,
            properties,
            required,
        })
    }

    /// Adds what holds besides.
    fn merge(&mut self, part: &mut Part, other: Part, at: &str) {
        let limits = |part: &Part| part.of_other() != Some(json!({}));
        let is_looser = (limits(part) && other.properties.keys().any(|name| !part.properties.contains_key(name)))
            || (limits(&other) && part.properties.keys().any(|name| !other.properties.contains_key(name)));
        if is_looser {
            self.notes.say(
                at,
                "`additionalProperties` is described for all properties together; the tool still checks each schema by itself",
            );
        }
        for (name, schema) in other.properties {
            match part.properties.remove(&name) {
                Some(own) if own != schema => part.properties.insert(name, json!({ "allOf": [own, schema] })),
                _none_or_same => part.properties.insert(name, schema),
            };
        }
        for name in other.required {
            if !part.required.contains(&name) {
                part.required.push(name);
            }
        }
        let has_condition = CONDITION.iter().any(|keyword| part.fields.contains_key(*keyword));
        for (keyword, value) in other.fields {
            let is_condition = CONDITION.contains(&keyword.as_str());
            match part.fields.get(&keyword) {
                Some(own) if *own == value => {}
                _own if is_condition && has_condition => self.notes.left_out(at, &keyword),
                _own if keyword == "unevaluatedProperties" => self.notes.left_out(at, &keyword),
                None => {
                    part.fields.insert(keyword, value);
                }
                Some(_) if keyword == "additionalProperties" && value == json!(false) => {
                    part.fields.insert(keyword, value);
                }
                Some(Value::Bool(false)) if keyword == "additionalProperties" => {}
                Some(_) if is_telling(&keyword) => {}
                Some(_) => self.notes.left_out(at, &keyword),
            }
        }
    }
}

/// Keywords that check nothing, of which the outermost tells enough.
fn is_telling(keyword: &str) -> bool {
    keyword.starts_with('$')
        || matches!(
            keyword,
            "title" | "description" | "definitions" | "default" | "examples"
        )
}

fn listed<'v>(fields: &'v Map<String, Value>, keyword: &str) -> impl Iterator<Item = (String, &'v Value)> {
    let schemas = fields.get(keyword).and_then(Value::as_array);
    let schemas = schemas.map(Vec::as_slice).unwrap_or_default();
    schemas
        .iter()
        .enumerate()
        .map(|(place, schema)| (place.to_string(), schema))
}

/// A schema for what fits one of several: the values to choose from in one list where they say no more than those.
fn one_of(mut schemas: Vec<Value>) -> Value {
    let mut distinct: Vec<Value> = Vec::new();
    // What is open comes last: the others tell more.
    schemas.sort_by_key(keywords::takes_anything);
    for schema in schemas {
        if !distinct.contains(&schema) {
            distinct.push(schema);
        }
    }
    if let Some(choice) = choice(&distinct) {
        return choice;
    }
    match distinct.as_slice() {
        [only] => only.clone(),
        _several => json!({ "anyOf": distinct }),
    }
}

/// One list of values for schemas that are nothing but such lists, as the tags of alternatives are.
fn choice(schemas: &[Value]) -> Option<Value> {
    let mut values: Vec<Value> = Vec::new();
    let mut types: Vec<Option<&Value>> = Vec::new();
    for schema in schemas {
        let fields = schema.as_object()?;
        if fields
            .keys()
            .any(|keyword| !matches!(keyword.as_str(), "const" | "enum" | "type"))
        {
            return None;
        }
        match (fields.get("const"), fields.get("enum")) {
            (Some(value), None) => values.push(value.clone()),
            (None, Some(Value::Array(several))) => values.extend(several.iter().cloned()),
            _both_or_neither => return None,
        }
        types.push(fields.get("type"));
    }
    let (first, others) = types.split_first()?;
    if others.iter().any(|other| other != first) {
        return None;
    }
    let mut distinct: Vec<Value> = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    let mut choice = Map::new();
    if let Some(of_type) = first {
        choice.insert("type".to_owned(), (*of_type).clone());
    }
    choice.insert("enum".to_owned(), Value::Array(distinct));
    Some(Value::Object(choice))
}
