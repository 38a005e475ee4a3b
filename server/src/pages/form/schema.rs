//! Reads a JSON Schema as a form. What a form cannot ask for is asked for as JSON; the schema itself judges in any case.

use pocket_runtime::{shown, shown_on_one_line};
use serde_json::{Map, Value};

use super::field::{Field, Lines, Shape};

/// How deep a form goes.
const DEEPEST: usize = 8;
/// How many fields it has: a schema that refers to itself would have ever more.
const MOST_FIELDS: usize = 400;
/// How many values one may choose from.
const MOST_CHOICES: usize = 500;
/// A text that may be longer than this has room for several lines.
const ONE_LINE: u64 = 200;

const NO_FIELDS: &str = "the schema names no fields here";
const TOO_DEEP: &str = "a form for all of it would be too large";
const SEVERAL: &str = "several schemas hold here at once";

impl Field {
    /// The form for a tool's input.
    pub(in crate::pages) fn of_schema(schema: &Value) -> Self {
        let mut reader = Reader {
            root: schema,
            left: MOST_FIELDS,
        };
        let mut field = reader.field("Input", schema, true, 0);
        let is_object = schema.get("type").and_then(Value::as_str) == Some("object");
        if is_object && schema.get("properties").is_none() && field.shape == Shape::Raw(NO_FIELDS) {
            field.shape = Shape::Fields(Vec::new());
        }
        field
    }
}

struct Reader<'s> {
    root: &'s Value,
    left: usize,
}

impl<'s> Reader<'s> {
    fn field(&mut self, name: &str, schema: &'s Value, is_required: bool, depth: usize) -> Field {
        let schema = self.resolved(schema);
        let text = |key: &str| {
            let text = schema.get(key).and_then(Value::as_str);
            text.map(ToOwned::to_owned)
        };
        Field {
            title: shown_on_one_line(&text("title").unwrap_or_else(|| name.to_owned())),
            about: shown(&text("description").unwrap_or_default()),
            bounds: shown_on_one_line(&bounds(schema)),
            is_required,
            default: schema.get("default").cloned(),
            shape: self.shape(schema, depth),
        }
    }

    /// What a schema says that is nothing but a `$ref`, as far as it leads.
    fn resolved(&self, schema: &'s Value) -> &'s Value {
        let mut schema = schema;
        for _ in 0..DEEPEST {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
                return schema;
            };
            let Some(target) = reference.strip_prefix('#').and_then(|at| self.root.pointer(at)) else {
                return schema;
            };
            schema = target;
        }
        schema
    }

    fn shape(&mut self, schema: &'s Value, depth: usize) -> Shape {
        let Some(words) = schema.as_object() else {
            return Shape::Raw("any JSON is taken here");
        };
        if depth > DEEPEST || self.left == 0 {
            return Shape::Raw(TOO_DEEP);
        }
        self.left -= 1;
        if words.contains_key("$ref") {
            return Shape::Raw("its schema is elsewhere");
        }
        if let Some(only) = words.get("const") {
            return Shape::Choice(vec![only.clone()]);
        }
        if let Some(values) = words.get("enum").and_then(Value::as_array) {
            return if values.len() > MOST_CHOICES {
                Shape::Raw("there are very many choices")
            } else {
                Shape::Choice(values.clone())
            };
        }
        let has_fields = words.contains_key("properties");
        if let Some(ways) = ["oneOf", "anyOf"].iter().find_map(|word| words.get(*word)?.as_array()) {
            // Ways that only say which fields go together are for the schema to judge.
            if !has_fields {
                return self.ways(ways, depth);
            }
            if ways.iter().any(says_what_it_is) {
                return Shape::Raw(SEVERAL);
            }
        }
        if let Some(all) = words.get("allOf").and_then(Value::as_array)
            && (!has_fields || all.iter().any(says_what_it_is))
        {
            return match all.as_slice() {
                [one] if !has_fields => {
                    let one = self.resolved(one);
                    self.shape(one, depth + 1)
                }
                _several => Shape::Raw(SEVERAL),
            };
        }
        self.typed(words, depth)
    }

