//! What is taken for a schema, what fits one, and that neither takes long.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn refusal(schema: &Value) -> (String, String) {
    let error = Schema::compile(schema).unwrap_err();
    (error.pointer, error.message)
}

fn violations(schema: &Value, value: &Value) -> Vec<(String, String)> {
    let found = Schema::compile(schema).unwrap().check(value).unwrap_err();
    found.into_iter().map(|v| (v.pointer, v.message)).collect()
}

/// Arrays in arrays.
fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

#[test]
fn the_text_is_kept_to_the_letter() {
    let text = "{ \"type\" : \"object\",\n \"maximum\": 1.0, \"a\": 0.10 }";
    assert_eq!(Schema::from_text(text).unwrap().as_str(), text);
}

#[test]
fn an_empty_schema_for_input_takes_any_object_and_nothing_else() {
    let schema = Schema::any_object();
    assert_eq!(schema.check(&json!({"a": [1]})), Ok(()));
    let found = schema.check(&json!("text")).unwrap_err();
    assert_eq!(found[0].message, "an object is expected: found the string `text`");
    assert_eq!(Schema::compile(&json!({})).unwrap().check(&json!("text")), Ok(()));
}

#[test]
fn each_violation_has_its_pointer_and_says_what_is_expected() {
    let schema = json!({
        "type": "object",
        "properties": {
            "channel": {"type": "string", "pattern": "^C"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 100},
            "kind": {"enum": ["a", "b"]},
            "a/b": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["channel", "text"],
        "additionalProperties": false,
    });
    let value = json!({"channel": "D1", "limit": 1000, "kind": "c", "a/b": 1, "more": true});
    let mut found = violations(&schema, &value);
    found.sort();
    let expected = [
        ("", "there is no such field: `more`"),
        ("", "this field is missing: `text`"),
        (
            "/a~1b",
            "none of 2 alternatives fits (a string is expected: found the number `1`; `null` is expected: found the number `1`)",
        ),
        ("/channel", "text that matches `^C` is expected: found the string `D1`"),
        ("/kind", "one of `a`, `b` is expected: found the string `c`"),
        ("/limit", "at most 100 is expected: found the number `1000`"),
    ];
    assert_eq!(
        found,
        expected.map(|(pointer, message)| (pointer.to_owned(), message.to_owned()))
    );
}

#[test]
fn at_most_twenty_violations_are_told_and_none_repeats_a_large_value() {
    let found = violations(&json!({"items": {"type": "string"}}), &json!(vec![1; 100]));
    assert_eq!(found.len(), 20);
    let long = "x".repeat(100_000);
    let found = violations(&json!({"type": "integer"}), &json!(long));
    assert!(found[0].1.len() < 200, "{}", found[0].1);
    let found = violations(
        &json!({"additionalProperties": {"type": "integer"}}),
        &json!({long: "a\u{202e}b"}),
    );
    assert!(found[0].0.len() < 600, "{}", found[0].0.len());
    assert!(found[0].1.ends_with("`a\\u{202e}b`"), "{}", found[0].1);
}

#[test]
fn a_reference_out_of_the_schema_is_refused() {
    for written in [
        "https://example.com/s.json",
        "file:///etc/passwd",
        "other.json#/a",
        "#/nowhere",
        "#anchor",
        "#/%zz",
    ] {
        let (pointer, message) = refusal(&json!({"properties": {"a": {"$ref": written}}}));
        assert_eq!(pointer, "/properties/a/$ref");
        assert_eq!(
            message,
            format!("a reference leads to a part of this schema: found `{written}`")
        );
    }
}

#[test]
fn references_within_the_schema_are_followed() {
    for written in ["#/$defs/a~1b%20c", "#named", "https://example.com/s#named"] {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "https://example.com/s",
            "$defs": {"a/b c": {"$anchor": "named", "type": "integer"}},
            "items": {"$ref": written},
        });
        let schema = Schema::compile(&schema).unwrap();
        assert_eq!(schema.check(&json!([1])), Ok(()), "{written}");
        assert!(schema.check(&json!(["1"])).is_err(), "{written}");
    }
}

