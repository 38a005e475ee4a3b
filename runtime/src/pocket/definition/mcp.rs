//! A tool as an MCP server lists it.

use serde_json::{Map, Value, json};

use crate::pocket::{
    ToolDescription,
    definition::{
        keywords,
        notes::Notes,
        references::{self, References},
    },
};

/// An item of `tools` in the answer to `tools/list`.
///
/// `Tool` in the MCP schema of revision 2025-11-25 wants `type: object` at the root of both schemas, and objects in their `properties`;
/// revision 2026-07-28 (SEP-2106) wants the first of `inputSchema` alone. What fits the older fits both.
pub(super) fn tool(tool: &ToolDescription, notes: &mut Notes) -> Value {
    let mut shape = Map::new();
    shape.insert("name".to_owned(), json!(tool.name));
    if let Some(title) = &tool.title {
        shape.insert("title".to_owned(), json!(title));
    }
    if !tool.description.is_empty() {
        shape.insert("description".to_owned(), json!(tool.description));
    }
    shape.insert("inputSchema".to_owned(), of_object(&tool.input_schema));
    match &tool.output_schema {
        Some(schema) if is_of_object(schema) => {
            shape.insert("outputSchema".to_owned(), of_object(schema));
        }
        Some(_) => notes.say(
            "",
            "what the tool gives is not described: in revision 2025-11-25 `outputSchema` is of an object",
        ),
        None => {}
    }
    if let Some(annotations) = &tool.annotations {
        shape.insert("annotations".to_owned(), annotations.clone());
    }
    Value::Object(shape)
}

fn is_of_object(schema: &Value) -> bool {
    let types = schema.as_object().and_then(keywords::types);
    types.is_some_and(|types| types == ["object"])
}

/// The same schema of an object, written as the older revision has it.
fn of_object(schema: &Value) -> Value {
    let mut fields = schema.as_object().cloned().unwrap_or_default();
    let can_be_object = keywords::types(&fields).is_none_or(|types| types.contains(&"object"));
    if schema == &Value::Bool(false) || !can_be_object {
        fields.insert("not".to_owned(), json!({}));
    }
    fields.insert("type".to_owned(), json!("object"));
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        for schema in properties.values_mut() {
            match schema {
                Value::Bool(true) => *schema = json!({}),
                Value::Bool(false) => *schema = json!({ "not": {} }),
                _object => {}
            }
        }
    }
    let refers = references::KEYWORDS
        .iter()
        .any(|keyword| keywords::has(schema, keyword));
    if refers && schema.as_object() != Some(&fields) {
        References::of(schema).rejoin(&mut fields);
    }
    Value::Object(fields)
}
