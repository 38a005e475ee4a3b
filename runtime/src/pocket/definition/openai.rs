//! A tool as OpenAI's chat completions API takes it.

use serde_json::{Map, Value, json};

use crate::pocket::definition::{keywords, notes::Notes, references::References, root::one_object};

/// What may not stand at the root: the API's refusal says "schema must have type 'object' and not have
/// 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level". The first three are gone by then.
const NOT_AT_ROOT: [&str; 3] = ["enum", "const", "not"];

/// A tool's input for `parameters`: JSON Schema whose root has `type: object` and none of what may not stand there, and in which every
/// object has `properties` and every array `items` ("object schema missing properties", "array schema missing items").
pub(super) fn parameters(schema: &Value, notes: &mut Notes) -> Value {
    let references = References::of(schema);
    let mut root = one_object(&references, notes);
    for keyword in NOT_AT_ROOT {
        if root.remove(keyword).is_some() {
            notes.left_out("", keyword);
        }
    }
    references.rejoin(&mut root);
    let mut root = Value::Object(root);
    // `items` of any kind means nothing, but where this keyword asks which items others looked at.
    let may_loosen = keywords::has(&root, "unevaluatedItems");
    if may_loosen {
        notes.left_out("", "unevaluatedItems");
    }
    complete(
        &mut root,
        Place {
            may_loosen,
            is_exact: false,
        },
    );
    root
}

#[derive(Clone, Copy)]
struct Place {
    /// Whether adding `items` may make a schema looser.
    may_loosen: bool,
    /// Whether a looser schema here would make the whole stricter.
    is_exact: bool,
}

/// Adds what the API misses: what it adds says nothing.
fn complete(schema: &mut Value, place: Place) {
    if let Value::Bool(anything) = schema {
        *schema = if *anything { json!({}) } else { json!({ "not": {} }) };
        return;
    }
    let Value::Object(fields) = schema else { return };
    if keywords::names_type(fields, "object") {
        fields.entry("properties").or_insert_with(|| json!({}));
    }
    if keywords::names_type(fields, "array") && !(place.may_loosen && place.is_exact) {
        fields.entry("items").or_insert_with(|| json!({}));
    }
    keywords::change_within(fields, |keyword, within| {
        let is_limit = within.is_boolean() && matches!(keyword, "additionalProperties" | "unevaluatedProperties");
        if !is_limit {
            let is_exact = place.is_exact || matches!(keyword, "not" | "if" | "then" | "else" | "oneOf" | "contains");
            complete(within, Place { is_exact, ..place });
        }
    });
}

/// Whether parameters are within strict mode: the API then has the model keep to them to the letter.
///
/// OpenAI's guide "Structured outputs", section "Supported schemas", says what a schema may have. It has raised its limits; those here are
/// its first ones, which services that take the same requests still have: 100 properties, five levels of objects, 500 values to choose
/// from, and 15,000 characters of names and values.
pub(super) fn is_strict(parameters: &Value) -> bool {
    let mut count = Count {
        root: parameters,
        properties: 100,
        choices: 500,
        characters: 15_000,
        schemas: 1_000,
        following: Vec::new(),
    };
    count.takes(parameters, 5).is_some()
}

/// What is still left of the limits.
struct Count<'v> {
    root: &'v Value,
    properties: usize,
    choices: usize,
    characters: usize,
    schemas: usize,
    /// The references on the way here.
    following: Vec<&'v str>,
}

impl<'v> Count<'v> {
    /// Nothing where a schema is not within the limits.
    fn takes(&mut self, schema: &'v Value, levels: usize) -> Option<()> {
        take(&mut self.schemas, 1)?;
        let fields = schema.as_object()?;
        let is_root = std::ptr::eq(schema, self.root);
        if let Some(reference) = fields.get("$ref") {
            return self.follows(fields, reference.as_str()?, levels);
        }
        if !fields
            .keys()
            .all(|keyword| is_known(keyword) || (is_root && keyword == "$defs"))
        {
            return None;
        }
        self.choices_fit(fields)?;
        if let Some(alternatives) = fields.get("anyOf") {
            // Beside it there may be words only.
            if fields
                .keys()
                .any(|keyword| !matches!(keyword.as_str(), "anyOf" | "description" | "title"))
            {
                return None;
            }
            return alternatives
                .as_array()?
                .iter()
                .try_for_each(|schema| self.takes(schema, levels));
        }
        let types = keywords::types(fields).filter(|types| !types.is_empty())?;
        if types.contains(&"object") {
            self.object_fits(fields, levels)?;
        }
        if types.contains(&"array") {
            self.takes(fields.get("items")?, levels)?;
        }
        Some(())
    }

    fn follows(&mut self, fields: &Map<String, Value>, written: &'v str, levels: usize) -> Option<()> {
        if fields.len() > 1 {
            return None;
        }
        if self.following.contains(&written) {
            return Some(());
        }
        let target = self.root.pointer(written.strip_prefix('#')?)?;
        self.following.push(written);
        let fits = self.takes(target, levels);
        self.following.pop();
        fits
    }

