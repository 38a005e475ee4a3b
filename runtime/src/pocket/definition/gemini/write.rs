//! Writes what a value may be as the API's `Schema`.

use serde_json::{Map, Value, json};

use super::shape::{Alternative, Kind, Shape, joined};
use crate::pocket::definition::notes::{Notes, within};

/// The schema; none where no value fits.
pub(super) fn written(shape: &Shape, at: &str, notes: &mut Notes) -> Option<Value> {
    if shape.is_cut {
        notes.say(
            at,
            "it has too many alternatives to tell all of each; the tool still checks them",
        );
    }
    let mut words = shape.description.clone();
    let mut schemas = Vec::new();
    for alternative in &shape.alternatives {
        let description = joined(words.take(), alternative.description.clone());
        let mut schema = of_alternative(alternative, at, notes);
        if let Some(description) = description {
            schema.insert("description".to_owned(), json!(description));
        }
        if shape.nullable {
            schema.insert("nullable".to_owned(), json!(true));
        }
        let default = shape.default.as_ref();
        if let Some(default) =
            default.filter(|default| Kind::of_value(default).is_some_and(|kind| kind.and(alternative.kind).is_some()))
        {
            schema.insert("default".to_owned(), default.clone());
        }
        schemas.push(schema);
    }
    match schemas.len() {
        0 if shape.nullable => {
            notes.say(at, "it is null: described as a text that may be null");
            Some(json!({ "type": "STRING", "nullable": true }))
        }
        0 => None,
        1 => {
            let mut schema = schemas.pop()?;
            if let Some(title) = &shape.title {
                schema.insert("title".to_owned(), json!(title));
            }
            Some(Value::Object(schema))
        }
        _several => Some(json!({ "anyOf": schemas })),
    }
}

fn of_alternative(alternative: &Alternative, at: &str, notes: &mut Notes) -> Map<String, Value> {
    let mut schema = alternative.bounds.clone();
    schema.insert("type".to_owned(), json!(word(alternative.kind)));
    if let Some(choices) = &alternative.choices {
        schema.insert("enum".to_owned(), json!(choices));
    }
    match alternative.kind {
        Kind::Array => items(alternative, &mut schema, at, notes),
        Kind::Object => properties(alternative, &mut schema, at, notes),
        Kind::String | Kind::Integer | Kind::Number | Kind::Boolean => {}
    }
    schema
}

/// The API wants `items` of every array, and has no schema for any value: where any fits, it is one of every type, without an end.
fn items(alternative: &Alternative, schema: &mut Map<String, Value>, at: &str, notes: &mut Notes) {
    let at = within(at, &["items"]);
    let items = match &alternative.items {
        Some(items) => written(items, &at, notes),
        None => None,
    };
    let items = items.unwrap_or_else(|| {
        let is_never = alternative.items.is_some();
        if is_never {
            schema.insert("maxItems".to_owned(), json!(0));
        } else {
            notes.say(&at, "any value fits; of lists within the list nothing can be said");
        }
        any_but_array()
    });
    schema.insert("items".to_owned(), items);
}

fn any_but_array() -> Value {
    let kinds = [Kind::String, Kind::Number, Kind::Boolean, Kind::Object];
    let schemas = kinds.map(|kind| json!({ "type": word(kind), "nullable": true }));
    json!({ "anyOf": schemas })
}

fn properties(alternative: &Alternative, schema: &mut Map<String, Value>, at: &str, notes: &mut Notes) {
    let mut properties = Map::new();
    for (name, shape) in &alternative.properties {
        let at = within(at, &["properties", name]);
        match written(shape, &at, notes) {
            Some(schema) => {
                properties.insert(name.clone(), schema);
            }
            None => notes.say(&at, "no value fits it, so it is left out; the tool still checks it"),
        }
    }
    let is_described = |name: &&String| properties.contains_key(name.as_str());
    let mut required: Vec<&String> = alternative.required.iter().filter(is_described).collect();
    required.sort();
    required.dedup();
    if alternative.required.iter().any(|name| !properties.contains_key(name)) {
        notes.say(
            at,
            "`required` names a property that is not described; the tool still checks that it is there",
        );
    }
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    if !properties.is_empty() {
        schema.insert("properties".to_owned(), Value::Object(properties));
    }
}

const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "STRING",
        Kind::Integer => "INTEGER",
        Kind::Number => "NUMBER",
        Kind::Boolean => "BOOLEAN",
        Kind::Object => "OBJECT",
        Kind::Array => "ARRAY",
    }
}
