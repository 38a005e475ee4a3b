use serde_json::json;

use super::*;

fn described(schema: &Value) -> (Value, Vec<String>) {
    let mut notes = Notes::default();
    let parameters = parameters(schema, &mut notes);
    (parameters.unwrap_or_default(), notes.into_lines())
}

/// The schema of a property, and what is said.
fn of_property(schema: &Value) -> (Value, Vec<String>) {
    let (schema, lines) = described(&json!({ "type": "object", "properties": { "a": schema } }));
    (schema["properties"]["a"].clone(), lines)
}

#[test]
fn what_the_api_has_words_for_is_said_in_full() {
    let (schema, lines) = described(&json!({
        "type": "object",
        "properties": {
            "channel": { "type": "string", "minLength": 1, "description": "Its id" },
            "state": { "enum": ["open", "closed"], "default": "open" },
            "limit": { "type": "integer", "exclusiveMinimum": 0, "maximum": 100.5 },
            "labels": { "type": ["array", "null"], "items": { "type": "string", "pattern": "^a" }, "maxItems": 3.0 },
            "kind": { "const": "x" },
        },
        "required": ["channel"],
    }));
    assert_eq!(
        schema,
        json!({
            "type": "OBJECT",
            "properties": {
                "channel": { "type": "STRING", "minLength": 1, "description": "Its id" },
                "state": { "type": "STRING", "enum": ["open", "closed"], "default": "open" },
                "limit": { "type": "INTEGER", "minimum": 1, "maximum": 100.5 },
                "labels": { "type": "ARRAY", "nullable": true, "items": { "type": "STRING", "pattern": "^a" }, "maxItems": 3 },
                "kind": { "type": "STRING", "enum": ["x"] },
            },
            "required": ["channel"],
        })
    );
    assert_eq!(lines, Vec::<String>::new());
}

#[test]
fn what_it_has_no_words_for_is_left_out_and_that_is_said() {
    let (schema, lines) = of_property(&json!({
        "type": "object",
        "properties": { "n": { "enum": [1, 2], "multipleOf": 1 }, "s": { "type": "string", "format": "uri" } },
        "additionalProperties": false,
        "if": { "required": ["n"] },
        "then": { "required": ["s"] },
    }));
    assert_eq!(
        schema,
        json!({ "type": "OBJECT", "properties": { "n": { "type": "INTEGER" }, "s": { "type": "STRING" } } })
    );
    assert_eq!(
        lines,
        [
            "`/properties/a`: `additionalProperties`, `if` and `then` are left out; the tool still checks them",
            "`/properties/a/properties/n`: `enum` and `multipleOf` are left out; the tool still checks them",
            "`/properties/a/properties/s`: `format` is left out",
        ]
    );
}

#[test]
fn alternatives_stand_alone_with_what_holds_for_all_of_them_in_each() {
    let (schema, lines) = of_property(&json!({
        "description": "How many",
        "minimum": 1,
        "oneOf": [{ "type": "integer" }, { "type": "string", "description": "or `all`", "const": "all" }, { "type": "null" }],
    }));
    assert_eq!(
        schema,
        json!({ "anyOf": [
            { "type": "INTEGER", "minimum": 1, "description": "How many", "nullable": true },
            { "type": "STRING", "enum": ["all"], "description": "or `all`", "nullable": true },
        ] })
    );
    assert_eq!(lines, Vec::<String>::new());
    let (_, lines) = of_property(&json!({ "oneOf": [{ "type": "integer" }, { "type": "number" }] }));
    assert_eq!(
        lines,
        ["`/properties/a`: `oneOf` is described as `anyOf`; the tool still checks that only one holds"]
    );
}