    fn object_fits(&mut self, fields: &'v Map<String, Value>, levels: usize) -> Option<()> {
        let levels = levels.checked_sub(1)?;
        if fields.get("additionalProperties") != Some(&Value::Bool(false)) {
            return None;
        }
        let properties = fields.get("properties")?.as_object()?;
        let required: Vec<&str> = match fields.get("required") {
            Some(required) => required.as_array()?.iter().filter_map(Value::as_str).collect(),
            None => Vec::new(),
        };
        let is_required = |name: &String| required.contains(&name.as_str());
        if !properties.keys().all(is_required) || required.iter().any(|name| !properties.contains_key(*name)) {
            return None;
        }
        take(&mut self.properties, properties.len())?;
        for (name, schema) in properties {
            take(&mut self.characters, name.chars().count())?;
            self.takes(schema, levels)?;
        }
        Some(())
    }

    fn choices_fit(&mut self, fields: &Map<String, Value>) -> Option<()> {
        let several = fields.get("enum").and_then(Value::as_array);
        let values = several.into_iter().flatten().chain(fields.get("const"));
        for value in values {
            take(&mut self.choices, 1)?;
            let characters = value.as_str().map_or(0, |text| text.chars().count());
            // A long list of texts has a limit of its own, half of that of all.
            take(
                &mut self.characters,
                characters
                    * if several.is_some_and(|all| all.len() > 250) {
                        2
                    } else {
                        1
                    },
            )?;
        }
        Some(())
    }
}

fn take(left: &mut usize, count: usize) -> Option<()> {
    *left = left.checked_sub(count)?;
    Some(())
}

fn is_known(keyword: &str) -> bool {
    matches!(
        keyword,
        "type"
            | "title"
            | "description"
            | "properties"
            | "required"
            | "additionalProperties"
            | "items"
            | "enum"
            | "const"
            | "anyOf"
            | "pattern"
            | "multipleOf"
            | "minimum"
            | "maximum"
            | "exclusiveMinimum"
            | "exclusiveMaximum"
            | "minItems"
            | "maxItems"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(schema: &Value) -> (Value, Vec<String>) {
        let mut notes = Notes::default();
        (parameters(schema, &mut notes), notes.into_lines())
    }

    #[test]
    fn objects_and_arrays_say_what_the_api_misses_in_them() {
        let (schema, lines) = described(&json!({ "properties": { "a": { "type": ["array", "null"] }, "b": true } }));
        assert_eq!(
            schema,
            json!({ "type": "object", "properties": { "a": { "type": ["array", "null"], "items": {} }, "b": {} } })
        );
        assert_eq!(described(&json!({})).0, json!({ "type": "object", "properties": {} }));
        assert_eq!(lines, Vec::<String>::new());
    }

    #[test]
    fn what_may_not_stand_at_the_root_is_left_out_and_that_is_said() {
        let (schema, lines) = described(&json!({ "properties": { "a": {} }, "not": { "required": ["b"] } }));
        assert_eq!(schema, json!({ "type": "object", "properties": { "a": {} } }));
        assert_eq!(lines, ["the whole input: `not` is left out; the tool still checks it"]);
    }

    #[test]
    fn only_a_schema_within_every_limit_is_strict() {
        let closed = |properties: Value, required: Value| json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
        let strict = |properties: Value, required: Value| is_strict(&described(&closed(properties, required)).0);
        assert!(strict(json!({}), json!([])));
        assert!(strict(json!({ "a": { "type": ["string", "null"] } }), json!(["a"])));
        assert!(strict(
            json!({ "a": { "type": "array", "items": { "type": "string" } } }),
            json!(["a"])
        ));
        assert!(
            !strict(json!({ "a": { "type": "string" } }), json!([])),
            "it may be left away"
        );
        assert!(!strict(
            json!({ "a": { "type": "string", "minLength": 1 } }),
            json!(["a"])
        ));
        assert!(
            !strict(json!({ "a": { "type": "array" } }), json!(["a"])),
            "its items have no type"
        );
        assert!(
            !strict(json!({ "a": { "enum": ["x"] } }), json!(["a"])),
            "it has no type"
        );
        assert!(!is_strict(&described(&json!({ "type": "object" })).0), "it is open");
        let mut deep = json!({ "type": "string" });
        for _ in 0..4 {
            deep = closed(json!({ "a": deep }), json!(["a"]));
        }
        assert!(strict(json!({ "a": deep }), json!(["a"])));
        let deeper = closed(json!({ "a": deep }), json!(["a"]));
        assert!(!strict(json!({ "a": deeper }), json!(["a"])));
    }

    #[test]
    fn a_reference_that_comes_back_is_strict() {
        let schema = json!({
            "type": "object",
            "properties": { "a": { "$ref": "#/$defs/a" } },
            "required": ["a"],
            "additionalProperties": false,
            "$defs": { "a": { "anyOf": [{ "type": "null" }, { "type": "array", "items": { "$ref": "#/$defs/a" } }] } },
        });
        assert!(is_strict(&described(&schema).0));
    }
}
