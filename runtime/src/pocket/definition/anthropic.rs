//! A tool as Anthropic's messages API takes it.

use serde_json::{Map, Value};

use crate::pocket::definition::{notes::Notes, references::References, root::one_object};

/// A tool's input for `input_schema`: JSON Schema draft 2020-12 whose root has `type: object`, no `allOf`, `anyOf` or `oneOf`, and
/// properties whose names match `^[a-zA-Z0-9_.-]{1,64}$`.
///
/// Anthropic's guide "Define tools" has the first; the API's own refusals ("`input_schema` does not support oneOf, allOf, or anyOf at the
/// top level", "Property keys should match pattern") the others, which hold for the root alone.
pub(super) fn input_schema(schema: &Value, notes: &mut Notes) -> Value {
    let references = References::of(schema);
    let mut root = one_object(&references, notes);
    keep_names(&mut root, is_name, notes);
    references.rejoin(&mut root);
    Value::Object(root)
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// Leaves out the properties whose names an API refuses: one of them would have it refuse every tool of a request. What is said of
/// all other properties goes with them, since it would be said of those too.
pub(super) fn keep_names(root: &mut Map<String, Value>, is_name: impl Fn(&str) -> bool, notes: &mut Notes) {
    let Some(Value::Object(properties)) = root.get_mut("properties") else {
        return;
    };
    let refused: Vec<String> = properties.keys().filter(|name| !is_name(name)).cloned().collect();
    for name in &refused {
        properties.remove(name);
        let at = crate::pocket::definition::notes::within("/properties", &[name]);
        notes.say(&at, "it is left out, since the API does not take its name");
    }
    if !refused.is_empty() {
        for keyword in ["additionalProperties", "unevaluatedProperties"] {
            if root.remove(keyword).is_some() {
                notes.left_out("", keyword);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn described(schema: &Value) -> (Value, Vec<String>) {
        let mut notes = Notes::default();
        (input_schema(schema, &mut notes), notes.into_lines())
    }

    #[test]
    fn a_schema_within_the_limits_stays_as_it_is() {
        let schema = json!({
            "type": "object",
            "properties": { "a": { "oneOf": [{ "type": "string" }, { "$ref": "#/$defs/b" }] } },
            "required": ["a"],
            "additionalProperties": false,
            "$defs": { "b": { "type": "object", "properties": { "b": { "$ref": "#/$defs/b" } } } },
        });
        assert_eq!(described(&schema), (schema, Vec::new()));
        assert_eq!(described(&json!({})), (json!({ "type": "object" }), Vec::new()));
    }

    #[test]
    fn alternatives_become_one_object_and_that_is_said() {
        let (schema, lines) = described(&json!({
            "oneOf": [
                { "type": "object", "properties": { "do": { "const": "get" }, "id": { "type": "integer" } }, "required": ["do", "id"],
                  "additionalProperties": false },
                { "type": "object", "properties": { "do": { "const": "find" }, "text": { "type": "string" } }, "required": ["do"],
                  "additionalProperties": false },
            ],
        }));
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "properties": { "do": { "enum": ["get", "find"] }, "id": { "type": "integer" }, "text": { "type": "string" } },
                "required": ["do"],
                "additionalProperties": false,
            })
        );
        assert_eq!(
            lines,
            [
                "the whole input: the alternatives of `oneOf` are described as one object; the tool still checks which of them holds"
            ]
        );
    }

    #[test]
    fn all_of_becomes_one_object_that_means_the_same() {
        let (schema, lines) = described(&json!({
            "allOf": [
                { "properties": { "a": { "type": "integer" } }, "required": ["a"] },
                { "properties": { "a": { "minimum": 1 } }, "minProperties": 1 },
            ],
        }));
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "properties": { "a": { "allOf": [{ "type": "integer" }, { "minimum": 1 }] } },
                "required": ["a"],
                "minProperties": 1,
            })
        );
        assert_eq!(lines, Vec::<String>::new());
    }

    #[test]
    fn a_reference_into_what_is_no_more_gets_a_place() {
        let (schema, _) = described(&json!({
            "anyOf": [
                { "properties": { "child": { "$ref": "#/anyOf/1" } } },
                { "properties": { "name": { "type": "string" }, "next": { "$ref": "#" } } },
            ],
        }));
        assert_eq!(
            schema["$defs"]["part-1"]["properties"]["name"],
            json!({ "type": "string" })
        );
        assert_eq!(
            schema["properties"]["child"],
            json!({ "anyOf": [{ "$ref": "#/$defs/part-1" }, {}] })
        );
    }

    #[test]
    fn a_property_whose_name_the_api_refuses_is_left_out_and_that_is_said() {
        let (schema, lines) = described(&json!({
            "properties": { "filter[id]": {}, "filter.id": {} },
            "additionalProperties": false,
        }));
        assert_eq!(schema, json!({ "type": "object", "properties": { "filter.id": {} } }));
        assert_eq!(
            lines,
            [
                "the whole input: `additionalProperties` is left out; the tool still checks it",
                "`/properties/filter[id]`: it is left out, since the API does not take its name",
            ]
        );
    }
}
