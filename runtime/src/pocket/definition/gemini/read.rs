//! Reads a JSON Schema as what a value may be.

use serde_json::{Map, Value, json};

use super::{
    apart::are_apart,
    shape::{Alternative, Kind, Shape},
};
use crate::pocket::definition::{
    keywords,
    notes::{Notes, within},
    references::{self, References},
};

/// How many schemas are read: a part that is referred to is read each time.
const MOST_SCHEMAS: usize = 5_000;

/// What is checked and cannot be said of any type.
const CHECKS: [&str; 19] = [
    "additionalProperties",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "if",
    "maxContains",
    "minContains",
    "multipleOf",
    "not",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];

/// What only tells something, and has no place either.
const TELLING: [&str; 3] = ["contentEncoding", "contentMediaType", "examples"];

/// Reads a JSON Schema; what cannot be said becomes looser, and is noted.
pub(super) struct Reader<'a, 's> {
    references: &'a References<'s>,
    notes: &'a mut Notes,
    /// Where the references lead that are followed now.
    following: Vec<String>,
    left: usize,
}

impl<'a, 's> Reader<'a, 's> {
    pub(super) const fn new(references: &'a References<'s>, notes: &'a mut Notes) -> Self {
        Self {
            references,
            notes,
            following: Vec::new(),
            left: MOST_SCHEMAS,
        }
    }

    pub(super) fn read(&mut self, schema: &Value, at: &str) -> Shape {
        if self.left == 0 {
            self.notes.say(
                "",
                "it is too long to be described in full; the tool still checks the rest",
            );
            return Shape::any();
        }
        self.left -= 1;
        let fields = match schema {
            Value::Bool(false) => return Shape::default(),
            Value::Object(fields) => fields,
            _anything => return Shape::any(),
        };
        let mut shape = self.own(fields, at);
        for keyword in references::KEYWORDS {
            if let Some(written) = fields.get(keyword).and_then(Value::as_str) {
                let target = self.followed(written, keyword, at);
                shape = shape.and(&target);
            }
        }
        for (place, schema) in listed(fields, "allOf").iter().enumerate() {
            let other = self.read(schema, &within(at, &["allOf", &place.to_string()]));
            shape = shape.and(&other);
        }
        for keyword in ["anyOf", "oneOf"] {
            if fields.contains_key(keyword) {
                let other = self.one_of(listed(fields, keyword), keyword, at);
                shape = shape.and(&other);
            }
        }
        shape
    }

    fn one_of(&mut self, schemas: &[Value], keyword: &str, at: &str) -> Shape {
        let mut shapes = Vec::new();
        for (place, schema) in schemas.iter().enumerate() {
            shapes.push(self.read(schema, &within(at, &[keyword, &place.to_string()])));
        }
        if keyword == "oneOf" && !are_apart(&shapes) {
            self.notes.say(
                at,
                "`oneOf` is described as `anyOf`; the tool still checks that only one holds",
            );
        }
        Shape::one_of(shapes)
    }

    /// What a reference leads to. One that leads back to where it came from ends as any value of the types that are named there.
    fn followed(&mut self, written: &str, keyword: &str, at: &str) -> Shape {
        let Some((target, place)) = self.references.target(written) else {
            self.notes.left_out(at, keyword);
            return Shape::any();
        };
        if self.following.contains(&place) {
            self.notes.say(
                at,
                format!(
                    "`{keyword}` leads back to itself: what it leads to is described once; the tool still checks it"
                ),
            );
            return target.as_object().map_or_else(Shape::any, of_types);
        }
        self.following.push(place.clone());
        let shape = self.read(target, &place);
        self.following.pop();
        shape
    }

    /// What the keywords of one schema say that are not schemas of the same value.
    fn own(&mut self, fields: &Map<String, Value>, at: &str) -> Shape {
        let mut shape = of_types(fields);
        let words = |keyword: &str| fields.get(keyword).and_then(Value::as_str).map(ToOwned::to_owned);
        shape.title = words("title");
        shape.description = words("description");
        shape.default = fields.get("default").cloned();
        if let Some(Value::Array(values)) = fields.get("enum") {
            self.choose(&mut shape, values, "enum", at);
        }
        if let Some(value) = fields.get("const") {
            self.choose(&mut shape, std::slice::from_ref(value), "const", at);
        }
        for alternative in &mut shape.alternatives {
            match alternative.kind {
                Kind::String => text(alternative, fields),
                Kind::Integer | Kind::Number => number(alternative, fields),
                Kind::Array => self.array(alternative, fields, at),
                Kind::Object => self.object(alternative, fields, at),
                Kind::Boolean => {}
            }
        }
        self.note_rest(fields, &shape, at);
        shape
    }

