//! Where schemas stand in a schema (JSON Schema draft 2020-12).

use serde_json::{Map, Value};

/// What a keyword has for its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Schema,
    List,
    Named,
    Data,
}

fn holds(keyword: &str) -> Holds {
    match keyword {
        "not"
        | "if"
        | "then"
        | "else"
        | "additionalProperties"
        | "unevaluatedProperties"
        | "propertyNames"
        | "items"
        | "contains"
        | "unevaluatedItems" => Holds::Schema,
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Holds::List,
        "$defs" | "definitions" | "dependentSchemas" | "properties" | "patternProperties" => Holds::Named,
        _data => Holds::Data,
    }
}

/// Every schema directly within a schema, with the keyword that has it.
pub(super) fn within(fields: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    fields.iter().flat_map(|(keyword, value)| {
        let schemas: Vec<&Value> = match (holds(keyword), value) {
            (Holds::Schema, schema) => vec![schema],
            (Holds::List, Value::Array(schemas)) => schemas.iter().collect(),
            (Holds::Named, Value::Object(schemas)) => schemas.values().collect(),
            _none => Vec::new(),
        };
        schemas.into_iter().map(move |schema| (keyword.as_str(), schema))
    })
}

/// The same, to change them.
pub(super) fn change_within(fields: &mut Map<String, Value>, mut change: impl FnMut(&str, &mut Value)) {
    for (keyword, value) in fields {
        match (holds(keyword), value) {
            (Holds::Schema, schema) => change(keyword, schema),
            (Holds::List, Value::Array(schemas)) => schemas.iter_mut().for_each(|schema| change(keyword, schema)),
            (Holds::Named, Value::Object(schemas)) => schemas.values_mut().for_each(|schema| change(keyword, schema)),
            _none => {}
        }
    }
}

/// Whether a schema, or one within it, has a keyword.
pub(super) fn has(schema: &Value, keyword: &str) -> bool {
    schema
        .as_object()
        .is_some_and(|fields| fields.contains_key(keyword) || within(fields).any(|(_, schema)| has(schema, keyword)))
}

/// How many values there are in one, itself counted.
pub(super) fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(count).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

/// Whether any value fits a schema.
pub(super) fn takes_anything(schema: &Value) -> bool {
    schema == &Value::Bool(true) || schema.as_object().is_some_and(Map::is_empty)
}

/// The types that a schema names, where it names any.
pub(super) fn types(fields: &Map<String, Value>) -> Option<Vec<&str>> {
    match fields.get("type")? {
        Value::String(one) => Some(vec![one]),
        Value::Array(several) => Some(several.iter().filter_map(Value::as_str).collect()),
        _not_a_type => None,
    }
}

/// Whether a schema names a type, alone or among others.
pub(super) fn names_type(fields: &Map<String, Value>, name: &str) -> bool {
    types(fields).is_some_and(|types| types.contains(&name))
}