    fn ways(&mut self, ways: &'s [Value], depth: usize) -> Shape {
        let mut read = Vec::new();
        for (at, way) in ways.iter().enumerate() {
            let name = format!("Way {}", at + 1);
            let mut field = self.field(&name, way, true, depth + 1);
            if field.title == name
                && let Some(kind) = self.resolved(way).get("type").and_then(Value::as_str)
            {
                kind.clone_into(&mut field.title);
            }
            read.push(field);
        }
        Shape::OneOf(read)
    }

    fn typed(&mut self, words: &'s Map<String, Value>, depth: usize) -> Shape {
        let kinds: Vec<&str> = match words.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _none if words.contains_key("properties") => vec!["object"],
            _none if words.contains_key("items") => vec!["array"],
            _none => Vec::new(),
        };
        match kinds.as_slice() {
            [] => Shape::Raw("any JSON is taken here"),
            [kind] => self.of_kind(kind, words, depth),
            several => {
                let ways = several.iter().map(|kind| Field {
                    title: (*kind).to_owned(),
                    about: String::new(),
                    bounds: String::new(),
                    is_required: true,
                    default: None,
                    shape: self.of_kind(kind, words, depth + 1),
                });
                Shape::OneOf(ways.collect())
            }
        }
    }

    fn of_kind(&mut self, kind: &str, words: &'s Map<String, Value>, depth: usize) -> Shape {
        match kind {
            "string" => Shape::Text(lines(words)),
            "number" => Shape::Number,
            "integer" => Shape::Integer,
            "boolean" => Shape::Truth,
            "null" => Shape::Choice(vec![Value::Null]),
            "array" => self.list(words, depth),
            "object" => self.fields(words, depth),
            _other => Shape::Raw("its type is none that a form knows"),
        }
    }

    fn list(&mut self, words: &'s Map<String, Value>, depth: usize) -> Shape {
        let is_plain = !words.contains_key("prefixItems") && words.get("items").is_some_and(Value::is_object);
        let Some(items) = words.get("items").filter(|_| is_plain) else {
            return Shape::Raw("its items are not all alike");
        };
        let least = words.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        Shape::List {
            item: Box::new(self.field("Item", items, true, depth + 1)),
            least: usize::try_from(least).unwrap_or(usize::MAX),
        }
    }

    fn fields(&mut self, words: &'s Map<String, Value>, depth: usize) -> Shape {
        let properties = words.get("properties").and_then(Value::as_object);
        let Some(properties) = properties.filter(|properties| !properties.is_empty()) else {
            return Shape::Raw(NO_FIELDS);
        };
        let required: Vec<&str> = words
            .get("required")
            .and_then(Value::as_array)
            .map(|required| required.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let mut fields: Vec<(String, Field)> = properties
            .iter()
            .map(|(name, schema)| {
                let is_required = required.contains(&name.as_str());
                (name.clone(), self.field(name, schema, is_required, depth + 1))
            })
            .collect();
        fields.sort_by_key(|(_name, field)| !field.is_required);
        // What has to be there and is not described can be given as JSON alone.
        if required.iter().any(|name| !properties.contains_key(*name)) {
            return Shape::Raw("it needs fields that the schema does not describe");
        }
        Shape::Fields(fields)
    }
}

/// Whether a part of a schema describes values, rather than which of them go together.
fn says_what_it_is(schema: &Value) -> bool {
    let words = ["properties", "type", "const", "enum", "$ref", "oneOf", "anyOf", "allOf"];
    words.iter().any(|word| schema.get(*word).is_some())
}

fn lines(words: &Map<String, Value>) -> Lines {
    let longest = words.get("maxLength").and_then(Value::as_u64);
    let is_short = longest.is_some_and(|longest| longest <= ONE_LINE);
    if is_short || words.contains_key("format") || words.contains_key("pattern") {
        Lines::One
    } else {
        Lines::Many
    }
}