#[test]
fn what_another_draft_means_otherwise_is_refused() {
    assert!(Schema::compile(&json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"})).is_ok());
    for (schema, at) in [
        (
            json!({"$schema": "http://json-schema.org/draft-04/schema#"}),
            "/$schema",
        ),
        (json!({"items": [{"type": "string"}]}), "/items"),
        (json!({"dependencies": {}}), "/dependencies"),
        (
            json!({"properties": {"a": {"additionalItems": false}}}),
            "/properties/a/additionalItems",
        ),
        (json!({"properties": {"a": {"$id": "x"}}}), "/properties/a/$id"),
    ] {
        assert_eq!(refusal(&schema).0, at);
    }
}

#[test]
fn what_is_no_schema_is_refused_with_its_place() {
    assert_eq!(
        refusal(&json!({"properties": {"a": {"type": "text"}}})).0,
        "/properties/a/type"
    );
    assert_eq!(refusal(&json!({"properties": []})).0, "/properties");
    assert_eq!(refusal(&json!([])).1, "a schema is an object, `true` or `false`");
    assert_eq!(refusal(&json!({"minLength": -1})).0, "/minLength");
}

#[test]
fn a_schema_that_is_too_large_or_too_deep_is_refused() {
    assert!(
        refusal(&json!({"title": "x".repeat(300_000)}))
            .1
            .contains("at most 262144 bytes")
    );
    assert!(
        refusal(&json!({"enum": vec![0; 10_001]}))
            .1
            .contains("at most 10000 values")
    );
    let deep = (0..40).fold(json!({}), |inner, _| json!({"not": inner}));
    assert!(
        refusal(&deep)
            .1
            .contains("this leads back to itself, or over more than 16")
    );
    let deeper = (0..65).fold(json!({}), |inner, _| json!({"items": inner}));
    assert!(refusal(&deeper).1.contains("nests at most 64"));
}

#[test]
fn a_schema_that_leads_back_to_itself_on_one_value_is_refused() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}}),
        json!({"$dynamicAnchor": "n", "allOf": [{"$dynamicRef": "#n"}]}),
    ] {
        assert!(refusal(&schema).1.starts_with("this leads back to itself"), "{schema}");
    }
}

#[test]
fn patterns_that_need_backtracking_or_much_memory_are_refused() {
    for pattern in ["(?=a)b", "(a)\\1", "(", "((a{1000}){1000}){1000}"] {
        let (pointer, message) = refusal(&json!({"properties": {"a": {"pattern": pattern}}}));
        assert_eq!(pointer, "/properties/a/pattern");
        assert!(message.contains("linear time"), "{message}");
    }
    let many: serde_json::Map<String, Value> = (0..2_000).map(|n| (format!("^x{n}$"), json!(true))).collect();
    assert!(refusal(&json!({"patternProperties": many})).1.contains("compiled"));
}

#[test]
fn a_pattern_that_explodes_elsewhere_is_matched_in_no_time() {
    let schema = Schema::compile(&json!({"pattern": "^(a+)+$"})).unwrap();
    let begun = Instant::now();
    assert!(schema.check(&json!("a".repeat(100_000) + "b")).is_err());
    assert!(begun.elapsed() < Duration::from_secs(2));
}

/// `$defs` of `levels` schemas, each of which leads to the next one twice, on the same value.
fn doubling(levels: usize) -> Value {
    let mut defs = serde_json::Map::new();
    for level in 0..levels {
        let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
        defs.insert(
            format!("d{level}"),
            json!({"allOf": [next, next, next, next, next, next, next, next]}),
        );
    }
    defs.insert(format!("d{levels}"), json!({"type": "integer"}));
    json!({"$ref": "#/$defs/d0", "$defs": defs})
}