#[test]
fn references_are_followed_and_one_that_comes_back_is_any_object() {
    let (schema, lines) = described(&json!({
        "properties": { "tree": { "$ref": "#/$defs/tree" } },
        "$defs": { "tree": { "type": "object", "properties": { "left": { "$ref": "#/$defs/tree" } } } },
    }));
    assert_eq!(
        schema["properties"]["tree"],
        json!({ "type": "OBJECT", "properties": { "left": { "type": "OBJECT" } } })
    );
    assert_eq!(
        lines,
        [
            "`/$defs/tree/properties/left`: `$ref` leads back to itself: what it leads to is described once; the tool still checks it"
        ]
    );
}

#[test]
fn all_of_is_said_together() {
    let (schema, lines) = of_property(&json!({
        "allOf": [
            { "type": "object", "properties": { "b": { "type": "number", "minimum": 1 } } },
            { "type": "object", "properties": { "b": { "type": "integer", "minimum": 3 }, "c": { "type": "boolean" } }, "required": ["b"] },
        ],
    }));
    assert_eq!(
        schema,
        json!({
            "type": "OBJECT",
            "properties": { "b": { "type": "INTEGER", "minimum": 3 }, "c": { "type": "BOOLEAN" } },
            "required": ["b"],
        })
    );
    assert_eq!(lines, Vec::<String>::new());
}

#[test]
fn an_input_without_properties_has_no_parameters() {
    assert_eq!(described(&json!({})), (Value::Null, Vec::new()));
    assert_eq!(
        described(&json!({ "type": "object", "properties": { "a": false } })).0,
        Value::Null
    );
}

#[test]
fn any_value_is_one_of_every_type() {
    let (schema, lines) = of_property(&json!({ "type": "array" }));
    assert_eq!(schema["items"]["anyOf"].as_array().map(Vec::len), Some(4));
    assert_eq!(
        lines,
        ["`/properties/a/items`: any value fits; of lists within the list nothing can be said"]
    );
    assert_eq!(of_property(&json!({})).0["anyOf"].as_array().map(Vec::len), Some(5));
}

#[test]
fn references_that_double_at_each_step_come_to_an_end() {
    let mut parts = serde_json::Map::new();
    for step in 0..60 {
        let next = json!({ "$ref": format!("#/$defs/{}", step + 1) });
        parts.insert(step.to_string(), json!({ "properties": { "a": next, "b": next } }));
    }
    parts.insert("60".to_owned(), json!({ "type": "string" }));
    let (_, lines) = described(&json!({ "properties": { "a": { "$ref": "#/$defs/0" } }, "$defs": parts }));
    assert!(lines.iter().any(|line| line.contains("too long")), "{lines:?}");
}

/// Each would be ten times as long as the last.
#[test]
fn alternatives_within_alternatives_come_to_an_end() {
    let branches: Vec<Value> = (0..10).map(|n| json!({ "required": [n.to_string()] })).collect();
    let mut schema = json!({ "type": "string" });
    for _ in 0..12 {
        schema = json!({ "type": "object", "properties": { "a": schema }, "anyOf": branches });
    }
    let (described, lines) = of_property(&schema);
    assert!(described.to_string().len() < 1 << 20, "{}", described.to_string().len());
    assert!(
        lines.iter().any(|line| line.contains("too many alternatives")),
        "{lines:?}"
    );
}

/// Ten ways at each of fifteen steps, all on the same value.
#[test]
fn references_on_one_value_come_to_an_end() {
    let mut parts = serde_json::Map::new();
    for step in 0..15 {
        let next = json!({ "$ref": format!("#/$defs/{}", step + 1) });
        parts.insert(step.to_string(), json!({ "anyOf": vec![next; 10] }));
    }
    parts.insert("15".to_owned(), json!({ "properties": { "a": { "type": "string" } } }));
    let (_, lines) = described(&json!({ "$ref": "#/$defs/0", "$defs": parts }));
    assert!(lines.iter().any(|line| line.contains("too long")), "{lines:?}");
    let (_, lines) = described(&json!({ "properties": { "a": { "$ref": "#/$defs/0" } }, "$defs": parts }));
    assert!(lines.iter().any(|line| line.contains("too long")), "{lines:?}");
}