    /// Only these values, as far as that can be said: of texts. Of other types it stays which there are.
    fn choose(&mut self, shape: &mut Shape, values: &[Value], keyword: &str, at: &str) {
        shape.nullable &= values.contains(&Value::Null);
        let mut alternatives: Vec<Alternative> = Vec::new();
        for alternative in &shape.alternatives {
            let of_kind = |value: &&Value| {
                Kind::of_value(value)
                    .and_then(|kind| kind.and(alternative.kind))
                    .is_some()
            };
            let chosen: Vec<&Value> = values.iter().filter(of_kind).collect();
            let Some(kind) = narrowest(alternative.kind, &chosen) else {
                continue;
            };
            let texts: Option<Vec<String>> = chosen
                .iter()
                .map(|value| value.as_str().map(ToOwned::to_owned))
                .collect();
            let mut alternative = Alternative {
                kind,
                ..alternative.clone()
            };
            match texts {
                // The API takes no empty text among them.
                Some(texts) if texts.iter().all(|text| !text.is_empty()) => {
                    let both = |text: &String| alternative.choices.as_ref().is_none_or(|own| own.contains(text));
                    alternative.choices = Some(texts.into_iter().filter(both).collect());
                }
                _other
                    if kind == Kind::Boolean && chosen.contains(&&json!(true)) && chosen.contains(&&json!(false)) => {}
                _other => self.notes.left_out(at, keyword),
            }
            if alternative.choices.as_ref().is_none_or(|choices| !choices.is_empty()) {
                alternatives.push(alternative);
            }
        }
        shape.alternatives = alternatives;
    }

    fn array(&mut self, alternative: &mut Alternative, fields: &Map<String, Value>, at: &str) {
        lengths(alternative, fields, ["minItems", "maxItems"]);
        let first = listed(fields, "prefixItems");
        let rest = fields.get("items");
        if rest == Some(&Value::Bool(false)) {
            alternative.bounds.insert("maxItems".to_owned(), json!(first.len()));
        }
        let mut shapes = Vec::new();
        for (place, schema) in first.iter().enumerate() {
            shapes.push(self.read(schema, &within(at, &["prefixItems", &place.to_string()])));
        }
        match rest {
            Some(Value::Bool(false)) => {}
            Some(schema) => shapes.push(self.read(schema, &within(at, &["items"]))),
            None => return,
        }
        if !shapes.is_empty() {
            let shape = match shapes.as_mut_slice() {
                [only] => std::mem::take(only),
                _several => Shape::one_of(shapes),
            };
            alternative.items = Some(Box::new(shape));
        }
    }

    fn object(&mut self, alternative: &mut Alternative, fields: &Map<String, Value>, at: &str) {
        lengths(alternative, fields, ["minProperties", "maxProperties"]);
        if let Some(Value::Object(properties)) = fields.get("properties") {
            for (name, schema) in properties {
                let shape = self.read(schema, &within(at, &["properties", name]));
                alternative.properties.insert(name.clone(), shape);
            }
        }
        let required = listed(fields, "required").iter().filter_map(Value::as_str);
        alternative.required = required.map(ToOwned::to_owned).collect();
    }

    /// What has no place in any type. A keyword for a type that the value is never of says nothing, and is not missed.
    fn note_rest(&mut self, fields: &Map<String, Value>, shape: &Shape, at: &str) {
        let is = |kind: Kind| {
            shape
                .alternatives
                .iter()
                .any(|alternative| alternative.kind.and(kind).is_some())
        };
        for keyword in CHECKS {
            let Some(value) = fields.get(keyword) else { continue };
            let says_nothing = match keyword {
                "uniqueItems" => value == &Value::Bool(false) || !is(Kind::Array),
                "contains" | "maxContains" | "minContains" | "prefixItems" | "unevaluatedItems" => {
                    keywords::takes_anything(value) && keyword == "unevaluatedItems" || !is(Kind::Array)
                }
                "additionalProperties" | "unevaluatedProperties" | "propertyNames" => {
                    keywords::takes_anything(value) || !is(Kind::Object)
                }
                "dependentRequired" | "dependentSchemas" | "patternProperties" => !is(Kind::Object),
                "multipleOf" => !is(Kind::Number),
                "exclusiveMaximum" | "exclusiveMinimum" => {
                    !is(Kind::Number) || (is_whole(value) && is_whole_only(shape))
                }
                _of_any_type => false,
            };
            if !says_nothing {
                self.notes.left_out(at, keyword);
            }
        }
        let has_format = |alternative: &Alternative| alternative.bounds.contains_key("format");
        if fields.contains_key("format") && !shape.alternatives.iter().any(has_format) {
            self.notes.untold(at, "format");
        }
        for keyword in TELLING {
            if fields.contains_key(keyword) {
                self.notes.untold(at, keyword);
            }
        }
    }
}

