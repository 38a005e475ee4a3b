//! What holds of any schema and any input, and what each format looks like.

use proptest::prelude::*;

use super::*;
use crate::package::Schema;

fn tool(name: &str, schema: Value) -> ToolDescription {
    ToolDescription {
        name: name.parse().expect("it is a name"),
        title: None,
        description: "Does it.".to_owned(),
        input_schema: schema,
        output_schema: None,
        annotations: None,
        provider: None,
        source: None,
    }
}

#[test]
fn each_format_has_its_shape() {
    let mut tool = tool("do-it", json!({ "properties": { "a": { "type": "string" } } }));
    tool.title = Some("Do it".to_owned());
    tool.output_schema = Some(json!({ "type": "object" }));
    tool.annotations = Some(json!({ "readOnlyHint": true }));
    let schema = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
    let of = |format| tool.definition(format).definition;
    assert_eq!(
        of(DefinitionFormat::OpenAi),
        json!({ "type": "function", "function": {
            "name": "do-it", "description": "Does it.", "parameters": schema, "strict": false,
        } })
    );
    assert_eq!(
        of(DefinitionFormat::Anthropic),
        json!({ "name": "do-it", "description": "Does it.", "input_schema": schema })
    );
    assert_eq!(
        of(DefinitionFormat::Gemini),
        json!({ "name": "do-it", "description": "Does it.", "parameters": {
            "type": "OBJECT", "properties": { "a": { "type": "STRING" } },
        } })
    );
    assert_eq!(
        of(DefinitionFormat::Mcp),
        json!({
            "name": "do-it", "title": "Do it", "description": "Does it.", "inputSchema": schema,
            "outputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true },
        })
    );
}

#[test]
fn a_name_that_an_api_refuses_is_made_to_fit_and_is_nobody_elses() {
    let tool = tool(&"1".repeat(64), json!({}));
    let fitted = tool.definition(DefinitionFormat::Gemini);
    assert_eq!(fitted.name_in_api.len(), 64);
    assert!(fitted.name_in_api.starts_with("_1"), "{}", fitted.name_in_api);
    assert_eq!(fitted.definition["name"], fitted.name_in_api);
    assert!(
        fitted.simplified[0].contains(&fitted.name_in_api),
        "{:?}",
        fitted.simplified
    );
    assert_eq!(fitted, tool.definition(DefinitionFormat::Gemini));
    let taken = BTreeSet::from([fitted.name_in_api.clone()]);
    let other = define(&tool, DefinitionFormat::Gemini, &taken);
    assert_ne!(other.name_in_api, fitted.name_in_api);
    assert_eq!(tool.definition(DefinitionFormat::Anthropic).name_in_api, "1".repeat(64));
}

#[test]
fn a_description_is_cut_where_an_api_takes_no_more_and_that_is_said() {
    let mut tool = tool("a", json!({ "properties": {} }));
    tool.description = "ż".repeat(1025);
    let cut = tool.definition(DefinitionFormat::OpenAi);
    let text = cut.definition["function"]["description"].as_str().unwrap_or_default();
    assert_eq!(text.chars().count(), 1024);
    assert_eq!(cut.simplified.len(), 1);
    assert_eq!(
        tool.definition(DefinitionFormat::Anthropic).simplified,
        Vec::<String>::new()
    );
}

#[test]
fn output_that_is_no_object_is_not_described_by_mcp() {
    let mut tool = tool("a", json!({}));
    tool.output_schema = Some(json!({ "type": "array" }));
    let shape = tool.definition(DefinitionFormat::Mcp);
    assert_eq!(shape.definition.get("outputSchema"), None);
    assert_eq!(shape.simplified.len(), 1);
}

#[test]
fn a_format_is_read_by_its_word() {
    for format in DefinitionFormat::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert!("OpenAI".parse::<DefinitionFormat>().is_err());
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        (-3..4_i64).prop_map(|value| json!(value)),
        Just(json!(1.5)),
        Just(json!(2.0)),
        "[ab]{0,2}".prop_map(|value| json!(value)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|items| json!(items)),
            object(inner),
        ]
    })
}

fn object(of: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    proptest::collection::btree_map(name(), of, 0..4).prop_map(|fields| json!(fields))
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[abc]", 1 => Just("a b".to_owned()), 1 => Just("$ref".to_owned())]
}

fn types() -> impl Strategy<Value = Value> {
    let word = || {
        proptest::sample::select(vec![
            "string", "integer", "number", "boolean", "object", "array", "null",
        ])
    };
    prop_oneof![
        3 => word().prop_map(|word| json!(word)),
        1 => proptest::collection::btree_set(word(), 1..4).prop_map(|words| json!(words)),
    ]
}