#[test]
fn combinators_that_multiply_are_refused_before_they_run() {
    let begun = Instant::now();
    let found = Schema::compile(&doubling(7)).unwrap().check(&json!(1)).unwrap_err();
    assert!(
        found[0].message.contains("more than 5000000 steps"),
        "{}",
        found[0].message
    );
    assert_eq!(Schema::compile(&doubling(3)).unwrap().check(&json!(1)), Ok(()));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn recursion_that_multiplies_with_depth_is_refused_where_the_value_is_deep() {
    let self_reference = json!({"$ref": "#"});
    for schema in [
        json!({"type": ["array", "integer"], "allOf": [{"items": self_reference}, {"items": self_reference}]}),
        json!({"contains": self_reference, "unevaluatedItems": false}),
        json!({"anyOf": [{"type": "integer"}, {"items": self_reference, "minItems": 1}, {"items": self_reference}]}),
        json!({"oneOf": [{"type": "integer"}, {"prefixItems": [self_reference], "unevaluatedItems": self_reference}]}),
    ] {
        let schema = Schema::compile(&schema).unwrap();
        let begun = Instant::now();
        for levels in 0..=64 {
            let _ = schema.check(&nested(levels));
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{schema:?}");
        let found = schema.check(&nested(64)).unwrap_err();
        assert!(found[0].message.contains("steps"), "{}", found[0].message);
    }
}

#[test]
fn ordinary_recursion_is_checked_as_deep_as_values_go() {
    let tree = json!({
        "$defs": {"node": {
            "type": "object",
            "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
            "required": ["children"],
            "additionalProperties": false,
        }},
        "$ref": "#/$defs/node",
    });
    let schema = Schema::compile(&tree).unwrap();
    let deep = (0..31).fold(json!({"children": []}), |inner, _| json!({"children": [inner]}));
    assert_eq!(schema.check(&deep), Ok(()));
    let any = json!({"anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {"type": "array", "items": {"$ref": "#"}},
        {"type": "object", "additionalProperties": {"$ref": "#"}},
    ]});
    assert_eq!(Schema::compile(&any).unwrap().check(&nested(64)), Ok(()));
}

#[test]
fn the_deepest_schema_on_the_deepest_value_fits_a_small_stack() {
    // The longest chain there may be on one value, then one level down, and round again.
    let chain = (0..15).fold(json!({"items": {"$ref": "#"}}), |inner, _| json!({"anyOf": [inner]}));
    let check = move || {
        let schema = Schema::compile(&chain).unwrap();
        let _ = schema.check(&nested(64));
        let not_so = (0..15).fold(
            json!({"type": ["array", "string"], "items": {"$ref": "#"}}),
            |inner, _| json!({"anyOf": [inner]}),
        );
        assert!(Schema::compile(&not_so).unwrap().check(&nested(64)).is_err());
    };
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(check)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn saying_why_takes_no_longer_than_checking() {
    let chain = (0..14).fold(
        json!({"type": "array", "items": {"$ref": "#"}}),
        |inner, _| json!({"anyOf": [inner]}),
    );
    let schema = json!({"anyOf": [{"type": "integer"}, chain]});
    let schema = Schema::compile(&schema).unwrap();
    for width in [10, 1_000, 10_000, 100_000] {
        let mut last = vec![json!(1); width];
        last.push(json!("x"));
        let value = (0..60).fold(Value::Array(last), |inner, _| json!([inner]));
        let begun = Instant::now();
        assert!(schema.check(&value).is_err());
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{width}: {:?}",
            begun.elapsed()
        );
    }
}

#[test]
fn a_long_line_of_references_compiles_on_a_small_stack() {
    let mut defs = serde_json::Map::new();
    for level in 0..3_000 {
        defs.insert(
            format!("d{level}"),
            json!({"items": {"$ref": format!("#/$defs/d{}", level + 1)}}),
        );
    }
    defs.insert("d3000".to_owned(), json!({"type": "integer"}));
    let schema = json!({"$ref": "#/$defs/d0", "$defs": defs});
    let check = move || assert!(Schema::compile(&schema).unwrap().check(&nested(64)).is_ok());
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(check)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn a_large_value_is_checked_by_an_ordinary_schema() {
    let schema = Schema::compile(&json!({
        "type": "object",
        "properties": {
            "numbers": {"type": "array", "items": {"type": "integer"}},
            "text": {"type": "string", "pattern": "^[a-z]*$", "maxLength": 10_000_000},
        },
        "required": ["numbers"],
    }))
    .unwrap();
    let mut value = json!({"numbers": vec![1; 500_000], "text": "a".repeat(4 << 20)});
    assert_eq!(schema.check(&value), Ok(()));
    value["numbers"][499_999] = json!("x");
    let found = schema.check(&value).unwrap_err();
    assert_eq!(
        found[0].message,
        "it does not fit the tool's schema, and is too large to say where"
    );
}

/// Values that are nearly schemas.
fn nearly_schemas() -> impl Strategy<Value = Value> {
    let keyword = prop::sample::select(vec![
        "type",
        "properties",
        "items",
        "allOf",
        "anyOf",
        "not",
        "$ref",
        "$dynamicRef",
        "$anchor",
        "$dynamicAnchor",
        "$id",
        "$schema",
        "enum",
        "pattern",
        "unevaluatedProperties",
        "unevaluatedItems",
        "prefixItems",
        "dependentSchemas",
        "$defs",
        "a",
        "if",
        "then",
        "minimum",
        "contains",
        "propertyNames",
        "patternProperties",
        "additionalProperties",
        "multipleOf",
        "required",
        "0",
    ]);
    let leaf = prop_oneof![
        Just(json!(true)),
        Just(json!({})),
        Just(json!(1)),
        Just(json!(null)),
        prop::sample::select(vec![
            "#",
            "#/a",
            "#/$defs/a",
            "#a",
            "a",
            "string",
            "object",
            "[",
            "\u{0}",
            "#/allOf/0"
        ])
        .prop_map(|s| json!(s)),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((keyword.clone(), inner), 0..5).prop_map(|fields| Value::Object(
                fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_given_as_schema_and_value_is_answered(schema in nearly_schemas(), value in nearly_schemas()) {
        if let Ok(schema) = Schema::compile(&schema) {
            let _ = schema.check(&value);
        }
    }
}