/// What the schema says of a value's bounds, in words.
fn bounds(schema: &Value) -> String {
    let said = [
        ("minimum", "at least {}"),
        ("exclusiveMinimum", "more than {}"),
        ("maximum", "at most {}"),
        ("exclusiveMaximum", "less than {}"),
        ("multipleOf", "a multiple of {}"),
        ("minLength", "at least {} letters"),
        ("maxLength", "at most {} letters"),
        ("minItems", "at least {} of them"),
        ("maxItems", "at most {} of them"),
        ("format", "written as {}"),
        ("pattern", "matching {}"),
    ];
    let words = said.iter().filter_map(|(word, says)| {
        let value = match schema.get(*word)? {
            Value::String(text) => text.clone(),
            value @ Value::Number(_) => value.to_string(),
            _other => return None,
        };
        let says = says.replace("{}", &value);
        Some(if value == "1" {
            says.replace("letters", "letter")
        } else {
            says
        })
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    /// A shape in few words.
    fn told(field: &Field) -> String {
        let shape = match &field.shape {
            Shape::Text(Lines::One) => "line".to_owned(),
            Shape::Text(Lines::Many) => "text".to_owned(),
            Shape::Number => "number".to_owned(),
            Shape::Integer => "integer".to_owned(),
            Shape::Truth => "truth".to_owned(),
            Shape::Choice(values) => Value::from(values.clone()).to_string(),
            Shape::Fields(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(name, field)| format!("{name}:{}", told(field)))
                    .collect();
                format!("{{{}}}", fields.join(" "))
            }
            Shape::List { item, least } => format!("[{} {least}+]", told(item)),
            Shape::OneOf(ways) => ways.iter().map(told).collect::<Vec<_>>().join(" or "),
            Shape::Raw(_) => "raw".to_owned(),
        };
        if field.is_required { shape } else { format!("{shape}?") }
    }

    #[test]
    fn a_schema_is_asked_for_as_far_as_a_form_can() {
        let object = |properties: Value| json!({ "type": "object", "properties": properties });
        for (schema, expected) in [
            (json!({}), "raw"),
            (json!(true), "raw"),
            (json!({ "type": "object" }), "{}"),
            (object(json!({ "a": { "type": "string" } })), "{a:text?}"),
            (
                object(json!({ "a": { "type": "string", "maxLength": 20 } })),
                "{a:line?}",
            ),
            (
                json!({ "properties": { "a": { "type": "integer" }, "b": { "type": "boolean" } }, "required": ["b"] }),
                "{b:truth a:integer?}",
            ),
            (
                object(json!({ "a": { "enum": ["x", 1, null] } })),
                "{a:[\"x\",1,null]?}",
            ),
            (
                object(json!({ "a": { "type": ["number", "null"] } })),
                "{a:number or [null]?}",
            ),
            (
                object(json!({ "a": { "type": "array", "items": { "const": 1 }, "minItems": 2 } })),
                "{a:[[1] 2+]?}",
            ),
            (object(json!({ "a": { "type": "array" } })), "{a:raw?}"),
            (object(json!({ "a": { "type": "object" } })), "{a:raw?}"),
            (
                object(json!({ "a": { "oneOf": [object(json!({ "b": { "type": "string" } })), { "type": "null" }] } })),
                "{a:{b:text?} or [null]?}",
            ),
            (
                object(json!({ "a": { "$ref": "https://elsewhere.example/" } })),
                "{a:raw?}",
            ),
            (object(json!({ "a": { "allOf": [{ "type": "string" }] } })), "{a:text?}"),
            (
                object(json!({ "a": { "allOf": [{ "type": "string" }, { "minLength": 1 }] } })),
                "{a:raw?}",
            ),
            (
                json!({ "type": "object", "properties": { "a": { "type": "string" } }, "oneOf": [{ "required": ["a"] }, { "maxProperties": 0 }] }),
                "{a:text?}",
            ),
            (
                json!({ "type": "object", "properties": { "a": {} }, "required": ["b"] }),
                "raw",
            ),
        ] {
            assert_eq!(told(&Field::of_schema(&schema)), expected, "{schema}");
        }
    }

    #[test]
    fn a_schema_without_end_ends() {
        let tree = json!({
            "type": "object",
            "properties": { "left": { "$ref": "#" }, "right": { "$ref": "#" } },
        });
        let told = told(&Field::of_schema(&tree));
        assert!(told.contains("raw") && told.len() < 20_000, "{}", told.len());
        let loop_of_references = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } });
        assert!(Field::of_schema(&loop_of_references).is_raw());
    }

    #[test]
    fn what_bounds_a_value_is_said() {
        let schema = json!({ "type": "integer", "minimum": 1, "maximum": 10 });
        assert_eq!(bounds(&schema), "at least 1, at most 10");
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 11 });
        assert_eq!(bounds(&schema), "at least 1 letter, at most 11 letters");
    }
}