fn bound() -> impl Strategy<Value = (String, Value)> {
    let count = proptest::sample::select(vec![
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "minContains",
        "maxContains",
    ]);
    let limit = proptest::sample::select(vec!["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]);
    prop_oneof![
        (count, 0..3_u8).prop_map(|(keyword, count)| (keyword.to_owned(), json!(count))),
        (
            limit,
            prop_oneof![Just(json!(1.5)), (-2..3_i8).prop_map(|limit| json!(limit))]
        )
            .prop_map(|(keyword, limit)| (keyword.to_owned(), limit)),
        Just(("multipleOf".to_owned(), json!(2))),
        Just(("uniqueItems".to_owned(), json!(true))),
        Just(("pattern".to_owned(), json!("^a"))),
        Just(("format".to_owned(), json!("date-time"))),
        Just(("description".to_owned(), json!("words"))),
        value().prop_map(|value| ("default".to_owned(), value)),
    ]
}

fn entry(schema: impl Strategy<Value = Value> + Clone + 'static) -> impl Strategy<Value = (String, Value)> {
    let one = proptest::sample::select(vec![
        "not",
        "if",
        "then",
        "else",
        "additionalProperties",
        "unevaluatedProperties",
        "propertyNames",
        "items",
        "contains",
        "unevaluatedItems",
    ]);
    let several = proptest::sample::select(vec!["allOf", "anyOf", "oneOf", "prefixItems"]);
    let named = proptest::sample::select(vec!["properties", "patternProperties", "dependentSchemas"]);
    let reference = proptest::sample::select(vec![
        "#/$defs/a",
        "#/$defs/b",
        "#/properties/a",
        "#",
        "#here",
        "#/anyOf/0",
    ]);
    let limits = proptest::sample::select(vec!["additionalProperties", "unevaluatedProperties"]);
    prop_oneof![
        3 => types().prop_map(|types| ("type".to_owned(), types)),
        3 => bound(),
        3 => object(schema.clone()).prop_map(|schemas| ("properties".to_owned(), schemas)),
        1 => (named, object(schema.clone())).prop_map(|(keyword, schemas)| (keyword.to_owned(), schemas)),
        1 => limits.prop_map(|keyword| (keyword.to_owned(), json!(false))),
        1 => (one, schema.clone()).prop_map(|(keyword, schema)| (keyword.to_owned(), schema)),
        2 => (several, proptest::collection::vec(schema, 1..4)).prop_map(|(keyword, schemas)| (keyword.to_owned(), json!(schemas))),
        1 => proptest::collection::btree_set(name(), 0..3).prop_map(|names| ("required".to_owned(), json!(names))),
        1 => proptest::collection::btree_map(name(), proptest::collection::btree_set(name(), 0..2), 0..2)
            .prop_map(|names| ("dependentRequired".to_owned(), json!(names))),
        1 => proptest::collection::vec(value(), 1..4).prop_map(|values| ("enum".to_owned(), json!(values))),
        1 => value().prop_map(|value| ("const".to_owned(), value)),
        1 => reference.prop_map(|reference| ("$ref".to_owned(), json!(reference))),
    ]
}

fn schema() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![1 => any::<bool>().prop_map(|value| json!(value)), 4 => types().prop_map(|types| json!({ "type": types }))];
    leaf.prop_recursive(4, 24, 4, |inner| {
        proptest::collection::vec(entry(inner), 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect()))
    })
    .boxed()
}

/// A whole schema: of an object, with parts to refer to.
fn whole() -> impl Strategy<Value = Value> {
    (proptest::collection::vec(entry(schema()), 0..5), schema(), schema()).prop_map(|(entries, one, other)| {
        let mut fields: Map<String, Value> = entries.into_iter().collect();
        let mut anchored = other;
        if let Value::Object(fields) = &mut anchored {
            fields.insert("$anchor".to_owned(), json!("here"));
        }
        fields.insert("$defs".to_owned(), json!({ "a": one, "b": anchored }));
        Value::Object(fields)
    })
}

/// The input schema of a definition, in JSON Schema.
fn back(format: DefinitionFormat, definition: &Value) -> Value {
    match format {
        DefinitionFormat::OpenAi => definition["function"]["parameters"].clone(),
        DefinitionFormat::Anthropic => definition["input_schema"].clone(),
        DefinitionFormat::Mcp => definition["inputSchema"].clone(),
        DefinitionFormat::Gemini => definition.get("parameters").map_or_else(|| json!({}), of_gemini),
    }
}