/// Any value of the types that a schema names.
fn of_types(fields: &Map<String, Value>) -> Shape {
    let Some(words) = keywords::types(fields) else {
        return Shape::any();
    };
    let mut kinds: Vec<Kind> = words.iter().copied().filter_map(Kind::of_word).collect();
    if kinds.contains(&Kind::Number) {
        kinds.retain(|kind| *kind != Kind::Integer);
    }
    Shape {
        alternatives: kinds.into_iter().map(Alternative::any).collect(),
        nullable: words.contains(&"null"),
        ..Shape::default()
    }
}

/// The narrowest type that all these values are of, within one type; none where there are no values.
fn narrowest(kind: Kind, values: &[&Value]) -> Option<Kind> {
    if values.is_empty() {
        return None;
    }
    let are_whole = values.iter().all(|value| Kind::of_value(value) == Some(Kind::Integer));
    Some(if are_whole { Kind::Integer } else { kind })
}

fn text(alternative: &mut Alternative, fields: &Map<String, Value>) {
    lengths(alternative, fields, ["minLength", "maxLength"]);
    copy(alternative, fields, "pattern", Value::is_string);
    copy(alternative, fields, "format", |format| format == "date-time");
}

fn number(alternative: &mut Alternative, fields: &Map<String, Value>) {
    copy(alternative, fields, "minimum", Value::is_number);
    copy(alternative, fields, "maximum", Value::is_number);
    let is_integer = alternative.kind == Kind::Integer;
    for (exclusive, keyword, step) in [("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)] {
        let Some(value) = fields.get(exclusive).filter(|value| value.is_number()) else {
            continue;
        };
        let next = value
            .as_i64()
            .filter(|_| is_integer)
            .and_then(|value| value.checked_add(step));
        let bound = Alternative {
            bounds: Map::from_iter([(
                keyword.to_owned(),
                next.map_or_else(|| value.clone(), |next| json!(next)),
            )]),
            ..Alternative::any(alternative.kind)
        };
        if let Some(both) = alternative.and(&bound) {
            *alternative = both;
        }
    }
    let known: &[&str] = if is_integer {
        &["int32", "int64"]
    } else {
        &["float", "double"]
    };
    copy(alternative, fields, "format", |format| {
        format.as_str().is_some_and(|format| known.contains(&format))
    });
}

fn is_whole(value: &Value) -> bool {
    value
        .as_i64()
        .is_some_and(|value| value != i64::MAX && value != i64::MIN)
}

fn is_whole_only(shape: &Shape) -> bool {
    !shape
        .alternatives
        .iter()
        .any(|alternative| alternative.kind == Kind::Number)
}

fn copy(alternative: &mut Alternative, fields: &Map<String, Value>, keyword: &str, is_one: impl Fn(&Value) -> bool) {
    if let Some(value) = fields.get(keyword).filter(|value| is_one(value)) {
        alternative.bounds.insert(keyword.to_owned(), value.clone());
    }
}

/// Bounds that are numbers of things: the API takes whole numbers of 64 bits, and JSON Schema larger ones, which bound nothing.
fn lengths(alternative: &mut Alternative, fields: &Map<String, Value>, keywords: [&str; 2]) {
    for keyword in keywords {
        let Some(length) = fields.get(keyword).and_then(Value::as_f64) else {
            continue;
        };
        if (0.0..=9e15).contains(&length) && length.fract() == 0.0 {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is a whole number within bounds"
            )]
            alternative.bounds.insert(keyword.to_owned(), json!(length as u64));
        }
    }
}

fn listed<'v>(fields: &'v Map<String, Value>, keyword: &str) -> &'v [Value] {
    fields
        .get(keyword)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}