/// A schema of Gemini's in JSON Schema, after a look at whether the API takes it.
fn of_gemini(schema: &Value) -> Value {
    let fields = schema.as_object().expect("a schema is an object");
    if let Some(schemas) = fields.get("anyOf") {
        assert_eq!(fields.len(), 1, "beside `anyOf` there is something: {schema}");
        let schemas = schemas.as_array().expect("it is a list");
        return json!({ "anyOf": schemas.iter().map(of_gemini).collect::<Vec<_>>() });
    }
    let kind = fields["type"].as_str().expect("a schema has a type");
    let mut back = Map::new();
    for (keyword, value) in fields {
        let (of, value) = match keyword.as_str() {
            "type" => (kind, json!(kind.to_lowercase())),
            "nullable" | "title" | "description" | "default" => continue,
            "items" => ("ARRAY", of_gemini(value)),
            "minItems" | "maxItems" => ("ARRAY", value.clone()),
            "properties" => {
                let properties = value.as_object().expect("it is an object");
                assert!(!properties.is_empty());
                let properties = properties
                    .iter()
                    .map(|(name, schema)| (name.clone(), of_gemini(schema)));
                ("OBJECT", Value::Object(properties.collect()))
            }
            "required" | "minProperties" | "maxProperties" => ("OBJECT", value.clone()),
            "minLength" | "maxLength" | "pattern" | "enum" => ("STRING", value.clone()),
            "format" => (kind, value.clone()),
            "minimum" | "maximum" if kind == "INTEGER" => ("INTEGER", value.clone()),
            "minimum" | "maximum" => ("NUMBER", value.clone()),
            other => panic!("Gemini has no `{other}`"),
        };
        assert_eq!(of, kind, "`{keyword}` stands beside another type: {schema}");
        back.insert(keyword.clone(), value);
    }
    assert!(
        kind != "ARRAY" || back.contains_key("items"),
        "an array has `items`: {schema}"
    );
    if fields.get("nullable") == Some(&json!(true)) {
        return json!({ "anyOf": [back, { "type": "null" }] });
    }
    Value::Object(back)
}

/// That the root is one that the API takes.
fn check_root(format: DefinitionFormat, schema: &Value) {
    let refused: &[&str] = match format {
        DefinitionFormat::OpenAi => &["allOf", "anyOf", "oneOf", "enum", "const", "not", "$ref"],
        DefinitionFormat::Anthropic => &["allOf", "anyOf", "oneOf", "$ref"],
        DefinitionFormat::Gemini | DefinitionFormat::Mcp => &[],
    };
    assert!(
        refused.iter().all(|keyword| schema.get(keyword).is_none()),
        "{format}: {schema}"
    );
    assert!(
        format == DefinitionFormat::Gemini || schema["type"] == "object",
        "{format}: {schema}"
    );
}

/// Of which Gemini's schemas can say nothing.
fn has_list_in_list(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| item.is_array() || has_list_in_list(item)),
        Value::Object(fields) => fields.values().any(has_list_in_list),
        _leaf => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_definition_takes_every_input_that_the_tool_takes(
        schema in whole(),
        inputs in proptest::collection::vec(object(value()), 8),
    ) {
        let tool = tool("a", schema.clone());
        let definitions = DefinitionFormat::ALL.map(|format| (format, tool.definition(format)));
        let Ok(own) = Schema::compile(&schema) else { return Ok(()) };
        for (format, definition) in definitions {
            let described = back(format, &definition.definition);
            check_root(format, &described);
            let described = Schema::compile(&described).map_err(|e| TestCaseError::fail(format!("{format}: {e}: {described}")))?;
            for input in &inputs {
                if own.check(input).is_ok() && !(format == DefinitionFormat::Gemini && has_list_in_list(input)) {
                    prop_assert_eq!(described.check(input), Ok(()), "{}: {} of {} is {}", format, input, schema, described.as_str());
                }
            }
        }
    }

    #[test]
    fn a_value_that_is_no_schema_ends_no_process(value in value()) {
        for format in DefinitionFormat::ALL {
            let _ = tool("a", value.clone()).definition(format);
        }
    }

    #[test]
    fn what_is_not_told_as_simplified_means_the_same(
        schema in whole(),
        inputs in proptest::collection::vec(object(value()), 8),
    ) {
        let Ok(own) = Schema::compile(&schema) else { return Ok(()) };
        for format in DefinitionFormat::ALL {
            let definition = tool("a", schema.clone()).definition(format);
            if !definition.simplified.is_empty() {
                continue;
            }
            let described = Schema::compile(&back(format, &definition.definition)).expect("it is a schema");
            for input in &inputs {
                prop_assert_eq!(
                    described.check(input).is_ok(), own.check(input).is_ok(),
                    "{}: {} of {} is {}", format, input, schema, described.as_str()
                );
            }
        }
    }
}
